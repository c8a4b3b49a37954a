"""`LocalServing` without a model: what is checked before anything starts."""

from __future__ import annotations

import os

import pytest
from dataflow_rs.core import environment
from dataflow_rs.exceptions import MissingExtraError, ParameterError
from dataflow_rs.serving import LocalServing, Request


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threads": 0}, f"LocalServing: threads=0 must lie between 1 and the {os.cpu_count()} cores"),
        ({"threads": 10_000}, f"LocalServing: threads=10000 must lie between 1 and the {os.cpu_count()} cores"),
        ({"parallel": 0}, "LocalServing: parallel=0 and context=4096 must be at least 1"),
        ({"temperature": -1.0}, "LocalServing: temperature=-1.0 must be at least 0"),
        ({"max_tokens": 0}, "LocalServing: max_tokens=0 must be at least 1"),
    ],
)
def test_wrong_parameters(settings, message):
    with pytest.raises(ParameterError) as caught:
        LocalServing(**settings)
    assert str(caught.value) == message


def test_a_missing_extra_is_named(monkeypatch, tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"x")
    monkeypatch.setitem(environment.EXTRAS, "local", ("a_package_that_is_not_there",))
    serving = LocalServing(str(tmp_path / "m.gguf"))
    assert serving.check() == [
        "LocalServing needs the package 'a_package_that_is_not_there', which is not installed. Install it with: "
        "pip install 'open-dataflow-rs[local]'"
    ]


def test_a_missing_extra_stops_the_first_request(monkeypatch, tmp_path):
    import sys

    (tmp_path / "m.gguf").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    serving = LocalServing(str(tmp_path / "m.gguf"))
    with pytest.raises(MissingExtraError, match=r"open-dataflow-rs\[local\]"):
        serving.generate([Request.of("hi")])
    serving.close()


def test_the_size_of_the_context_does_not_change_answers_and_the_seed_does():
    assert LocalServing(context=8192).identity() == LocalServing(parallel=2).identity()
    assert LocalServing(seed=1).identity() != LocalServing(seed=2).identity()
