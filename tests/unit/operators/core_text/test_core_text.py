"""The operators that ask a model: rows never shift, failures are row errors, blank rows cost nothing."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.exceptions import CompileError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators.core_text import (
    PromptedEvaluator,
    PromptedFilter,
    PromptedGenerator,
    PromptedRefiner,
    Text2QAGenerator,
    Text2QASampleEvaluator,
)
from dataflow_rs.prompts import PromptTemplate, ScorePrompt, UserPrompt
from dataflow_rs.testing import FakeServing

TEXTS = pa.table({"raw_content": ["one", None, "fail", "", "  ", "two"], "id": [1, 2, 3, 4, 5, 6]})


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def fake(reply, **settings):
    return FakeServing(reply, fail=failing, **settings)


class KeywordPrompt(PromptTemplate):
    """Ask for keywords of a text of a certain kind."""

    user = "Keywords of this {kind}: {text}"
    fields = {"first": str, "count": int}


def test_generator():
    serving = fake(lambda request: f"{request.messages[0]['content']}|{request.messages[1]['content']}")
    table = PromptedGenerator(serving, "Do it.", "Text: ").apply(TEXTS)
    assert table["generated_content"].to_pylist() == ["Do it.|Text: one", None, None, None, None, "Do it.|Text: two"]
    assert table["id"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert serving.calls == 3


def test_generator_with_a_schema_gives_json_text():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    serving = FakeServing(['```json\n{"n": 1}\n```'])
    table = PromptedGenerator(serving, json_schema=schema).apply(pa.table({"raw_content": ["x"]}))
    assert table["generated_content"].to_pylist() == ['{"n": 1}']


def test_generator_with_a_template_of_several_fields_and_columns():
    serving = FakeServing(lambda prompt: json.dumps({"first": prompt.split(": ")[1], "count": len(prompt)}))
    generator = PromptedGenerator(serving, prompt_template=KeywordPrompt())
    table = pa.table({"body": ["abc", None], "kind": ["poem", "novel"]})
    keys = {"input_key": "body", "output_key": "unused"}
    assert list(generator.columns_read(keys)) == ["body", "kind"]
    result = generator.apply(table, **keys)
    assert result.schema.names == ["body", "kind", "first", "count"]
    assert result.schema.field("count").type == pa.int64()
    assert result.to_pylist()[0] == {"body": "abc", "kind": "poem", "first": "abc", "count": 26}
    assert result.to_pylist()[1] == {"body": None, "kind": "novel", "first": None, "count": None}


def test_refiner_keeps_the_text_of_a_row_that_failed():
    serving = fake(lambda request: request.messages[-1]["content"].upper())
    refiner = PromptedRefiner(serving, "Shout.")
    table = refiner.apply(TEXTS)
    assert table["raw_content"].to_pylist() == ["ONE", None, "fail", "", "  ", "TWO"]
    assert serving.requests[0].messages[0] == {"role": "system", "content": "Shout."}


def test_evaluator_takes_the_score_and_not_the_first_number():
    replies = {"a": "On a scale of 1 to 5 I give 4", "b": '{"score": 2}', "c": "3 typos, 2 gaps", "d": "Score: 9"}
    table = pa.table({"raw_content": ["a", "b", "c", "d", None]})
    serving = FakeServing(replies, max_repairs=0)
    result = PromptedEvaluator(serving).apply(table)
    assert result["eval"].to_pylist() == [None, 2, None, None, None], "the schema is asked for, words do not follow it"
    assert result.schema.field("eval").type == pa.int64()
    assert ScorePrompt("x").parse(replies["a"]) == {"score": 4}


def test_evaluator_on_another_scale():
    serving = FakeServing(lambda prompt: '{"score": 10}')
    table = pa.table({"raw_content": ["a"]})
    assert PromptedEvaluator(serving, scale_min=0, scale_max=10).apply(table)["eval"].to_pylist() == [10]
    assert "from 0 (worst) to 10 (best)" in serving.requests[0].messages[0]["content"]


@pytest.mark.parametrize(
    ("on_error", "kept", "dropped"),
    [
        ("keep", [(1, 5), (3, None)], [(1, "empty"), (3, "empty"), (4, "empty"), (5, "min_score")]),
        ("drop", [(1, 5)], [(1, "empty"), (2, "error"), (3, "empty"), (4, "empty"), (5, "min_score")]),
    ],
)
def test_filter(on_error, kept, dropped):
    serving = fake({"one": '{"score": 5}', "two": '{"score": 2}'})
    table, drops = PromptedFilter(serving, min_score=3, on_error=on_error).apply(TEXTS, return_drops=True)
    assert list(zip(table["id"].to_pylist(), table["eval"].to_pylist(), strict=True)) == kept
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == dropped


def test_filter_upper_bound_and_default():
    serving = FakeServing({"*": '{"score": 5}'})
    table = pa.table({"raw_content": ["a"]})
    assert PromptedFilter(serving).apply(table).num_rows == 1
    kept, drops = PromptedFilter(serving, max_score=4).apply(table, return_drops=True)
    assert (kept.num_rows, drops.to_pylist()) == (
        0,
        [{"row": 0, "rule": "max_score", "value": 5.0, "threshold": 4.0, "detail": None}],
    )
    with pytest.raises(ParameterError, match="PromptedFilter: min_score=5 is above max_score=2"):
        PromptedFilter(serving, min_score=5, max_score=2)


def test_on_error_raise_and_drop():
    serving = fake(lambda prompt: prompt)
    with pytest.raises(OperatorError, match="row 2 of the batch failed with RateLimitedError: slow down"):
        PromptedGenerator(serving, on_error="raise").apply(TEXTS)
    table, drops = PromptedGenerator(fake(lambda prompt: prompt), on_error="drop").apply(TEXTS, return_drops=True)
    assert table["id"].to_pylist() == [1, 2, 4, 5, 6]
    assert drops.to_pylist() == [
        {"row": 2, "rule": "error", "value": None, "threshold": None, "detail": "RateLimitedError: slow down"}
    ]


def qa(prompt):
    """Two tasks per text; the pair for a text's second task fails where the text says so."""
    text = prompt.split("\n")[1]
    if "Task: " in prompt:
        task = prompt.split("Task: ")[1].split("\n")[0]
        if text == "half" and task == "half 2":
            return "I cannot."
        return json.dumps({"question": f"{task}?", "answer": f"Because\n\nof {text}."})
    return "nonsense" if text == "none" else json.dumps({"tasks": [f"{text} 1", f"{text} 2"]})


def test_text2qa():
    table = pa.table({"text": ["a", None, "none", "half", "", "fail", "b"], "id": range(7)})
    serving = FakeServing(qa, fail=lambda p: failing(p) if "Task" not in p else None, max_repairs=0)
    generator = Text2QAGenerator(serving)
    result, drops = generator.apply(table, input_question_num=2, return_drops=True)
    assert result.schema.names == ["text", "id", "generated_prompt", "generated_question", "generated_answer"]
    assert [tuple(row.values()) for row in result.to_pylist()] == [
        ("a", 0, "a 1", "a 1?", "Because\n\nof a."),
        ("a", 0, "a 2", "a 2?", "Because\n\nof a."),
        ("half", 3, "half 1", "half 1?", "Because\n\nof half."),
        ("b", 6, "b 1", "b 1?", "Because\n\nof b."),
        ("b", 6, "b 2", "b 2?", "Because\n\nof b."),
    ]
    assert [(drop["row"], drop["rule"], drop["detail"]) for drop in drops.to_pylist()] == [
        (1, "no_output", None),
        (2, "error", "SchemaMismatchError: the reply holds no JSON: 'nonsense'"),
        (4, "no_output", None),
        (5, "error", "RateLimitedError: slow down"),
    ]
    assert serving.calls == 5 + 6


def test_text2qa_says_how_much_is_missing():
    serving = FakeServing(lambda p: '{"tasks": ["x", "x"]}' if "Task" not in p else '{"question": "q", "answer": "a"}')
    batch = pa.RecordBatch.from_pydict({"text": ["t"]})
    expansion = Text2QAGenerator(serving).process(batch, input_question_num=2)
    assert expansion.parents == [0]
    assert expansion.errors[0].message == "the model found 1 of 2 things to ask about"


def test_text2qa_shortens_texts_at_a_space():
    serving = FakeServing(lambda prompt: qa(prompt).replace(', "one two 2"', ""))
    table = pa.table({"text": ["one two three"]})
    result = Text2QAGenerator(serving, max_input_chars=9).apply(table)
    assert "Text:\none two\n" in serving.requests[0].messages[-1]["content"]
    assert result["generated_question"].to_pylist() == ["one two 1?"]
    assert result["text"].to_pylist() == ["one two three"]


@pytest.mark.parametrize("number", [0, -1, "2", 1.5])
def test_text2qa_number_of_questions(number):
    with pytest.raises(ParameterError, match=r"Text2QAGenerator: input_question_num=.* must be a whole number from 1"):
        Text2QAGenerator(FakeServing(qa)).apply(pa.table({"text": ["a"]}), input_question_num=number)


def test_text2qa_with_a_prompt_of_ones_own():
    class OwnPrompt(UserPrompt):
        """Write a pair in our own way."""

        user = "Topic {topic}: {task} about {text}"
        fields = {"question": str, "answer": str}

    def answer(prompt):
        return json.dumps({"question": prompt, "answer": "x"}) if prompt.startswith("Topic") else '{"tasks": ["t"]}'

    generator = Text2QAGenerator(FakeServing(answer), prompt_template=OwnPrompt())
    table = generator.apply(pa.table({"text": ["a"], "topic": ["history"]}))
    assert table["generated_question"].to_pylist() == ["Topic history: t about a"]
    with pytest.raises(ParameterError, match="ScorePrompt is not accepted"):
        Text2QAGenerator(FakeServing(answer), prompt_template=ScorePrompt("x"))


def test_text2qa_sample_evaluator():
    def grade(prompt):
        if "Judge only the use" in prompt and "fail" in prompt:
            return RateLimitedError("slow down")
        return json.dumps({"feedback": prompt.split("\n\n")[2].split(":")[0], "grade": 3})

    table = pa.table({"generated_question": ["q", None, "q fail"], "generated_answer": ["a", "a", "a"]})
    serving = FakeServing(grade)
    evaluator = Text2QASampleEvaluator(serving)
    result = evaluator.apply(table)
    assert result["question_quality_grades"].to_pylist() == [3, None, 3]
    assert result["downstream_value_grades"].to_pylist() == [3, None, None]
    assert result["answer_alignment_feedbacks"].to_pylist() == [
        "Judge only how the answer fits the question",
        None,
        "Judge only how the answer fits the question",
    ]
    assert (len(result.schema.names), serving.calls) == (10, 8)
    with pytest.raises(OperatorError, match="row 2 of the batch failed with RateLimitedError"):
        Text2QASampleEvaluator(FakeServing(grade), on_error="raise").apply(table)


def test_empty_table():
    empty = pa.table({"raw_content": pa.array([], pa.string()), "text": pa.array([], pa.string())})
    serving = FakeServing(["x"])
    for operator in (PromptedGenerator(serving), PromptedEvaluator(serving), PromptedFilter(serving)):
        assert operator.apply(empty).num_rows == 0
    assert Text2QAGenerator(serving).apply(empty).num_rows == 0
    assert serving.calls == 0


class QAPipeline(Pipeline):
    def __init__(self, folder, serving, column="text"):
        super().__init__()
        table = pa.table({"text": ["a", "fail", "b"]})
        self.storage = FileStorage(table, cache_path=folder)
        self.qa = Text2QAGenerator(serving)
        self.score = PromptedEvaluator(serving)
        self.column = column

    def forward(self):
        self.qa.run(storage=self.storage.step(), input_key=self.column, input_question_num=2)
        self.score.run(storage=self.storage.step(), input_key="generated_question")


def pipeline_replies(prompt):
    return qa(prompt) if prompt.startswith("Text:") else '{"score": 4}'


def test_a_run_records_its_calls_and_pays_nothing_twice(tmp_path):
    serving = FakeServing(pipeline_replies, fail=failing)
    run = QAPipeline(tmp_path / "run", serving).compile().run()
    assert serving.calls == 3 + 4 + 4
    assert run.table()["eval"].to_pylist() == [4, 4, 4, 4]
    assert [error["type"] for error in run.errors().to_pylist()] == ["RateLimitedError"]
    usage = run.steps[1].usage
    assert (usage["calls"], usage["replayed"], usage["failed"]) == (7, 0, {"RateLimitedError": 1})
    again = FakeServing(pipeline_replies, fail=failing)
    second = QAPipeline(tmp_path / "run", again).compile().run(fresh=True)
    assert again.calls == 1, "only the call that failed is made again"
    assert second.table().equals(run.table())


def test_compile_checks_servings_and_columns(tmp_path):
    from dataflow_rs.serving import OpenAIServing

    serving = OpenAIServing("m", api_key_env="A_KEY_THAT_IS_NOT_SET")
    with pytest.raises(CompileError) as caught:
        QAPipeline(tmp_path / "run", serving, column="txt").compile()
    text = str(caught.value)
    assert "Text2QAGenerator(llm_serving=): the environment variable A_KEY_THAT_IS_NOT_SET holds no API key" in text
    assert "there is no column 'txt' (did you mean 'text'?)" in text


def test_a_recipe_holds_the_serving_once(tmp_path):
    serving = FakeServing({"*": "x"})
    recipe = QAPipeline(tmp_path / "run", serving)
    recipe.storage = FileStorage(str(tmp_path / "in.jsonl"), cache_path=tmp_path / "run")
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    plan = recipe.compile()
    content = plan.to_dict()
    assert content["components"] == {"llm_serving": {"class": "FakeServing", "reply": {"*": "x"}}}
    assert content["steps"][0]["params"] == {"llm_serving": {"use": "llm_serving"}}


def test_fingerprints_follow_model_and_prompt_but_not_speed():
    def fingerprint(**settings):
        return PromptedGenerator(FakeServing({"*": "x"}, **settings), "Do it.").fingerprint()

    assert fingerprint() == fingerprint(latency_s=1.0, price=(1, 1))
    assert fingerprint() != fingerprint(model="other")
    assert fingerprint() != PromptedGenerator(FakeServing({"*": "x"}), "Do that.").fingerprint()


def test_templates_that_do_not_name_the_text():
    class TaskPrompt(UserPrompt):
        """Only the task."""

        user = "Task only: {task}"
        fields = {"question": str, "answer": str}

    class ConstantPrompt(PromptTemplate):
        """The same for all rows."""

        user = "Say something."

    serving = FakeServing(
        lambda p: '{"tasks": ["t"]}' if p.startswith("Text:") else json.dumps({"question": p, "answer": "a"})
    )
    table = pa.table({"text": ["a", None, " "]})
    pairs = Text2QAGenerator(serving, prompt_template=TaskPrompt()).apply(table)
    assert pairs["generated_question"].to_pylist() == ["Task only: t"]
    said = PromptedGenerator(FakeServing(["hello"]), prompt_template=ConstantPrompt()).apply(table, input_key="text")
    assert said["generated_content"].to_pylist() == ["hello"] * 3
