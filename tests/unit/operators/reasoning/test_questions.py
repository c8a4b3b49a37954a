"""The operators that ask about questions: exact columns, verdicts and errors, and what a hostile reply costs."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import MalformedReplyError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators import reasoning as ops
from dataflow_rs.prompts import UserPrompt
from dataflow_rs.prompts.reasoning import DiyQuestionFilterPrompt, GeneralQuestionFilterPrompt, table
from dataflow_rs.prompts.reasoning_answers import MathAnswerGeneratorPrompt
from dataflow_rs.prompts.reasoning_questions import (
    DiyQuestionSynthesisPrompt,
    MathQuestionCategoryPrompt,
    MathQuestionConditionFusionGeneratorPrompt,
    MathQuestionDifficultyPrompt,
    MathQuestionParallelFusionGeneratorPrompt,
)
from dataflow_rs.testing import FakeServing


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def fake(reply):
    return FakeServing(reply, fail=failing, max_repairs=0)


QUESTIONS = pa.table({"question": ["good", "bad", "fail", "odd", None, " "], "id": range(6)})


def verdict(prompt):
    word = prompt.split("\n")[1]
    replies = {
        "good": '{"reason": "Fine.", "judgement_test": true}',
        "bad": '{"reason": "No.", "judgement_test": false}',
    }
    return replies.get(word, "It is not true that this can be solved.")


@pytest.mark.parametrize(
    ("on_error", "kept", "rules"),
    [
        ("keep", [0, 2, 3], {1: "not_solvable", 4: "empty", 5: "empty"}),
        ("drop", [0], {1: "not_solvable", 2: "error", 3: "error", 4: "empty", 5: "empty"}),
    ],
)
def test_question_filter(on_error, kept, rules):
    serving = fake(verdict)
    operator = ops.ReasoningQuestionFilter(serving, on_error=on_error)
    out, drops = operator.apply(QUESTIONS, input_key="question", return_drops=True)
    assert out["id"].to_pylist() == kept
    assert {drop["row"]: drop["rule"] for drop in drops.to_pylist()} == rules
    assert drops.to_pylist()[0]["detail"] == "No."
    assert serving.calls == 4


def test_question_filter_raises():
    with pytest.raises(OperatorError, match="row 2 of the batch failed with RateLimitedError: slow down"):
        ops.ReasoningQuestionFilter(fake(verdict), on_error="raise").apply(QUESTIONS, input_key="question")


def test_prompts_of_question_filter():
    serving = fake({"*": '{"reason": "", "judgement_test": "TRUE"}'})
    one = pa.table({"math_problem": ["2 + 2?"]})
    ops.ReasoningQuestionFilter(serving, system_prompt="Be kind.").apply(one)
    ops.ReasoningQuestionFilter(serving, prompt_template=GeneralQuestionFilterPrompt()).apply(one)
    diy = DiyQuestionFilterPrompt(prompt_template="Usable? {text} Reply as JSON with judgement_test.")
    ops.ReasoningQuestionFilter(serving, prompt_template=diy).apply(one)
    ops.ReasoningQuestionFilter(serving, prompt_template=DiyQuestionFilterPrompt(prompt_template="Usable?")).apply(one)
    systems = [request.messages[0]["content"] for request in serving.requests[:2]]
    assert systems[0] == "Be kind."
    assert "all fields of knowledge" in systems[1]
    assert serving.requests[2].messages[-1]["content"] == "Usable? 2 + 2? Reply as JSON with judgement_test."
    assert serving.requests[3].messages == ({"role": "user", "content": "Usable?\n\n2 + 2?"},)
    with pytest.raises(ParameterError, match=r"DiyQuestionFilterPrompt\(prompt_template=\): the message"):
        DiyQuestionFilterPrompt()
    with pytest.raises(ParameterError, match="MathAnswerGeneratorPrompt is not accepted"):
        ops.ReasoningQuestionFilter(serving, prompt_template=MathAnswerGeneratorPrompt())

    class Own(UserPrompt):
        """A user's own template."""

        user = "{text}"
        fields = {"judgement_test": bool, "reason": str}

    assert ops.ReasoningQuestionFilter(serving, prompt_template=Own()).apply(one).num_rows == 1


def test_question_generator():
    serving = fake(lambda prompt: json.dumps({"question": f"new {prompt.split(chr(10))[1]}"}))
    source = pa.table({"question": ["a", "fail", None], "golden_answer": ["1", "2", "3"], "id": [7, 8, 9]})
    operator = ops.ReasoningQuestionGenerator(serving, num_prompts=2)
    rows = operator.apply(source, input_key="question", input_answer_key="golden_answer").to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("a", "1", 7, "input"),
        ("new a", None, 7, "synth"),
        ("new a", None, 7, "synth"),
        ("fail", "2", 8, "input"),
        (None, "3", 9, "input"),
    ]
    prompts = [request.messages[-1]["content"] for request in serving.requests]
    assert len(set(prompts[:2])) == 2, "two ways to vary it"
    assert all(any(words in prompt for _, words in table("question_variations.tsv")) for prompt in prompts)


def test_question_generator_is_the_same_for_any_batch():
    source = pa.table({"question": [f"question {n}" for n in range(20)]})

    def asked(data):
        serving = fake(lambda prompt: '{"question": "x"}')
        ops.ReasoningQuestionGenerator(serving, num_prompts=3, seed=1).apply(data, input_key="question")
        return [request.messages[-1]["content"] for request in serving.requests]

    cut = pa.concat_tables([source.slice(0, 7), source.slice(7)])
    assert asked(source) == asked(cut)
    assert len(asked(source)) == 60


@pytest.mark.parametrize("number", [0, 6])
def test_question_generator_bounds(number):
    with pytest.raises(ParameterError) as error:
        ops.ReasoningQuestionGenerator(fake({}), num_prompts=number)
    assert str(error.value) == f"ReasoningQuestionGenerator: num_prompts={number} must lie between 1 and 5"


def test_question_generator_with_own_prompt():
    serving = fake(lambda prompt: '{"question": "x"}')
    own = DiyQuestionSynthesisPrompt(prompt_template="Vary: {text}. {variation}")
    ops.ReasoningQuestionGenerator(serving, prompt_template=own).apply(QUESTIONS.slice(0, 1), input_key="question")
    assert serving.requests[0].messages[-1]["content"].startswith("Vary: good. ")


def test_fusion_sends_the_problems_of_its_row():
    serving = fake(lambda request: json.dumps({"question": f"both {request.sample}"}))
    source = pa.table({"one": ["p1", None, "fail"], "two": ["p2", "x", "y"]})
    operator = ops.ReasoningQuestionFusionGenerator(
        serving, num_prompts=2, prompt_template=MathQuestionParallelFusionGeneratorPrompt()
    )
    out = operator.apply(source, input_problem_1="one", input_problem_2="two", output_key="new")
    assert out["new_question_1"].to_pylist() == ["both 0", None, None]
    assert out["new_question_2"].to_pylist() == ["both 1", None, None]
    assert serving.requests[0].messages[-1]["content"].startswith("Problem 1:\np1\n\nProblem 2:\np2\n\nTell one story")
    with pytest.raises(ParameterError, match="num_prompts=0 must be at least 1"):
        ops.ReasoningQuestionFusionGenerator(serving, num_prompts=0)
    condition = MathQuestionConditionFusionGeneratorPrompt().render({"problem_1": "a", "problem_2": "b"})
    assert "only be decided by solving both" in condition[-1]["content"].replace("\n", " ")


def test_category():
    def reply(prompt):
        word = prompt.split("\n")[1]
        second = {"good": "Linear Equations", "bad": "linear equation", "odd": "Astrology"}[word]
        return json.dumps({"primary_category": "Arithmetic", "secondary_category": second})

    out = ops.ReasoningQuestionCategorySampleEvaluator(fake(reply)).apply(QUESTIONS, input_key="question")
    assert out["primary_category"].to_pylist() == [
        None if c is None else "Algebra" for c in out["question_category"].to_pylist()
    ]
    schema_free = MathQuestionCategoryPrompt()
    assert schema_free.parse('{"primary_category": "x", "secondary_category": "linear equation"}') == {
        "primary_category": "Algebra",
        "secondary_category": "Linear Equations",
    }
    with pytest.raises(MalformedReplyError, match="no subject 'Astrology' in the table"):
        schema_free.parse('{"primary_category": "x", "secondary_category": "Astrology"}')


def test_the_tables_are_complete():
    categories = table("math_categories.tsv")
    assert len({second for _, second in categories}) == len(categories) == 40
    assert [level for level, _ in table("math_difficulty.tsv")] == [str(level) for level in range(1, 11)]
    prompt = MathQuestionDifficultyPrompt().render({"text": "q"})[-1]["content"]
    assert all(words in prompt for _, words in table("math_difficulty.tsv"))


def test_difficulty():
    replies = {"good": '{"reason": "r", "rating": 3.5}', "bad": "Rating: 4", "odd": "no idea"}
    operator = ops.ReasoningQuestionDifficultySampleEvaluator(fake(lambda prompt: replies[prompt.split("\n")[1]]))
    out = operator.apply(QUESTIONS, input_key="question")
    assert out["difficulty_score"].to_pylist()[0] == 3.5
    assert out["difficulty_score"].to_pylist()[2:] == [None] * 4
    prompt = MathQuestionDifficultyPrompt()
    assert prompt.parse("Rating: 4") == {"rating": 4.0}
    with pytest.raises(MalformedReplyError, match="the score 11 lies outside of 1 to 10"):
        prompt.parse("Rating: 11")


def test_solvable():
    operator = ops.ReasoningQuestionSolvableSampleEvaluator(fake(verdict))
    keys = {"input_key": "question", "output_key": "solvable"}
    out = operator.apply(QUESTIONS, **keys, output_reason_key="why")
    assert out["solvable"].to_pylist() == [True, False, None, None, None, None]
    assert out["why"].to_pylist()[:2] == ["Fine.", "No."]
    assert "why" not in operator.apply(QUESTIONS, **keys).column_names
