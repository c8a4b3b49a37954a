"""`LiteLLMServing`: what is handed to litellm, what its errors become; with the package where it is installed."""

from __future__ import annotations

import importlib.util
import types

import pytest
from dataflow_rs.core import environment
from dataflow_rs.serving import LiteLLMServing, Request, ToolCall

from .fault_server import Answer, reply, serving_faults


class ProviderError(Exception):
    def __init__(self, status, text="no", headers=None):
        super().__init__(text)
        self.status_code = status
        self.response = types.SimpleNamespace(headers=headers or {})


def named(name, status, text="no"):
    return type(name, (ProviderError,), {})(status, text)


class Fake:
    """Stands for the package."""

    telemetry = True

    def __init__(self, *ends):
        self.ends, self.given = list(ends), []

    async def acompletion(self, **given):
        self.given.append(given)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return types.SimpleNamespace(model_dump=lambda: end)


def asking(fake, monkeypatch, **settings):
    monkeypatch.setattr("dataflow_rs.serving.litellm_serving.load", lambda *_: fake)
    return LiteLLMServing("p/m", **{"api_key": "sk-secret", "max_retries": 0, **settings})


def test_what_is_asked_and_read(monkeypatch):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    fake = Fake(reply("hello", tool_calls=[call]))
    with asking(fake, monkeypatch, api_base="http://here", options={"region": "x"}) as serving:
        completion = serving.generate([Request.of("hi", seed=3, json_schema={"type": "object"})])[0]
    assert (completion.text, completion.tool_calls) == ("hello", (ToolCall("1", "f", "{}"),))
    given = fake.given[0]
    assert given.pop("response_format")["type"] == "json_schema"
    assert given == {
        "model": "p/m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.0,
        "max_tokens": 1024,
        "seed": 3,
        "region": "x",
        "api_base": "http://here",
        "api_key": "sk-secret",
        "num_retries": 0,
        "max_retries": 0,
        "timeout": 120.0,
        "drop_params": True,
    }
    assert fake.telemetry is False


ERRORS = [
    (ProviderError(401, "wrong key sk-secret"), "AuthenticationFailedError", "wrong key ***"),
    (ProviderError(429, "slow"), "RateLimitedError", "slow"),
    (ProviderError(500, "oops"), "ServerFailedError", "oops"),
    (named("ContextWindowExceededError", 400), "ContextLengthError", "no"),
    (named("ContentPolicyViolationError", 400), "ContentFilteredError", "no"),
    (named("APIConnectionError", 500), "TransportError", "the connection failed: no"),
    (named("Timeout", 408), "RequestTimeoutError", "did not answer in time"),
    (KeyError("sk-secret"), "TransportError", "litellm failed: KeyError('***')"),
]


@pytest.mark.parametrize(("error", "kind", "text"), ERRORS, ids=[f"{type(e[0]).__name__}-{e[1]}" for e in ERRORS])
def test_errors(error, kind, text, monkeypatch):
    with asking(Fake(error), monkeypatch) as serving:
        completion = serving.generate([Request.of("hi")])[0]
    assert type(completion.error).__name__ == kind
    assert text in str(completion.error)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(environment.EXTRAS, "litellm", ("a_package_that_is_not_there",))
    assert LiteLLMServing("p/m").check()[0].endswith("pip install 'open-dataflow-rs[litellm]'")


@pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="litellm is not installed")
@pytest.mark.filterwarnings("ignore")
def test_the_real_package():
    def answer(body, number):
        return (
            Answer({"error": {"message": "busy"}}, 503) if number == 1 else reply(body["messages"][-1]["content"][::-1])
        )

    with (
        serving_faults(answer) as server,
        LiteLLMServing("openai/m", api_base=server.url, api_key="sk-secret", max_concurrency=1) as serving,
    ):
        assert serving.generate_from_input(["abc", "def"]) == ["cba", "fed"]
        assert len(server.seen) == 3
