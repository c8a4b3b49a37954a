"""The operators of instruction data: evaluator and filter share a score, and a bad reply is an error of its row."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import MalformedReplyError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators import text_sft as ops
from dataflow_rs.prompts import UserPrompt
from dataflow_rs.prompts.sft import InstagPrompt, SFTGeneratorSeedPrompt, TreeinstructPrompt
from dataflow_rs.testing import FakeServing


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def fake(reply):
    return FakeServing(reply, fail=failing, max_repairs=0)


PAIRS = pa.table(
    {
        "instruction": ["good", "fail", None, "bad", "odd", "no output", "too high"],
        "input": [None, "x", "x", "with input", "", "x", "x"],
        "output": ["a", "a", "a", "a", "a", " ", "a"],
        "id": range(7),
    }
)


def grade(prompt):
    word = prompt.split("\n")[1]
    if word == "odd":
        return "Score: 4"
    return json.dumps({"reason": "r", "score": {"good": 4.5, "bad": 1, "too high": 7}[word]})


def test_alpagasus_evaluator():
    serving = fake(grade)
    table = ops.AlpagasusSampleEvaluator(serving, dimension="accuracy").apply(PAIRS, input_input_key="input")
    assert table["AlpagasusScore"].to_pylist() == [4.5, None, None, 1.0, None, None, None]
    assert serving.calls == 5
    prompts = [request.messages[-1]["content"] for request in serving.requests]
    assert all("Judge the accuracy of the answer" in prompt for prompt in prompts)
    assert "Input:\nwith input\n" in prompts[2]
    assert "Input:\n\n" in prompts[0], "a null input is nothing"


def test_alpagasus_without_a_column_for_the_input():
    serving = fake(grade)
    evaluator = ops.AlpagasusSampleEvaluator(serving)
    table = evaluator.apply(PAIRS.select(["instruction", "output"]))
    assert table["AlpagasusScore"].to_pylist()[0] == 4.5
    assert list(evaluator.columns_read(evaluator.spec().bind_keys({}))) == ["instruction", "output"]


@pytest.mark.parametrize(
    ("on_error", "kept", "rules"),
    [
        ("keep", [0, 1, 4, 6], {2: "empty", 3: "min_score", 5: "empty"}),
        ("drop", [0], {1: "error", 2: "empty", 3: "min_score", 4: "error", 5: "empty", 6: "error"}),
    ],
)
def test_alpagasus_filter(on_error, kept, rules):
    table, drops = ops.AlpagasusFilter(fake(grade), on_error=on_error).apply(PAIRS, return_drops=True)
    assert table["id"].to_pylist() == kept
    assert {drop["row"]: drop["rule"] for drop in drops.to_pylist()} == rules
    with pytest.raises(OperatorError, match="row 1 of the batch failed with RateLimitedError: slow down"):
        ops.AlpagasusFilter(fake(grade), on_error="raise").apply(PAIRS)
    with pytest.raises(ParameterError, match="AlpagasusFilter: min_score=4 is above max_score=2"):
        ops.AlpagasusFilter(fake(grade), min_score=4, max_score=2)


INSTRUCTIONS = pa.table({"instruction": ["three", None, "fail", "odd", "none", "eight", " "]})


def count(name):
    def reply(prompt):
        size = {"three": 3, "none": 0, "eight": 8}.get(prompt.split("\n")[1])
        if size is None:
            return "many"
        return json.dumps({name: [f"{name} {number}" for number in range(size)], "count": size})

    return reply


@pytest.mark.parametrize(
    ("evaluator", "keeper", "name", "column", "key"),
    [
        (
            ops.TreeinstructSampleEvaluator,
            ops.TreeinstructFilter,
            "nodes",
            "TreeinstructScore",
            "input_key",
        ),
        (ops.InstagSampleEvaluator, ops.InstagFilter, "tags", "InstagScore", "input_instruction_key"),
    ],
)
def test_counts(evaluator, keeper, name, column, key):
    def serving():
        reply = count(name)
        extra = "count" if name == "tags" else None  # the schema of tags allows nothing else

        def answer(prompt):
            text = reply(prompt)
            if extra is None or text == "many":
                return text
            found = json.loads(text)
            del found[extra]
            return json.dumps(found)

        return fake(answer)

    scores = evaluator(serving()).apply(INSTRUCTIONS)[column].to_pylist()
    assert scores == [3, None, None, None, 0, 8, None]
    kept, drops = keeper(serving(), min_score=1, max_score=5, on_error="drop").apply(
        INSTRUCTIONS, return_drops=True, **{key: "instruction"}
    )
    assert kept.to_pylist() == [{"instruction": "three", column: 3}]
    assert [(drop["row"], drop["rule"], drop["value"], drop["threshold"]) for drop in drops.to_pylist()] == [
        (1, "empty", None, None),
        (2, "error", None, None),
        (3, "error", None, None),
        (4, "min_score", 0.0, 1.0),
        (5, "max_score", 8.0, 5.0),
        (6, "empty", None, None),
    ]
    assert keeper(serving()).on_error == "keep"
    with pytest.raises(ParameterError, match="min_score=3 is above max_score=2"):
        keeper(serving(), min_score=3, max_score=2)


def test_instag_keeps_the_tags_where_a_column_is_named():
    serving = FakeServing(['{"tags": ["Poem  Writing", "poem writing", " ", "autumn"]}'], replay="off")
    table = pa.table({"instruction": ["a", None]})
    result = ops.InstagFilter(serving, min_score=2).apply(table, output_tags_key="tags")
    assert result.to_pylist() == [{"instruction": "a", "InstagScore": 2, "tags": ["poem writing", "autumn"]}]
    assert result.schema.field("tags").type == pa.list_(pa.string())


@pytest.mark.parametrize(
    ("prompt", "reply", "outcome"),
    [
        (InstagPrompt(), '["a", "A", "b"]', {"tags": ["a", "b"]}),
        (InstagPrompt(), '{"tags": []}', {"tags": []}),
        (InstagPrompt(), '{"tag": "a"}', "the reply has no 'tags': '{\"tag\": \"a\"}'"),
        (TreeinstructPrompt(), '{"nodes": ["x"], "count": 5}', {"count": 1}),
        (TreeinstructPrompt(), '{"nodes": [], "count": 5}', {"count": 5}),
        (TreeinstructPrompt(), '{"count": -1}', "the count -1 is no number of nodes"),
        (SFTGeneratorSeedPrompt("x"), '{"instruction": "i", "output": ""}', "the instruction or the output is blank"),
    ],
)
def test_parsing(prompt, reply, outcome):
    if isinstance(outcome, dict):
        assert prompt.parse(reply) == outcome
        return
    with pytest.raises(MalformedReplyError) as caught:
        prompt.parse(reply)
    assert str(caught.value) == outcome


def test_sft_generator_seed_keeps_braces_and_all_columns():
    def pair(prompt):
        text = prompt.split("Text:\n")[1].split("\n")[0]
        return "no" if text == "odd" else json.dumps({"instruction": f"do {text}", "output": "int s[] = {1, {2}};"})

    table = pa.table({"raw_content": ["a", None, "fail", "odd", "b"], "id": range(5)})
    generator = ops.SFTGeneratorSeed(fake(pair), "Make an exercise.")
    made, drops = generator.apply(table, return_drops=True)
    assert made.to_pylist() == [
        {"raw_content": "a", "id": 0, "instruction": "do a", "output": "int s[] = {1, {2}};"},
        {"raw_content": "b", "id": 4, "instruction": "do b", "output": "int s[] = {1, {2}};"},
    ]
    assert [(drop["row"], drop["rule"], drop["detail"]) for drop in drops.to_pylist()] == [
        (1, "no_output", None),
        (2, "error", "RateLimitedError: slow down"),
        (3, "error", "SchemaMismatchError: the reply holds no JSON: 'no'"),
    ]
    assert generator.spec().kind == "generate"
    with pytest.raises(ParameterError, match="custom_prompt"):
        ops.SFTGeneratorSeed(fake(pair))


def condor(request):
    prompt = request.messages[-1]["content"]
    if prompt.startswith("Topic: "):
        theme = prompt.split("Theme: ")[1].split("\n")[0]
        return json.dumps({level: f"{level}: {theme},\nline two" for level in ("easy", "medium", "hard")})
    return f"answer to {prompt}"


NOTHING = pa.table({"x": [1, 2]})


@pytest.mark.parametrize(("size", "questions"), [(1, 1), (3, 1), (5, 2), (130, 44)])
def test_condor_generator_makes_as_many_rows_as_asked_for(size, questions):
    serving = FakeServing(condor)
    table = ops.CondorGenerator(serving, num_samples=size).apply(NOTHING)
    assert table.num_rows == size
    assert table["difficulty"].to_pylist() == [("easy", "medium", "hard")[row % 3] for row in range(size)]
    assert all("line two" in text for text in table["instruction"].to_pylist())
    assert table["error"].null_count == size
    asked = [request for request in serving.requests if request.messages[-1]["content"].startswith("Topic: ")]
    assert len(asked) == questions
    assert len({request.messages[-1]["content"].split("Theme: ")[1].split("\n")[0] for request in asked}) == min(
        questions, 42
    )


def test_condor_generator_is_the_same_for_the_same_seed():
    def made(**settings):
        return ops.CondorGenerator(FakeServing(condor), num_samples=9, **settings).apply(NOTHING)

    assert made() == made(seed=0)
    assert made() != made(seed=1)
    serving = FakeServing(condor)
    ops.CondorGenerator(serving, num_samples=3, use_task_diversity=False).apply(NOTHING)
    assert "Kind of task" not in serving.requests[0].messages[-1]["content"]


@pytest.mark.parametrize(("on_error", "rows"), [("keep", 6), ("drop", 2), ("raise", 0)])
def test_condor_generator_with_failures(on_error, rows):
    calls = {1: RateLimitedError("slow down"), 4: RateLimitedError("slow down")}
    serving = FakeServing(condor, fail=calls)
    generator = ops.CondorGenerator(serving, num_samples=6, on_error=on_error)
    if on_error == "raise":
        with pytest.raises(OperatorError, match="CondorGenerator: row 0 could not be made, RateLimitedError: slow"):
            generator.apply(NOTHING)
        return
    table = generator.apply(NOTHING)
    assert table.num_rows == rows
    if on_error == "keep":
        failed = [row for row, error in enumerate(table["error"].to_pylist()) if error is not None]
        assert failed == [0, 1, 2, 4]
        assert table["instruction"].to_pylist()[0] is None
        assert table["instruction"].to_pylist()[4] is not None, "the question is there, its answer is not"


def test_condor_generator_with_a_prompt_of_ones_own():
    class OwnPrompt(UserPrompt):
        """Ask in our own way."""

        user = "Topic: {topic} Theme: {theme}\nAs JSON."
        fields = {"easy": str, "medium": str, "hard": str}

    table = ops.CondorGenerator(FakeServing(condor), num_samples=1, prompt_template=OwnPrompt()).apply(NOTHING)
    assert table["difficulty"].to_pylist() == ["easy"]
    with pytest.raises(ParameterError, match="num_samples=0 must be at least 1"):
        ops.CondorGenerator(FakeServing(condor), num_samples=0)


def test_condor_refiner():
    def reply(prompt):
        if "Critique:" in prompt:
            return RateLimitedError("later") if "late" in prompt else f"better: {prompt.split(chr(10))[4]}"
        return "It is short."

    table = pa.table(
        {"instruction": ["q", None, "fail", "q late", "q"], "output": ["old", "stays", "stays", "stays", ""]}
    )
    serving = fake(reply)
    assert ops.CondorRefiner(serving).apply(table)["output"].to_pylist() == [
        "better: old",
        "stays",
        "stays",
        "stays",
        "",
    ]
    assert serving.calls == 5
    _, drops = ops.CondorRefiner(fake(reply), on_error="drop").apply(table, return_drops=True)
    assert [(drop["row"], drop["detail"]) for drop in drops.to_pylist()] == [
        (2, "RateLimitedError: slow down"),
        (3, "RateLimitedError: later"),
    ]
