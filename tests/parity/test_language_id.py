"""lid.176 on texts whose language is known. The model is not ours to ship: without it these tests are skipped."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs.core.fasttext import locate
from dataflow_rs.exceptions import ModelUnavailableError
from dataflow_rs.operators.general_text import LanguageEvaluator

TEXTS = {
    "en": "All rows are kept in their order, and nothing is lost on the way.",
    "de": "Alle Zeilen behalten ihre Reihenfolge, und unterwegs geht nichts verloren.",
    "fr": "Toutes les lignes gardent leur ordre, et rien ne se perd en chemin.",
    "es": "Todas las filas conservan su orden y nada se pierde por el camino.",
    "ru": "Все строки остаются на своих местах, и по дороге ничего не теряется.",
    "zh": "所有行都保持原来的顺序，途中不会丢失任何东西。",
    "ja": "すべての行は元の順序のままで、途中で何も失われません。",
    "ko": "모든 행은 순서를 유지하며 도중에 아무것도 잃어버리지 않습니다.",
    "el": "Όλες οι γραμμές διατηρούν τη σειρά τους και τίποτα δεν χάνεται.",
    "th": "ทุกแถวยังคงอยู่ในลำดับเดิม และไม่มีอะไรสูญหายระหว่างทาง",
}


@pytest.fixture(scope="module")
def model() -> str:
    try:
        return str(locate("lid.176.ftz"))
    except ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("by_script", [False, True])
@pytest.mark.parametrize("lowercase", [False, True])
def test_languages(model: str, by_script: bool, lowercase: bool) -> None:
    evaluator = LanguageEvaluator(model=model, by_script=by_script, lowercase=lowercase)
    found = evaluator.apply(pa.table({"text": list(TEXTS.values())}), input_key="text")
    assert found["language"].to_pylist() == list(TEXTS)
    assert min(found["language_probability"].to_pylist()) > 0.6


def test_probabilities_equal_those_of_fasttext(model: str) -> None:
    fasttext = pytest.importorskip("fasttext", reason="fasttext-predict is not installed")
    reference = fasttext.load_model(model)
    found = LanguageEvaluator(model=model).apply(pa.table({"text": list(TEXTS.values())}), input_key="text")
    wanted = [min(1.0, float(reference.predict(text, 1)[1][0])) for text in TEXTS.values()]
    assert found["language_probability"].to_pylist() == pytest.approx(wanted, abs=1e-5)
