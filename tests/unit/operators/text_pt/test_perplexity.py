"""Perplexity on the tiny model of tests/parity, whose scores are KenLM's."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs.core import environment
from dataflow_rs.exceptions import MissingExtraError, ModelUnavailableError
from dataflow_rs.operators.text_pt import PerplexityFilter, PerplexitySampleEvaluator
from dataflow_rs.operators.text_pt.ccnet_normalize import normalize

DATA = Path(__file__).parents[3] / "parity" / "data" / "ngram_model"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
PERPLEXITY = {text: perplexity for text, _, perplexity, _ in EXPECTED}
SENTENCE, CAT = "the cat sat on the mat", "cat"
TABLE = pa.table({"text": [SENTENCE, CAT, None, " \n "]})


@pytest.mark.parametrize("file", ["tiny.arpa", "tiny.bin"])
def test_perplexities_equal_those_of_kenlm(file):
    table = pa.table({"text": list(PERPLEXITY)})
    result = PerplexitySampleEvaluator(str(DATA / file)).apply(table, input_key="text")
    assert len(table) == 10
    assert result["PerplexityScore"].to_pylist() == pytest.approx(list(PERPLEXITY.values()), rel=1e-5)


def test_lines_are_sentences_of_one_text():
    found = PerplexitySampleEvaluator(str(DATA / "tiny.arpa")).apply(
        pa.table({"text": [f"{SENTENCE}\n\n{CAT}\n"]}), input_key="text", output_key="p"
    )
    scores = {text: (log10, words) for text, log10, _, words in EXPECTED}
    log10 = scores[SENTENCE][0] + scores[CAT][0]
    words = scores[SENTENCE][1] + scores[CAT][1]
    assert found["p"].to_pylist() == pytest.approx([10 ** (-log10 / words)], rel=1e-5)


def test_missing_and_blank_texts_have_none():
    result = PerplexitySampleEvaluator(str(DATA / "tiny.arpa")).apply(TABLE, input_key="text")
    assert [value is None for value in result["PerplexityScore"].to_pylist()] == [False, False, True, True]


@pytest.mark.parametrize(
    ("bounds", "kept", "drops"),
    [
        (
            {"min_score": 1.0, "max_score": 5.0},
            [SENTENCE],
            [(1, "perplexity", 5.0), (2, "null", None), (3, "blank", None)],
        ),
        (
            {"min_score": 10.0, "max_score": None},
            [CAT],
            [(0, "perplexity", 10.0), (2, "null", None), (3, "blank", None)],
        ),
        ({"min_score": None, "max_score": None}, [SENTENCE, CAT], [(2, "null", None), (3, "blank", None)]),
    ],
)
def test_filter(bounds, kept, drops):
    operator = PerplexityFilter(str(DATA / "tiny.bin"), **bounds)
    stays, log = operator.apply(TABLE, input_key="text", return_drops=True)
    assert stays["text"].to_pylist() == kept
    assert [(drop["row"], drop["rule"], drop["threshold"]) for drop in log.to_pylist()] == drops


def test_normalisation_and_pieces(monkeypatch):
    operator = PerplexitySampleEvaluator(str(DATA / "tiny.arpa"), normalize="ccnet")
    table = pa.table({"text": ["THE  Cat\nTHE CÁT", "the cat\nthe cat"]})
    one, other = operator.apply(table, input_key="text")["PerplexityScore"].to_pylist()
    assert one == other
    plain = PerplexitySampleEvaluator(str(DATA / "tiny.arpa")).apply(table, input_key="text")
    assert plain["PerplexityScore"].to_pylist()[0] > one


def test_sentence_piece(tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece", reason="the extra perplexity is not installed")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(f"the cat sat on mat {n}" for n in range(200)), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(tmp_path / "sp"), vocab_size=40, minloglevel=2, hard_vocab_limit=False
    )
    operator = PerplexitySampleEvaluator(str(DATA / "tiny.arpa"), tokenizer=str(tmp_path / "sp.model"))
    assert operator.problems() == []
    (found,) = operator.apply(pa.table({"text": [SENTENCE]}), input_key="text")["PerplexityScore"].to_pylist()
    assert found > 10 * PERPLEXITY[SENTENCE]  # its pieces begin with a mark and are unknown words here


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ""),
        ("  Straße ", "straße"),
        ("1٣", "00"),
        ("（é）", "(e)"),
        ("a\x07b\x9fc", "abc"),
        ("…—", "... - "),
        ("한", "\u1112\u1161\u11ab"),
    ],
)
def test_ccnet(line, expected):
    assert normalize(line) == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"model_name": "gpt2"},
            "there is no n-gram model 'gpt2'. Name the path of an ARPA file or of a KenLM binary, for example CCNet's "
            "en.arpa.bin; neural models are not read.",
        ),
        (
            {"model_name": str(DATA / "tiny.arpa"), "tokenizer": "no.model"},
            "there is no SentencePiece model 'no.model'. Name the path of a SentencePiece model, for example CCNet's "
            "en.sp.model.",
        ),
    ],
)
def test_a_missing_model_says_what_is_needed(parameters, message, monkeypatch):
    monkeypatch.setitem(environment.EXTRAS, "perplexity", ("json",))
    operator = PerplexitySampleEvaluator(**parameters)
    assert operator.problems() == [f"PerplexitySampleEvaluator: {message}"]
    with pytest.raises(ModelUnavailableError) as error:
        operator.apply(TABLE, input_key="text")
    assert str(error.value) == message


def test_the_extra_is_named(monkeypatch, tmp_path):
    (tmp_path / "sp.model").write_bytes(b"")
    monkeypatch.setitem(environment.EXTRAS, "perplexity", ("a_package_that_is_not_there",))
    operator = PerplexityFilter(str(DATA / "tiny.arpa"), tokenizer=str(tmp_path / "sp.model"))
    (problem,) = operator.problems()
    assert problem == str(MissingExtraError("perplexity", "a_package_that_is_not_there", "PerplexityFilter"))


def test_the_content_of_the_model_is_part_of_the_fingerprint(tmp_path):
    path = tmp_path / "a.arpa"
    path.write_bytes((DATA / "tiny.arpa").read_bytes())
    operator = PerplexityFilter(str(path))
    before = operator.fingerprint()
    path.write_bytes(b"\n" + (DATA / "tiny.arpa").read_bytes())
    assert operator.fingerprint() != before
