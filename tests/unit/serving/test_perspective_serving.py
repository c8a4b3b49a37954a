"""`PerspectiveServing` over real HTTP: scores, typed errors, the rate limit, the key in a header only."""

from __future__ import annotations

import json
import logging

import pytest
from dataflow_rs.exceptions import AuthenticationFailedError, ParameterError
from dataflow_rs.serving import CallLog, PerspectiveServing, recording
from dataflow_rs.testing import FakePerspectiveServer

KEY = "planted-google-key"


def asking(server, **settings):
    settings = {"requests_per_minute": None, "max_retries": 1, **settings}
    return PerspectiveServing(base_url=server.url, api_key=KEY, **settings)


def rude(text, attribute):
    return {"TOXICITY": 0.75, "INSULT": 0.5}[attribute] if "stupid" in text else 0.0


def test_scores_of_several_attributes_and_their_replay(tmp_path):
    texts = ["You are stupid.", None, "Good morning.", " ", "You are stupid."]
    with (
        FakePerspectiveServer(rude) as server,
        asking(server, attributes=["TOXICITY", "INSULT"], languages=["en"]) as serving,
    ):
        with recording(CallLog(tmp_path / "calls.log")):
            found = serving.scores(texts)
            again = serving.scores(texts)
        sent = {body["comment"]["text"]: (body, headers) for body, headers in server.seen}
        assert len(server.seen) == 2
    assert {name: column.to_pylist() for name, column in found.columns.items()} == {
        "TOXICITY": [0.75, None, 0.0, None, 0.75],
        "INSULT": [0.5, None, 0.0, None, 0.5],
    }
    assert again.columns == found.columns
    assert [(n, type(e).__name__) for n, e in found.errors.items()] == [(3, "InvalidRequestError")]
    body, headers = sent["You are stupid."]
    assert body == {
        "comment": {"text": "You are stupid."},
        "requestedAttributes": {"TOXICITY": {}, "INSULT": {}},
        "languages": ["en"],
        "doNotStore": True,
    }
    assert headers["x-goog-api-key"] == KEY
    assert "authorization" not in headers


def test_long_texts_are_cut_at_a_character():
    with FakePerspectiveServer(rude) as server, asking(server) as serving:
        serving.scores(["ü" * 20_000])
        assert server.seen[0][0]["comment"]["text"] == "ü" * 10_240


FAULTS = [
    ("wrong key", (400, "API key not valid. Please pass a valid API key."), "AuthenticationFailedError", 1),
    ("language", (400, "Attribute TOXICITY does not support request languages: tlh"), "InvalidRequestError", 1),
    ("quota", (429, "Quota exceeded"), "RateLimitedError", 2),
    ("down", (503, "try later"), "ServerFailedError", 2),
]


@pytest.mark.parametrize(("refusal", "kind", "sent"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_faults_are_typed_errors_of_their_texts(refusal, kind, sent):
    with (
        FakePerspectiveServer(rude, fail=lambda text, _: refusal if "bad" in text else None) as server,
        asking(server, max_concurrency=1) as serving,
    ):
        found = serving.scores(["bad", "good"])
        assert len(server.seen) == sent + 1
    assert found.columns["TOXICITY"].to_pylist() == [None, 0.0]
    assert [(n, type(e).__name__, e.attempts) for n, e in found.errors.items()] == [(0, kind, sent)]
    assert refusal[1] in str(found.errors[0])


def test_a_reply_without_scores():
    with FakePerspectiveServer(lambda *_: "high") as server, asking(server) as serving:
        (error,) = serving.scores(["a"]).errors.values()
    assert type(error).__name__ == "BrokenReplyError"
    assert str(error).startswith("the reply does not hold the scores: {'attributeScores'")


def test_the_key_is_in_no_text(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    log = tmp_path / "calls.log"
    with (
        FakePerspectiveServer(rude, fail=lambda text, _: (403, f"no: {KEY}") if text == "a" else None) as server,
        asking(server, call_log=log) as serving,
    ):
        (error,) = serving.scores(["a", "b"]).errors.values()
    assert str(error) == "the endpoint refused the credentials: status 403: no: ***"
    told = [repr(serving), json.dumps(serving.identity()), json.dumps(serving.describe()), log.read_text(), caplog.text]
    assert all(KEY not in text for text in told)


def test_what_is_checked_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("PERSPECTIVE_API_KEY", raising=False)
    assert PerspectiveServing().check() == ["the environment variable PERSPECTIVE_API_KEY holds no API key; set it"]
    with pytest.raises(AuthenticationFailedError, match="PERSPECTIVE_API_KEY holds no API key"):
        PerspectiveServing().scores(["a"])
    with pytest.raises(ParameterError, match="attributes names nothing to score"):
        PerspectiveServing(attributes=[])
    with pytest.raises(ParameterError, match="longest_bytes=30000 must lie between 1 and 20480"):
        PerspectiveServing(longest_bytes=30_000)
