"""Structured output: pydantic models, endpoints that refuse schemas, repair, tools, samples, log-probabilities."""

from __future__ import annotations

import json
from typing import Literal

import pydantic
import pytest
from dataflow_rs.exceptions import MalformedReplyError, ParameterError, ServerFailedError
from dataflow_rs.prompts import PromptTemplate
from dataflow_rs.prompts.rows import ask_rows
from dataflow_rs.serving import CallLog, Completion, OpenAIServing, Request, TokenLogprob, ToolCall, recording
from dataflow_rs.serving.openai_format import is_strict
from dataflow_rs.serving.reply_type import fields_of, schema_of
from dataflow_rs.testing import FakeServing

from .fault_server import Answer, reply, serving_faults

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
BY_PROMPT = "Reply with one JSON value that follows this JSON schema, and with nothing else:\n"


class Part(pydantic.BaseModel):
    """A part of a thing."""

    name: str
    weight: float


class Thing(pydantic.BaseModel):
    """A thing with parts."""

    kind: Literal["tool", "toy"]
    parts: list[Part]

    @pydantic.field_validator("parts")
    @classmethod
    def _has_parts(cls, parts):
        if not parts:
            raise ValueError("a thing has parts")
        return parts


THING = {"kind": "toy", "parts": [{"name": "wheel", "weight": 2}]}


def test_a_pydantic_model_is_a_schema():
    schema = schema_of(Thing)
    assert is_strict(schema)
    assert (schema["additionalProperties"], schema["$defs"]["Part"]["additionalProperties"]) == (False, False)
    request = Request.of("hi", json_schema=Thing)
    assert (request.json_schema, request.reply_type) == (schema, Thing)
    assert json.dumps(request.to_dict())
    assert schema_of(list[int]) == {"type": "array", "items": {"type": "integer"}}
    assert fields_of(Thing) == {"kind": str, "parts": list}
    with pytest.raises(ParameterError, match="the entry 'a' has no single type"):
        fields_of(pydantic.create_model("M", a=(int | str, ...)))
    with pytest.raises(ParameterError, match="has no named entries"):
        fields_of(list[int])


def test_validators_of_a_model_are_asked_and_their_words_sent_back():
    serving = FakeServing([json.dumps({**THING, "parts": []}), "Here: " + json.dumps(THING)])
    completion = serving.generate([Request.of("Describe.", json_schema=Thing)])[0]
    assert completion.parsed(Thing) == Thing(kind="toy", parts=[Part(name="wheel", weight=2)])
    assert completion.attempts == 2
    said = serving.requests[1].messages[-1]["content"]
    assert said.startswith(
        "This reply does not follow the requested JSON schema: parts: Value error, a thing has parts;"
    )


def test_a_reply_that_is_no_such_thing():
    completion = FakeServing(lambda _: '{"kind": "x", "parts": []}', max_repairs=0).generate(
        [Request.of("hi", json_schema=Thing)]
    )[0]
    assert type(completion.error).__name__ == "SchemaMismatchError"
    assert str(completion.error) == "kind: Input should be 'tool' or 'toy'"
    with pytest.raises(MalformedReplyError, match="the reply is no Thing"):
        Completion("{}").parsed(Thing)


def test_models_with_other_validators_have_other_answers():
    def made(minimum):
        def check(cls, value):
            assert value >= minimum
            return value

        validators = {"v": pydantic.field_validator("n")(classmethod(check))}
        return pydantic.create_model("Model", n=(int, ...), __validators__=validators)

    plain = pydantic.create_model("Model", n=(int, ...))
    keys = [json.dumps(Request.of("hi", json_schema=model).to_dict()) for model in (made(1), plain)]
    assert ["validators" in key for key in keys] == [True, False]


def refusing(refused, text, replies):
    """An endpoint that answers 400 to requests with certain fields."""

    def answer(body, _number):
        if refused in body:
            return Answer({"error": {"message": text, "type": "invalid_request_error"}}, 400)
        return reply(replies)

    return answer


def asking(server, **settings):
    return OpenAIServing("m", base_url=server.url, api_key="x", max_retries=0, **settings)


def test_auto_asks_by_prompt_after_one_refusal():
    answer = refusing("response_format", "'response_format' of type 'json_schema' is not supported", '{"n": 1}')
    requests = [Request.of(f"number {n}", "Count.", json_schema=SCHEMA) for n in range(5)]
    with serving_faults(answer) as server, asking(server, max_concurrency=1) as serving:
        completions = serving.generate(requests)
        bodies = [body for body, _ in server.seen]
    assert [completion.json() for completion in completions] == [{"n": 1}] * 5
    assert ["response_format" in body for body in bodies] == [True] + [False] * 5
    assert bodies[1]["messages"][1]["content"] == f"number 0\n\n{BY_PROMPT}{json.dumps(SCHEMA)}"


@pytest.mark.parametrize(("structured", "sent", "ok"), [("native", True, False), ("prompt", False, True)])
def test_native_and_prompt_are_obeyed(structured, sent, ok):
    answer = refusing("response_format", "response_format is unknown", '{"n": 1}')
    with serving_faults(answer) as server, asking(server, structured=structured) as serving:
        completion = serving.generate([Request.of("hi", json_schema=SCHEMA)])[0]
        bodies = [body for body, _ in server.seen]
    assert ["response_format" in body for body in bodies] == [sent]
    assert completion.ok is ok


def test_another_refusal_is_final():
    answer = refusing("messages", "the model does not exist", "")
    with serving_faults(answer) as server, asking(server) as serving:
        completion = serving.generate([Request.of("hi", json_schema=SCHEMA)])[0]
        assert len(server.seen) == 1
    assert type(completion.error).__name__ == "InvalidRequestError"


def test_models_that_want_the_other_limit():
    answer = refusing("max_tokens", "Unsupported parameter: use 'max_completion_tokens' instead", "hello")
    with serving_faults(answer) as server, asking(server, max_tokens=9, max_concurrency=1) as serving:
        assert serving.generate_from_input(["a", "b"]) == ["hello", "hello"]
        limits = [(body.get("max_tokens"), body.get("max_completion_tokens")) for body, _ in server.seen]
    assert limits == [(9, None), (None, 9), (None, 9)]


def test_the_completions_api():
    body = {
        "choices": [
            {
                "text": ' there {"n": 1}',
                "finish_reason": "stop",
                "logprobs": {"tokens": [" there"], "token_logprobs": [-0.5], "top_logprobs": [{" there": -0.5}]},
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    with serving_faults(lambda *_: body) as server, asking(server, api="completions") as serving:
        plain, shaped = serving.generate(
            [Request.of("hi", "Go on.", logprobs=1), Request.of("count", json_schema=SCHEMA)]
        )
        first = next(body for body, _ in server.seen if body["prompt"].startswith("Go"))
        second = next(body for body, _ in server.seen if body["prompt"].startswith("count"))
    assert (first["prompt"], first["logprobs"]) == ("Go on.\n\nhi", 1)
    assert second["prompt"] == f"count\n\n{BY_PROMPT}{json.dumps(SCHEMA)}"
    assert plain.logprobs == (TokenLogprob(" there", -0.5, {" there": -0.5}),)
    assert shaped.json() == {"n": 1}


TOOLS = ({"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}},)


def test_tools_are_asked_for_recorded_and_answered(tmp_path):
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}

    def answer(body, _number):
        if body["messages"][-1]["role"] == "tool":
            return reply(f"It is {body['messages'][-1]['content']}.")
        return reply(None, "tool_calls", tool_calls=[call])

    question = Request.of("1 + 2?", tools=TOOLS, tool_choice="add")
    with serving_faults(answer) as server, asking(server) as serving, recording(CallLog(tmp_path / "calls.log")):
        asked = serving.generate([question])[0]
        again = serving.generate([question])[0]
        turn = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "3"}
        end = serving.generate([question.then(asked, turn)])[0]
        bodies = [body for body, _ in server.seen]
    assert asked.tool_calls == again.tool_calls == (ToolCall("c1", "add", '{"a": 1, "b": 2}'),)
    assert (asked.ok, asked.text, asked.tool_calls[0].json(), again.replayed) == (True, "", {"a": 1, "b": 2}, True)
    assert end.text == "It is 3."
    assert bodies[0]["tools"] == list(TOOLS)
    assert bodies[0]["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert bodies[1]["messages"][1:] == [{"role": "assistant", "content": "", "tool_calls": [call]}, turn]


def test_logprobs_are_read_and_recorded(tmp_path):
    token = {"token": "yes", "logprob": -0.25, "top_logprobs": [{"token": "yes", "logprob": -0.25}]}
    body = reply("yes")
    body["choices"][0]["logprobs"] = {"content": [token]}
    with serving_faults(lambda *_: body) as server, asking(server) as serving:
        with recording(CallLog(tmp_path / "calls.log")):
            first, second = (serving.generate([Request.of("hi", logprobs=3)])[0] for _ in range(2))
        sent = [body for body, _ in server.seen]
    assert first.logprobs == second.logprobs == (TokenLogprob("yes", -0.25, {"yes": -0.25}),)
    assert [(body["logprobs"], body["top_logprobs"]) for body in sent] == [(True, 3)]


def test_samples_have_seeds_and_records_of_their_own(tmp_path):
    log = CallLog(tmp_path / "calls.log")
    with serving_faults(lambda body, _: reply(f"seed {body['seed']}")) as server, asking(server) as serving:
        with recording(log):
            texts = [c.text for c in serving.generate(Request.of("hi", seed=7).samples(3))]
        assert len(log) == 3
    assert texts == ["seed 7", "seed 8", "seed 9"]


class Verdict(pydantic.BaseModel):
    """What a judge says."""

    good: bool
    why: str


class JudgePrompt(PromptTemplate):
    """Ask a judge."""

    user = "Is this good? {text}"
    json_schema = Verdict


def test_a_template_of_a_pydantic_model():
    prompt = JudgePrompt()
    assert prompt.fields == {"good": bool, "why": str}
    assert json.dumps(prompt.identity())
    serving = FakeServing(['{"good": "very", "why": "so"}', '{"good": true, "why": "so"}'])
    answers = ask_rows(serving, prompt, [{"text": "x"}])
    assert answers.values == [{"good": True, "why": "so"}]
    assert "good: Input should be a valid boolean" in serving.requests[1].messages[-1]["content"]


class NumberPrompt(PromptTemplate):
    """Ask for a number."""

    user = "{text}"
    fields = {"number": int}

    def parse(self, text):
        if text == "bug":
            raise KeyError("bug")
        if not text.isdigit():
            raise MalformedReplyError(f"'{text}' is no number")
        return {"number": int(text)}


ROUNDS = [
    ("good at once", ["4"], [{"number": 4}], None),
    ("repaired", ["four", "4"], [{"number": 4}], None),
    ("never", ["four", "vier", "fünf", "4"], [None], "'fünf' is no number"),
    ("the repair fails", ["four", ServerFailedError("oops")], [None], "oops"),
]


@pytest.mark.parametrize(
    ("replies", "values", "error"), [case[1:] for case in ROUNDS], ids=[case[0] for case in ROUNDS]
)
def test_replies_that_a_template_cannot_read_are_sent_back(replies, values, error):
    serving = FakeServing(replies)
    answers = ask_rows(serving, NumberPrompt(), [{"text": "2 + 2"}])
    assert answers.values == values
    assert (answers.errors[0].message if answers.errors else None) == error
    assert serving.calls == min(len(replies), 3)
    if serving.calls > 1:
        assert [m["content"] for m in serving.requests[1].messages] == [
            "2 + 2",
            "four",
            "This reply cannot be used: 'four' is no number. Write it again, corrected and complete, in the form that "
            "was asked for, and nothing else.",
        ]


def test_what_no_round_has_repaired_is_recorded_and_read_again_for_free(tmp_path):
    serving = FakeServing(lambda _: "four")
    for _ in range(2):
        with recording(CallLog(tmp_path / "calls.log")):
            answers = ask_rows(serving, NumberPrompt(), [{"text": "2 + 2"}])
        assert (answers.errors[0].type, serving.calls) == ("MalformedReplyError", 3)


def test_a_mistake_in_a_parser_is_raised_where_it_is_called():
    with pytest.raises(KeyError, match="bug"):
        ask_rows(FakeServing(lambda _: "bug"), NumberPrompt(), [{"text": "x"}])
