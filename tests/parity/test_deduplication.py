"""The deduplication filters keep the rows that open-dataflow 1.0.13 keeps; fingerprints are those of simhash 2.1.2."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from dataflow_rs import _native, get_operator

from .recording import FOLDER, PROFILE


@cache
def recorded() -> dict[str, Any]:
    """Return texts, fingerprints and kept rows as `tools/record_deduplication.py` wrote them."""
    return json.loads((FOLDER / "deduplication.json").read_text(encoding="utf-8"))


def case_name(case: dict[str, Any]) -> str:
    return "-".join([case["operator"], *(f"{name}={value}" for name, value in case["parameters"].items())])


def survivors(operator: Any) -> list[int]:
    texts = recorded()["texts"]
    table = pa.table({"text": texts, "row": list(range(len(texts)))})
    return operator.apply(table, input_key="text")["row"].to_pylist()


@pytest.mark.parametrize("case", recorded()["kept"], ids=case_name)
def test_the_same_rows_stay(case):
    cls = get_operator(case["operator"])
    profiled = any(parameter.name == "profile" for parameter in cls.spec().parameters)
    operator = cls(**case["parameters"], **({"profile": PROFILE} if profiled else {}))
    assert 40 < len(case["rows"]) < len(recorded()["texts"])
    assert survivors(operator) == case["rows"]


@pytest.mark.parametrize("bits", ["8", "64", "128"])
def test_fingerprints(bits):
    found = [str(_native.simhash_fingerprint(text, int(bits))) for text in recorded()["texts"]]
    assert found == recorded()["fingerprints"][bits]
