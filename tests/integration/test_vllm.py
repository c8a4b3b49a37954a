"""`OpenAIServing` against a real vLLM: answers, schemas, seeds, token counts, errors of single rows, replay.

The model is random, so its answers have no meaning; its tokens are bytes, so token counts are known exactly.
"""

from __future__ import annotations

import re

import jsonschema
import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.operators.core_text import PromptedEvaluator, PromptedFilter
from dataflow_rs.serving import OpenAIServing, Request, Usage

from tests.integration.vllm_server import CONTEXT, MODEL, serving_vllm

pytestmark = pytest.mark.vllm

TOKENS = 24
ROOM = len("<user:><assistant:")  # tokens around one user message; a special token counts as one
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 1, "maximum": 8},
        "kind": {"enum": ["child", "adult"]},
        "flags": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
    },
    "required": ["name", "age", "kind", "flags"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving_vllm(tmp_path_factory.mktemp("vllm")) as address:
        yield address


@pytest.fixture
def serving(address):
    with OpenAIServing(MODEL, base_url=address, max_tokens=TOKENS) as serving:
        yield serving


def texts(completions):
    assert [completion.error for completion in completions if not completion.ok] == []
    return [completion.text for completion in completions]


def alike(one, other):
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def test_many_requests_at_once(serving):
    prompts = [f"prompt {'x' * number}" for number in range(100)]
    completions = serving.generate([Request.of(prompt) for prompt in prompts])
    answers = texts(completions)
    assert all(len(answer) == TOKENS and answer.isascii() and answer.isprintable() for answer in answers)
    assert len(set(answers)) > 50, "answers depend on the prompt"
    assert [completion.usage for completion in completions] == [Usage(ROOM + len(p), TOKENS) for p in prompts]
    assert {completion.finish_reason for completion in completions} == {"length"}
    assert serving.usage == Usage(sum(ROOM + len(prompt) for prompt in prompts), 100 * TOKENS)


def test_tokens_of_other_alphabets_are_counted_as_bytes(serving):
    prompt, system = "Füße 漢字 🖕", "Be brief."
    completion = serving.generate([Request.of(prompt, system)])[0]
    turns = len("<user:>") + len(prompt.encode()) + len("<system:>") + len(system) + len("<assistant:")
    assert completion.usage == Usage(turns, TOKENS)


def test_replies_follow_their_schema_at_any_temperature(serving):
    requests = [
        Request.of(f"Describe person {number}.", json_schema=PERSON, max_tokens=200, temperature=1.0, seed=number)
        for number in range(40)
    ]
    completions = serving.generate(requests)
    answers = texts(completions)
    for completion in completions:
        jsonschema.validate(completion.json(), PERSON)
        assert (completion.finish_reason, completion.attempts) == ("stop", 1)
    assert len(set(answers)) > 30
    # Every byte is a token, and so is the end; only characters that had to be escaped have more bytes now.
    plain = [completion for completion in completions if "\\" not in completion.text]
    assert len(plain) > 20
    assert [c.usage.completion_tokens for c in plain] == [len(c.text.encode()) + 1 for c in plain]


@pytest.mark.parametrize("settings", [{"temperature": 0.0}, {"temperature": 1.0, "seed": 7}], ids=["greedy", "seed"])
def test_the_same_request_gets_the_same_answer(address, settings):
    requests = [Request.of(f"prompt {number}", **settings) for number in range(12)]
    with OpenAIServing(MODEL, base_url=address, max_tokens=TOKENS, max_concurrency=1) as single:
        one, other = texts(single.generate(requests)), texts(single.generate(requests))
    assert one == other
    with OpenAIServing(MODEL, base_url=address, max_tokens=TOKENS, max_concurrency=12) as many:
        # Requests that are computed together may round differently, so a few may differ.
        assert alike(one, texts(many.generate(requests))) >= 0.7


def test_seeds_and_samples_differ(serving):
    def asked(**settings):
        return texts(serving.generate([Request.of(f"{n}", temperature=1.0, **settings) for n in range(10)]))

    first = asked(seed=7)
    assert alike(first, asked(seed=8)) < 0.5
    assert alike(first, asked(seed=7, sample=1)) < 0.5


def test_stop_and_the_fields_of_vllm(address):
    with OpenAIServing(MODEL, base_url=address, max_tokens=TOKENS) as plain:
        whole = texts(plain.generate([Request.of("hi")]))[0]
        stopped = plain.generate([Request.of("hi", stop=(whole[8:12],))])[0]
    assert (stopped.text, stopped.finish_reason) == (whole[: whole.index(whole[8:12])], "stop")
    form = {"structured_outputs": {"regex": "[0-9]{4}-(yes|no)"}}
    with OpenAIServing(MODEL, base_url=address, max_tokens=TOKENS, extra_body=form) as formed:
        assert re.fullmatch("[0-9]{4}-(yes|no)", texts(formed.generate([Request.of("hi")]))[0])


def test_a_prompt_that_is_too_long_is_an_error_of_its_row(serving):
    prompts = ["short", "x" * (CONTEXT - ROOM + 1), "x" * (CONTEXT - ROOM - 10), "also short"]
    completions = serving.generate([Request.of(prompt, max_tokens=10) for prompt in prompts])
    assert [completion.ok for completion in completions] == [True, False, True, True]
    error = completions[1].error
    assert type(error).__name__ == "ContextLengthError"
    assert f"maximum context length is {CONTEXT} tokens" in str(error)
    assert completions[1].attempts == 1, "asking again cannot help"


def test_a_model_that_is_not_there(address):
    with OpenAIServing("other", base_url=address) as serving:
        completion = serving.generate([Request.of("hi")])[0]
    assert (type(completion.error).__name__, completion.attempts) == ("InvalidRequestError", 1)
    assert "other" in str(completion.error)


class Score(Pipeline):
    """Drop by a score, then score what is left."""

    def __init__(self, serving, folder):
        super().__init__()
        long = "x" * (2 * CONTEXT)
        rows = [f"text {number}" for number in range(30)]
        self.storage = FileStorage(pa.table({"text": [*rows, None, long]}), cache_path=folder)
        self.filter = PromptedFilter(serving, min_score=3, scale_max=9, max_score=9)
        self.score = PromptedEvaluator(serving)

    def forward(self):
        self.filter.run(storage=self.storage.step(), input_key="text", output_key="first")
        self.score.run(storage=self.storage.step(), input_key="text", output_key="second")


def test_a_pipeline_and_its_replay(address, tmp_path):
    settings = {"max_tokens": TOKENS, "temperature": 1.0, "seed": 3}
    with OpenAIServing(MODEL, base_url=address, **settings) as serving:
        run = Score(serving, tmp_path / "run").compile().run(quiet=True)
    table, paid = run.table(), serving.totals.calls
    assert 30 < paid <= 62
    assert table.num_rows > 5
    judged = [row for row in table.to_pylist() if row["first"] is not None]
    assert all(3 <= row["first"] <= 9 and 1 <= row["second"] <= 5 for row in judged)
    assert len(judged) >= table.num_rows - 1
    drops = run.drops().to_pylist()
    assert {drop["rule"] for drop in drops} == {"min_score", "empty"}
    errors = run.errors().to_pylist()
    assert {error["type"] for error in errors} == {"ContextLengthError"}

    log = tmp_path / "run" / "calls.log"
    with OpenAIServing(MODEL, base_url="http://127.0.0.1:9/v1", call_log=log, replay="only", **settings) as dead:
        again = Score(dead, tmp_path / "again").compile().run(quiet=True).table()
    answered = [row for row in again.to_pylist() if row["first"] is not None]
    assert answered == judged
    assert (dead.totals.calls, dead.totals.replayed) == (0, paid - len(errors))
