"""The fault server fails as told, as often as told, and repeatably."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.testing import FaultServer, echo
from dataflow_rs.testing.fault_server import FAULTS, GOOD, vector


def ask(server, prompt="hello", path="/v1/chat/completions", **more):
    """Return (status, headers, body) of the reply to a prompt; raises what the connection raises."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
    name = {"/v1/completions": "prompt", "/v1/embeddings": "input"}.get(path)
    asked = {name: prompt} if name else {"messages": [{"role": "user", "content": prompt}]}
    try:
        connection.request("POST", path, json.dumps({"model": "m", **asked, **more}))
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def text_of(body):
    return json.loads(body)["choices"][0]["message"]["content"]


STATUSES = {"429": 429, "429-retry-after": 429, "500": 500, "502": 502, "503": 503}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_kind_of_fault(kind):
    with FaultServer(faults={kind: 1.0}, retry_after_s=2.5) as server:
        if kind == "hang":
            with pytest.raises(socket.timeout):
                ask(server)
        elif kind == "reset":
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                ask(server)
        else:
            status, headers, body = ask(server)
            assert status == STATUSES.get(kind, 200)
            assert headers.get("Retry-After") == ("2.5" if kind == "429-retry-after" else None)
            if kind in ("truncated", "invalid-json", "502", "503"):
                with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
                    json.loads(body)
            elif kind == "empty-choices":
                assert json.loads(body)["choices"] == []
            elif kind == "wrong-schema":
                assert "choices" not in json.loads(body)
            elif kind in GOOD:
                assert text_of(body) == echo("hello")
                assert (json.loads(body)["id"] == "fault-1") == (kind == "duplicate-id")
        assert dict(server.counts) == {kind: 1}
        assert sum(server.answered.values()) == (kind in GOOD)


def test_what_happens_is_drawn_from_seed_prompt_and_number():
    faults = {"500": 0.2, "429": 0.1}
    server, same, other = (FaultServer(faults=faults, seed=seed) for seed in (4, 4, 5))
    drawn = [server.drawn(f"prompt {number}", 1) for number in range(5000)]
    assert drawn == [same.drawn(f"prompt {number}", 1) for number in range(5000)]
    assert drawn != [other.drawn(f"prompt {number}", 1) for number in range(5000)]
    assert 0.18 < drawn.count("500") / 5000 < 0.22
    assert 0.08 < drawn.count("429") / 5000 < 0.12
    with server:
        found = [ask(server, "prompt 7")[0] for _ in range(20)]
    assert found == [STATUSES.get(server.drawn("prompt 7", number), 200) for number in range(1, 21)]
    assert len(set(found)) > 1


def test_requests_above_the_capacity_are_refused():
    with FaultServer(capacity=1, latency_s=0.5, retry_after_s=3) as server:
        first = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        first.request("POST", "/v1/chat/completions", json.dumps({"messages": [{"role": "user", "content": "a"}]}))
        while not server.under_way:
            pass
        status, headers, _ = ask(server, "b")
        assert (status, headers["Retry-After"]) == (429, "3")
        assert text_of(first.getresponse().read()) == echo("a")
        first.close()
        assert (server.counts["refused"], server.counts["good"], server.most_under_way) == (1, 1, 1)


def test_the_other_routes():
    with FaultServer(reply=str.upper) as server:
        assert json.loads(ask(server, "hi", "/v1/completions")[2])["choices"][0]["text"] == "HI"
        found = json.loads(ask(server, ["a", "b"], "/v1/embeddings")[2])["data"]
        assert [one["embedding"] for one in found] == [vector("a"), vector("b")]
        assert len(json.loads(ask(server, "hi", n=3)[2])["choices"]) == 3
        assert ask(server, path="/v1/chat/completions", messages=[])[0] == 400
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for path, status in (("/health", 200), ("/v1/models", 200), ("/nothing", 404)):
            connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
            assert reply.status == status
        connection.close()


def test_wrong_faults_are_refused():
    with pytest.raises(ParameterError, match=r"FaultServer\(faults=\{'fire': 1\}\): shares of 429, "):
        FaultServer(faults={"fire": 1})
    with pytest.raises(ParameterError, match="at most 1 in all"):
        FaultServer(faults={"429": 0.6, "500": 0.6})
