"""Operators of benchmarks: what is shown to the model, how answers are read and compared, and the report."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import ColumnError, MalformedReplyError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators.core_text import (
    BenchAnswerGenerator,
    BenchDatasetEvaluator,
    BenchDatasetEvaluatorQuestion,
    UnifiedBenchDatasetEvaluator,
)
from dataflow_rs.operators.core_text.choices import (
    chosen_one,
    chosen_several,
    contains_answer,
    label_position,
    normalised,
)
from dataflow_rs.prompts import ScorePrompt, UserPrompt
from dataflow_rs.prompts.bench import AnswerJudgeMultipleQuestionsPrompt, AnswerJudgePrompt
from dataflow_rs.prompts.format_str import FormatStrPrompt
from dataflow_rs.testing import FakeServing


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def fake(reply):
    return FakeServing(reply, fail=failing, max_repairs=0)


# -- BenchAnswerGenerator ----------------------------------------------------------------------------------------------

QUESTIONS = pa.table(
    {
        "q": ["one", None, "fail", "two", "three"],
        "c": ["ctx", "ctx", "ctx", None, "ctx"],
        "o": ['["x", "y"]', '["x"]', '["x"]', '["u", "v"]', None],
    }
)


def test_open_questions():
    serving = fake(lambda prompt: f"Answer: {prompt.count('Context')}")
    table = BenchAnswerGenerator(serving).apply(QUESTIONS, input_question_key="q", input_context_key="c")
    assert table["generated_ans"].to_pylist() == ["Answer: 1", None, None, "Answer: 0", "Answer: 1"]
    assert serving.requests[0].messages[0]["role"] == "system"
    assert serving.requests[0].messages[1]["content"].startswith("Context:\nctx\n\nQuestion:\none\n\nThink")
    without = fake(lambda prompt: prompt)
    BenchAnswerGenerator(without).apply(QUESTIONS, input_question_key="q")
    assert "Context" not in without.requests[0].messages[1]["content"]


def test_options():
    serving = fake(lambda prompt: '{"answer": ["A"]}')
    keys = {"input_question_key": "q", "input_choices_key": "o"}
    table = BenchAnswerGenerator(serving, "key3_q_choices_as").apply(QUESTIONS, **keys)
    assert table["generated_ans"].to_pylist() == ['{"answer": ["A"]}', None, None, '{"answer": ["A"]}', None]
    assert "Options:\nA. u\nB. v\n" in serving.requests[-1].messages[1]["content"]
    one = fake(lambda prompt: "Answer: B")
    BenchAnswerGenerator(one, "key3_q_choices_a", force_generate=True).apply(QUESTIONS, **keys)
    assert "Exactly one option is right" in one.requests[0].messages[1]["content"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"eval_type": "key3_q_choices_a"}, "is usually scored by likelihood, without an answer; force_generate=True"),
        ({"eval_type": "key1_text_score"}, "Answered by default are: key2_qa, key2_q_ma, key3_q_choices_as"),
        (
            {"prompt_template": ScorePrompt("x")},
            "ScorePrompt is not accepted; accepted are FormatStr",
        ),
        ({"eval_type": "qa"}, "got 'qa', the type is Literal"),
    ],
)
def test_mistakes_of_the_generator(arguments, message):
    with pytest.raises(ParameterError, match=message):
        BenchAnswerGenerator(fake({"*": "x"}), **arguments)


def test_columns_that_are_missing_or_there_already():
    generator = BenchAnswerGenerator(fake({"*": "x"}))
    with pytest.raises(ColumnError, match=r"BenchAnswerGenerator\(prompt='question'\): there is no column 'question'"):
        generator.apply(QUESTIONS)
    with pytest.raises(ColumnError, match=r"output_key='q'\): the column is there already; allow_overwrite=True"):
        generator.apply(QUESTIONS, input_question_key="q", output_key="q")
    again = BenchAnswerGenerator(fake({"*": "x"}), allow_overwrite=True)
    assert again.apply(QUESTIONS, input_question_key="q", output_key="c")["c"].to_pylist()[0] == "x"


def test_prompts_of_ones_own():
    template = FormatStrPrompt("{question}?")
    generator = BenchAnswerGenerator(fake(lambda prompt: prompt), prompt_template=template, system_prompt="Be brief.")
    assert generator.apply(QUESTIONS, input_question_key="q")["generated_ans"].to_pylist()[0] == "one?"
    assert generator.llm_serving.requests[0].messages[0]["content"] == "Be brief."
    text = BenchAnswerGenerator(fake(lambda prompt: prompt), "key1_text_score", force_generate=True)
    assert text.apply(QUESTIONS, input_text_key="q")["generated_ans"].to_pylist()[0] == "one"


# -- BenchDatasetEvaluator ---------------------------------------------------------------------------------------------

ANSWERS = pa.table(
    {
        "question": ["a", "b", "c", "d", "e", "f"],
        "generated_cot": ["So x is 4. The answer is 0.5.", "7", None, "fail", "odd", "9"],
        "golden_answer": ["1/2", "8", "9", "x", "x", None],
    }
)


def test_match_compares_by_value(tmp_path):
    path = tmp_path / "deep" / "report.json"
    table = BenchDatasetEvaluator(eval_result_path=str(path)).apply(ANSWERS.slice(0, 3))
    assert table["answer_match_result"].to_pylist() == [True, False, None]
    assert json.loads(path.read_text()) == {
        "compare_method": "match",
        "total_samples": 3,
        "judged_samples": 2,
        "failed_samples": 0,
        "matched_samples": 1,
        "accuracy": 0.5,
    }
    assert [file.name for file in path.parent.iterdir()] == ["report.json"]
    BenchDatasetEvaluator(eval_result_path=str(path)).apply(ANSWERS.slice(0, 0))
    assert json.loads(path.read_text())["accuracy"] is None


def judge(prompt):
    if "\nodd\n" in prompt:
        return "That is true, I would say."
    return json.dumps({"reason": "r", "judgement_result": "\n7\n" not in prompt})


@pytest.mark.parametrize("on_error", ["keep", "drop", "raise"])
def test_a_judge_whose_reply_is_no_verdict(on_error):
    evaluator = BenchDatasetEvaluator(fake(judge), compare_method="semantic", on_error=on_error)
    if on_error == "raise":
        with pytest.raises(OperatorError, match="row 3 of the batch failed with RateLimitedError"):
            evaluator.apply(ANSWERS)
        return
    table, drops = evaluator.apply(ANSWERS, return_drops=True)
    failed = [None, None] if on_error == "keep" else []
    assert table["answer_match_result"].to_pylist() == [True, False, None, *failed, None]
    assert drops["row"].to_pylist() == ([] if on_error == "keep" else [3, 4])


@pytest.mark.parametrize("system", ["", "You are lenient."])
def test_the_judge_sees_the_question(system):
    serving = fake(judge)
    evaluator = BenchDatasetEvaluatorQuestion(serving, compare_method="semantic", system_prompt=system)
    table = evaluator.apply(ANSWERS.slice(0, 2), input_question_key="question")
    assert table["answer_match_result"].to_pylist() == [True, False]
    assert table["correct_answer_num"].to_pylist() == [None, None]
    system_message, user = serving.requests[0].messages
    assert user["content"].startswith("Question:\na\n\nReference answer:\n1/2\n")
    assert system_message["content"].startswith(system or "You compare an answer")
    with pytest.raises(ParameterError, match="compare_method='semantic' needs input_question_key"):
        evaluator.apply(ANSWERS)


def test_match_with_questions():
    table = BenchDatasetEvaluatorQuestion().apply(ANSWERS.slice(0, 3))
    assert table["answer_match_result"].to_pylist() == [True, False, None]


def test_parts_of_a_question():
    replies = ['{"judgement": [true, false, true]}', '{"judgement": ["true", true]}', "[]"]
    serving = FakeServing(replies, max_repairs=0)
    evaluator = BenchDatasetEvaluatorQuestion(serving, compare_method="semantic", support_subquestions=True)
    table = evaluator.apply(ANSWERS.slice(3, 3).append_column("q", pa.array(["x", "y", "z"])), input_question_key="q")
    assert table["answer_match_result"].to_pylist()[:1] == [False]
    assert table["correct_answer_num"].to_pylist()[:1] == [2]
    assert table["total_subquestions"].to_pylist()[:1] == [3]
    assert AnswerJudgeMultipleQuestionsPrompt().parse(replies[1]) == {"judgement": [True, True]}


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (BenchDatasetEvaluator, {"compare_method": "semantic"}, "needs an llm_serving, the judge"),
        (BenchDatasetEvaluatorQuestion, {"support_subquestions": True}, "needs compare_method='semantic'"),
        (
            BenchDatasetEvaluator,
            {"prompt_template": ScorePrompt("x")},
            "accepted are AnswerJudgePrompt",
        ),
    ],
)
def test_mistakes_of_evaluators(cls, arguments, message):
    with pytest.raises(ParameterError, match=message):
        cls(**arguments)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ('{"judgement_result": true}', True),
        ('{"reason": "not true", "judgement_result": "False"}', False),
        ('{"judgement_result": "maybe"}', None),
        ("It is true.", None),
        ('["true"]', None),
    ],
)
def test_verdicts(reply, verdict):
    if verdict is None:
        with pytest.raises(MalformedReplyError):
            AnswerJudgePrompt().parse(reply)
    else:
        assert AnswerJudgePrompt().parse(reply) == {"judgement_result": verdict}


def test_a_judge_of_ones_own():
    class OwnPrompt(UserPrompt):
        """Judge in our own way."""

        user = "{answer} ~ {reference}"
        fields = {"judgement_result": bool}

    serving = FakeServing(lambda prompt: json.dumps({"judgement_result": "~ 8" in prompt}))
    evaluator = BenchDatasetEvaluator(
        serving, compare_method="semantic", prompt_template=OwnPrompt(), system_prompt="Be fair."
    )
    assert evaluator.apply(ANSWERS.slice(0, 2))["answer_match_result"].to_pylist() == [False, True]
    assert serving.requests[0].messages[0] == {"role": "system", "content": "Be fair."}


# -- UnifiedBenchDatasetEvaluator --------------------------------------------------------------------------------------


def scored(evaluator, table, **keys):
    found = evaluator.apply(table, **keys)
    names = ("eval_valid", "eval_pred", "eval_score", "eval_error")
    return [tuple(row[name] for name in names) for row in found.to_pylist()]


@pytest.mark.parametrize(
    ("metric", "scores"),
    [
        (None, [1.0, 1.0, 0.0, 1.0, None, None]),
        ("exact", [0.0, 0.0, 0.0, 1.0, None, None]),
        ("contains", [0.0, 1.0, 0.0, 1.0, None, None]),
        ("math", [1.0, 0.0, 0.0, 0.0, None, None]),
    ],
)
def test_one_right_answer(tmp_path, metric, scores):
    table = pa.table(
        {
            "generated_ans": [
                "Answer: 1/2",
                "It flows into the Black Sea, I think.",
                "nothing",
                "Water is H₂O.",
                None,
                "x",
            ],
            "target": ["0.5", "the black sea", "no", "water is h2o", "x", None],
        }
    )
    path = tmp_path / "report.json"
    rows = scored(
        UnifiedBenchDatasetEvaluator(metric_type=metric, eval_result_path=str(path)), table, input_target_key="target"
    )
    assert [score for _, _, score, _ in rows] == scores
    assert [error for _, _, _, error in rows][4:] == ["there is no answer", "there is no right answer"]
    report = json.loads(path.read_text())
    assert (report["total_samples"], report["valid_samples"]) == (6, 4)
    assert report["score"] == pytest.approx(sum(scores[:4]) / 4)
    assert report["score_of_all"] == pytest.approx(sum(scores[:4]) / 6)


def test_several_right_answers():
    table = pa.table(
        {"generated_ans": ["Answer: 4", "Answer: 5", "6"], "targets": [["four", "4"], ["4"], []]},
    )
    evaluator = UnifiedBenchDatasetEvaluator(eval_type="key2_q_ma")
    rows = scored(evaluator, table, input_targets_key="targets")
    assert [(score, error) for _, _, score, error in rows] == [
        (1.0, None),
        (0.0, None),
        (None, "there is no right answer"),
    ]


def test_a_semantic_judge_and_its_failures():
    table = pa.table({"generated_ans": ["good", "fail", "7"], "target": ["x", "x", "x"]})
    evaluator = UnifiedBenchDatasetEvaluator(fake(judge), use_semantic_judge=True)
    rows = scored(evaluator, table, input_target_key="target")
    assert [(valid, score) for valid, _, score, _ in rows] == [(True, 1.0), (False, None), (True, 0.0)]
    assert rows[1][3] == "RateLimitedError: slow down"
    with pytest.raises(OperatorError, match="row 1 of the batch failed"):
        UnifiedBenchDatasetEvaluator(fake(judge), use_semantic_judge=True, on_error="raise").apply(
            table, input_target_key="target"
        )


def test_one_option():
    table = pa.table(
        {
            "generated_ans": ["A good answer is C", "B", "no idea", None, "C", "A"],
            "choices": [["x", "y", "z"], ["x", "y"], ["x"], ["x"], ["x", "y", "z"], ["x"]],
            "label": ["C", "1", "A", "A", "z", "Q"],
        }
    )
    evaluator = UnifiedBenchDatasetEvaluator(eval_type="key3_q_choices_a")
    assert scored(evaluator, table, input_choices_key="choices", input_label_key="label") == [
        (True, "C", 1.0, None),
        (True, "B", 1.0, None),
        (False, None, None, "the answer names no certain option"),
        (False, None, None, "there is no answer"),
        (True, "C", 1.0, None),
        (False, None, None, "the right option 'Q' is none of 1"),
    ]


def test_several_options():
    table = pa.table(
        {
            "generated_ans": ['{"answer": ["A", "B"]}', "A, C", "Z", "B"],
            "choices": [["x", "y", "z"]] * 4,
            "labels": [[0, 1], [0], [0], [7]],
        }
    )
    evaluator = UnifiedBenchDatasetEvaluator(eval_type="key3_q_choices_as")
    rows = scored(evaluator, table, input_choices_key="choices", input_labels_key="labels")
    assert rows == [
        (True, "A, B", 1.0, None),
        (True, "A, C", pytest.approx(2 / 3), None),
        (False, None, None, "the answer names no options"),
        (False, None, None, "the right options [7] are not all among 3"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"eval_type": "key1_text_score"},
            "is scored by the likelihood of given texts, which chat",
        ),
        (
            {"eval_type": "key3_q_a_rejected"},
            "scored here are: key2_qa, key2_q_ma, key3_q_choices_a, ",
        ),
        ({"use_semantic_judge": True}, "use_semantic_judge needs an llm_serving, and open questions"),
    ],
)
def test_mistakes_of_the_unified_evaluator(arguments, message):
    with pytest.raises(ParameterError, match=message):
        UnifiedBenchDatasetEvaluator(**arguments)


def test_keys_that_a_kind_needs():
    evaluator = UnifiedBenchDatasetEvaluator(eval_type="key3_q_choices_a")
    with pytest.raises(ColumnError, match=r"='key3_q_choices_a' needs the key input_choices_key; .*input_label"):
        evaluator.apply(pa.table({"generated_ans": ["A"]}))


# -- reading answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "options", "position"),
    [
        ("B", 4, 1),
        ("(c)", 4, 2),
        ("I first thought of A.\nAnswer: D", 4, 3),
        ("The answer is **B**.", 4, 1),
        ("A good answer is C", 4, 2),
        (r"so \boxed{\text{(A)}}", 4, 0),
        ("<think>Answer: A</think>Answer: B", 4, 1),
        ("A cat sat on a mat", 4, None),
        ("Option E", 4, None),
        ("1", 2, None),
        ("", 4, None),
    ],
)
def test_one_letter(reply, options, position):
    assert chosen_one(reply, [f"text {number}" for number in range(options)]) == position


def test_the_text_of_an_option():
    assert chosen_one("the Black Sea.", ["Black", "The Black  Sea"]) == 1
    assert chosen_one("It flows into the Black Sea", ["North Sea", "Black Sea"]) == 1
    assert chosen_one("Black Sea or North Sea", ["North Sea", "Black Sea"]) is None
    assert chosen_one("1", ["0", "1"]) == 1


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('["a", "B"]', {0, 1}),
        ('{"reason": "r", "answer": "C"}', None),
        ('{"answer": "C"}', {2}),
        ("Answer: A and C.", {0, 2}),
        ("(A), (B)", {0, 1}),
        ("none", None),
        ('{"answer": []}', None),
        ('{"answer": ["A", "X"]}', None),
    ],
)
def test_several_letters(reply, found):
    assert chosen_several(reply, ["x", "y", "z"]) == found


@pytest.mark.parametrize(
    ("label", "position"), [(0, 0), (3, None), (True, None), ("B", 1), ("b", 1), ("2", 2), ("y", 1), ("w", None)]
)
def test_labels(label, position):
    assert label_position(label, ["x", "y", "z"]) == position


def test_normalised_texts():
    assert normalised(" Ｈ₂O\n is. ") == "h2o is"
    assert contains_answer("Paris, France", "paris")
    assert not contains_answer("Parisian", "paris")
    assert not contains_answer("paris", "paris france")
    assert not contains_answer("x", " ")
