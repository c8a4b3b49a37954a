"""Perplexity under an n-gram language model, and the filter on it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import FilterOperator, RowOperator
from dataflow_rs.core.environment import load, missing_extra
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.model_files import FileState, file_state, require_file, state_digest
from dataflow_rs.core.operator import Operator
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.validation import check_range
from dataflow_rs.exceptions import DataFlowError
from dataflow_rs.operators.text_pt.ccnet_normalize import normalize

Normalize: TypeAlias = Literal["none", "ccnet"]
WHERE = (
    "Name the path of an ARPA file or of a KenLM binary, for example CCNet's en.arpa.bin; neural models are not read"
)
TOKENIZER_WHERE = "Name the path of a SentencePiece model, for example CCNet's en.sp.model"


class PerplexityOperator(Operator):
    """An operator that reads a language model; its class declares `model_name`, `tokenizer` and `normalize`."""

    def problems(self) -> list[str]:
        """Return why the operator could not run: a model is missing or cannot be read."""
        found = super().problems()
        try:
            _ = self._model()
            if self.parameters["tokenizer"] is not None:
                found.extend(missing_extra("perplexity", self.name))
                self._tokenizer_file()
        except DataFlowError as error:
            found.append(f"{self.name}: {error}")
        return found

    def fingerprint(self) -> str:
        """Return a digest of what determines the output, the content of the models' files included."""
        files = [self._model_file()]
        if self.parameters["tokenizer"] is not None:
            files.append(self._tokenizer_file())
        contents = [state_digest(file_state(file)) for file in files]
        return _native.digest(" ".join([super().fingerprint(), *contents]).encode())

    def score(self, texts: pa.Array) -> pa.RecordBatch:
        """Return the columns log10, words, unknown and perplexity."""
        return pa.record_batch(self._model().score(self._prepared(texts)))

    def _prepared(self, texts: pa.Array) -> pa.Array:
        """Return the texts as the language model knows them."""
        tokenizer, style = self.parameters["tokenizer"], self.parameters["normalize"]
        if tokenizer is None and style == "none":
            return texts
        pieces = None if tokenizer is None else _sentence_piece(file_state(self._tokenizer_file()), self.name)

        def prepare(line: str) -> str:
            line = normalize(line) if style == "ccnet" else line
            return line if pieces is None else " ".join(pieces.encode(line, out_type=str))

        prepared = (
            None if text is None else "\n".join(prepare(line) for line in text.split("\n"))
            for text in texts.to_pylist()
        )
        return pa.array(prepared, pa.large_string())

    def _model_file(self) -> Path:
        return require_file(self.parameters["model_name"], "n-gram model", WHERE)

    def _tokenizer_file(self) -> Path:
        return require_file(self.parameters["tokenizer"], "SentencePiece model", TOKENIZER_WHERE)

    def _model(self) -> _native.NgramModel:
        return _ngram_model(file_state(self._model_file()))


@lru_cache(maxsize=1)
def _ngram_model(state: FileState) -> _native.NgramModel:
    return _native.NgramModel(state[0])


@lru_cache(maxsize=2)
def _sentence_piece(state: FileState, needed_by: str) -> Any:
    module = load("sentencepiece", "perplexity", needed_by)
    return module.SentencePieceProcessor(model_file=str(state[0]))


@operator
class PerplexitySampleEvaluator(PerplexityOperator, RowOperator):
    """Measure how improbable an n-gram language model finds each text.

    Perplexity is 10 to the power of minus the mean logarithm (base 10) of the words' probabilities. Every line is a
    sentence, whose end counts as a word. Scores equal KenLM's.

    Args:
        model_name: path of an ARPA file or of a KenLM binary of the type `probing`, such as CCNet's `en.arpa.bin`.
        tokenizer: path of the SentencePiece model whose pieces are the model's words (needs the extra `perplexity`);
            None takes what stands between whitespace.
        normalize: `ccnet` writes texts as CCNet's models know them, before the tokenizer; `none` leaves them.

    Keys:
        input_key: column of texts.
        output_key: column for the perplexity, 1 or more.

    Missing texts:
        Null and texts of whitespace only have no perplexity.

    Differences:
        The published operator runs GPT-2, row by row, and fails on the empty text. GPT-2 is not read here.

    Source:
        K. Heafield, "KenLM: Faster and Smaller Language Model Queries" (2011); CCNet for the use on documents.

    Examples:
        >>> PerplexitySampleEvaluator(model_name="gpt2").problems()[0][:73]
        "PerplexitySampleEvaluator: there is no n-gram model 'gpt2'. Name the path"
    """

    model_name: str
    tokenizer: str | None = None
    normalize: Normalize = "none"

    def process(
        self, batch: pa.RecordBatch, input_key: Text = "raw_content", output_key: Number = "PerplexityScore"
    ) -> dict[str, pa.Array]:
        """Score the texts of a column."""
        return {output_key: self.score(batch[input_key])["perplexity"]}


@operator
class PerplexityFilter(PerplexityOperator, FilterOperator):
    """Keep texts whose perplexity under an n-gram language model lies in a range.

    The judged value is the perplexity of `PerplexitySampleEvaluator`. Which range is good depends on the model, the
    language and the tokenizer; CCNet cuts each language into thirds.

    Args:
        model_name: path of an ARPA file or of a KenLM binary of the type `probing`, such as CCNet's `en.arpa.bin`.
        min_score: smallest perplexity that stays, above 0; None is off.
        max_score: largest perplexity that stays, above 0; None is off.
        tokenizer: path of the SentencePiece model whose pieces are the model's words (needs the extra `perplexity`);
            None takes what stands between whitespace.
        normalize: `ccnet` writes texts as CCNet's models know them, before the tokenizer; `none` leaves them.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Differences:
        The published operator runs GPT-2 and writes its score; `PerplexitySampleEvaluator` writes ours.

    Source:
        K. Heafield, "KenLM: Faster and Smaller Language Model Queries" (2011); CCNet for the use on documents.

    Examples:
        >>> PerplexityFilter(model_name="en.arpa.bin", min_score=600.0)
        Traceback (most recent call last):
        dataflow_rs.exceptions.ParameterError: PerplexityFilter: min_score=600.0 is above max_score=500.0, nothing ...
    """

    model_name: str
    min_score: float | None = 10.0
    max_score: float | None = 500.0
    tokenizer: str | None = None
    normalize: Normalize = "none"

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_range(self.name, min_score=self.min_score, max_score=self.max_score)

    def process(self, batch: pa.RecordBatch, input_key: Text, output_key: Integer | None = None) -> Verdict:
        """Judge the texts of a column."""
        texts = batch[input_key]
        perplexity = self.score(texts)["perplexity"]
        values = perplexity.to_pylist()
        low = 0.0 if self.min_score is None else self.min_score
        high = float("inf") if self.max_score is None else self.max_score
        keep = [value is not None and low <= value <= high for value in values]
        rules = [
            "null" if null else "blank" if value is None else "perplexity"
            for value, null in zip(values, texts.is_null().to_pylist(), strict=True)
        ]
        return Verdict(
            keep=keep,
            rule=pa.array(rules, pa.string()),
            value=perplexity,
            threshold=pa.array([value and (low if value < low else high) for value in values], pa.float64()),
            columns={} if output_key is None else {output_key: [int(stays) for stays in keep]},
        )
