"""Our fastText inference against what fastText 0.9.2 answered (tools/make_fasttext_fixtures.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dataflow_rs import _native
from dataflow_rs.exceptions import ModelUnavailableError, ParameterError

DATA = Path(__file__).with_name("data") / "fasttext"
EXPECTED: dict[str, Any] = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
TEXTS: list[str] = EXPECTED["texts"]
FILES = sorted(file for file in DATA.iterdir() if file.suffix in (".bin", ".ftz"))
TOLERANCE = 2e-5  # 1e-5 for rounding, and 1e-5 where the reference answers more than 1


def model(file: Path) -> _native.FastTextModel:
    return _native.FastTextModel(file)


def test_every_loss_and_storage_is_there() -> None:
    assert {file.stem for file in FILES} == set(EXPECTED["models"])
    assert len(FILES) == 10
    assert len(TEXTS) == 18


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_predictions_equal(file: Path) -> None:
    ours, expected = model(file), EXPECTED["models"][file.stem]
    assert ours.labels == expected["labels"]
    found = pa.record_batch(ours.predict(pa.array(TEXTS), 5, "{}"))
    for text, names, probabilities, answer in zip(
        TEXTS, found["labels"].to_pylist(), found["probabilities"].to_pylist(), expected["predictions"], strict=True
    ):
        assert (names is None) == (answer == []), text
        if answer:
            assert probabilities == pytest.approx([p for _, p in answer], abs=TOLERANCE), text
            wanted = dict(answer)
            for name, probability in zip(names, probabilities, strict=True):  # equal probabilities may change places
                assert wanted.get(name, answer[-1][1]) == pytest.approx(probability, abs=TOLERANCE), text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_three_ways_to_ask_agree(file: Path) -> None:
    ours = model(file)
    column = pa.array([*TEXTS, None])
    top = pa.record_batch(ours.classify(column, "{}"))
    everything = pa.record_batch(ours.predict(column, len(ours.labels), "{}"))
    names, probabilities = everything["labels"].to_pylist(), everything["probabilities"].to_pylist()
    assert top["label"].to_pylist() == [row[0] if row else None for row in names]
    assert top["probability"].to_pylist() == [row[0] if row else None for row in probabilities]
    assert names[-1] is None
    label = ours.labels[1]
    one = pa.array(ours.probability(column, label, "{}")).to_pylist()
    wanted = [
        dict(zip(row, ps, strict=True))[label] if row else None for row, ps in zip(names, probabilities, strict=True)
    ]
    assert one == wanted


def test_threads_and_order_change_nothing() -> None:
    ours = model(DATA / "word_ngrams.bin")
    column = pa.array(TEXTS * 40)
    _native.set_threads(1)
    one = pa.record_batch(ours.classify(column, "{}"))
    _native.set_threads(None)
    assert pa.record_batch(ours.classify(column, "{}")).equals(one)
    backwards = pa.record_batch(ours.classify(column.take(pa.array(range(len(column) - 1, -1, -1))), "{}"))
    assert backwards["probability"].to_pylist() == one["probability"].to_pylist()[::-1]


def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    whole = (DATA / "softmax.bin").read_bytes()
    path = tmp_path / "model.bin"
    for content, message in [
        (b"", "it announces 4 x 1 bytes of values where 0 bytes are left"),
        (b"GIF89a, not a model", "it does not begin as fastText's files do"),
        (whole[:4] + b"\x07" + whole[5:], "it has version 7; 11 and 12 are known"),
        (whole[:-1], "bytes of numbers where"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ModelUnavailableError) as error:
            model(path)
        assert str(error.value).startswith(f"{path}: this is no fastText model that can be read: ")
        assert message in str(error.value)
    with pytest.raises(ModelUnavailableError, match="No such file"):
        model(tmp_path / "missing.bin")


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^the model has no label 'xx'$"):
        model(DATA / "softmax.bin").probability(pa.array(["a"]), "xx", "{}")
