"""Every operator of the chain decides as the reference does, but for the differences that are named.

With `profile="open-dataflow-1.0.13"` (or without a profile parameter, where nothing differs) all rows agree.
Without the profile, a row may differ only if a named difference of `differences.py` says so, and every
difference must be seen in the recorded texts: one that explains nothing is out of date.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from dataflow_rs import get_operator

from .differences import DIFFERENCES, explanations
from .recording import CHAIN, FILTERS, NOT_DROPPED, PROFILE, RECORDINGS, REFINERS, Recording, edge, sha64


def build(name: str, *, as_reference: bool) -> Any:
    operator = get_operator(name)
    parameters = dict(dict(CHAIN)[name])
    if as_reference and any(parameter.name == "profile" for parameter in operator.spec().parameters):
        parameters["profile"] = PROFILE
    return operator(**parameters)


def kept_by(operator: Any, texts: pa.Table) -> list[bool]:
    kept, drops = operator.apply(texts, input_key="text", return_drops=True)
    keep = [True] * texts.num_rows
    for row in drops["row"].to_pylist():
        keep[row] = False
    assert kept["text"].to_pylist() == texts.filter(pa.array(keep))["text"].to_pylist()
    return keep


def hashes_of(operator: Any, texts: pa.Table) -> list[int]:
    refined = operator.apply(texts, input_key="text")
    return [sha64(text) for text in refined["text"].to_pylist()]


def disagreements(found: list[Any], recorded: list[Any]) -> list[int]:
    return [row for row, (ours, theirs) in enumerate(zip(found, recorded, strict=True)) if ours != theirs]


def decide(name: str, recording: Recording, *, as_reference: bool) -> tuple[list[Any], list[Any]]:
    operator = build(name, as_reference=as_reference)
    if name in REFINERS:
        return hashes_of(operator, recording.texts), recording.refined(name)
    return kept_by(operator, recording.texts), recording.kept(name)


@pytest.mark.parametrize("corpus", RECORDINGS)
@pytest.mark.parametrize("name", REFINERS + FILTERS)
def test_with_the_profile_all_rows_agree(name, corpus):
    recording = RECORDINGS[corpus]()
    wrong = disagreements(*decide(name, recording, as_reference=True))
    shown = [recording.texts["text"][row].as_py()[:200] for row in wrong[:3]]
    assert not wrong, f"{len(wrong)} rows differ, the first: {shown}"


JUDGES_EACH_TEXT = [name for name in REFINERS + FILTERS if name != "MinHashDeduplicateFilter"]
"""Without the profile, duplicates are verified and clustered: no text alone explains a difference."""


@pytest.mark.parametrize("corpus", RECORDINGS)
@pytest.mark.parametrize("name", JUDGES_EACH_TEXT)
def test_by_default_only_named_differences(name, corpus):
    recording = RECORDINGS[corpus]()
    texts = recording.texts["text"]
    wrong = disagreements(*decide(name, recording, as_reference=False))
    unexplained = [texts[row].as_py()[:200] for row in wrong if not explanations(name, texts[row].as_py())]
    assert not unexplained, f"{len(unexplained)} of {len(wrong)} rows, the first: {unexplained[:3]}"


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_named_difference_is_seen(name):
    texts = edge().texts["text"]
    wrong = disagreements(*decide(name, edge(), as_reference=False))
    seen = {difference for row in wrong for difference in explanations(name, texts[row].as_py())}
    assert seen == {difference.name for difference in DIFFERENCES[name]}


@pytest.mark.parametrize("corpus", RECORDINGS)
def test_whole_chain_step_by_step(corpus):
    recording = RECORDINGS[corpus]()
    rows = pa.array(range(recording.texts.num_rows), pa.uint32())
    table = recording.texts.append_column("row", rows)
    dropped_at = recording.verdicts["chain_dropped_at"].to_pylist()
    for step, (name, _) in enumerate(CHAIN):
        table = build(name, as_reference=True).apply(table, input_key="text")
        left = [row for row, at in enumerate(dropped_at) if at == NOT_DROPPED or at > step]
        assert table["row"].to_pylist() == left, f"after step {step}, {name}"
        if name == REFINERS[-1]:
            found = [sha64(text) for text in table["text"].to_pylist()]
            assert found == recording.verdicts["chain_text"].to_pylist()
