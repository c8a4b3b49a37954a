"""Token statistics of a whole data set, and how usual its tokens are."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Number, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.token_statistics import TokenStatistics
from dataflow_rs.core.tokenizers import load_tokenizer, missing_vocabulary
from dataflow_rs.exceptions import ParameterError


@operator
class TokenStatisticsEvaluator(DatasetOperator):
    """Sum up the tokens of a data set: one row per source and one for all, in the place of the data.

    The columns of the result are `source` (`*` for all), `rows`, `missing` (rows without a text), `tokens`, `words`,
    `characters`, `bytes`, `mean_tokens`, `min_tokens`, the quantiles `p05_tokens`, `p25_tokens`, `p50_tokens`,
    `p75_tokens`, `p95_tokens` and `p99_tokens` (at most 1/64 too small), `max_tokens`, `tokens_per_word`,
    `tokens_per_character`, `tokens_per_byte`, and with a price `cost`.

    Sums are exact, and statistics of parts of a data set can be merged to those of the whole, in any order and on any
    machine: `path` keeps them, `TokenStatistics.read` and `merge` of `dataflow_rs.core.token_statistics` put them
    together.

    Args:
        tokenizer: as in `TokenCountEvaluator`.
        special: as in `TokenCountEvaluator`.
        path: file to write the statistics to, as JSON with histograms; None writes none.
        price_per_million: what a model asks for a million input tokens; None leaves the cost out.

    Keys:
        input_key: column of texts.
        input_source_key: column that names the source of a row; by default all rows are of one source.

    Missing texts:
        Null counts as a row and as missing.

    Examples:
        >>> TokenStatisticsEvaluator(tokenizer="cl100k_base", price_per_million=-1.0)
        Traceback (most recent call last):
            ...
        dataflow_rs.exceptions.ParameterError: TokenStatisticsEvaluator: price_per_million=-1.0 must be 0 or more
    """

    tokenizer: str = "cl100k_base"
    special: bool | None = None
    path: str | None = None
    price_per_million: float | None = None

    def __post_init__(self) -> None:
        """Check the price."""
        price = self.price_per_million
        if price is not None and not price >= 0:
            raise ParameterError(f"{self.name}: price_per_million={price} must be 0 or more")

    def problems(self) -> list[str]:
        """Return why the operator cannot run here: its vocabulary is not there."""
        return [*super().problems(), *missing_vocabulary(self.tokenizer)]

    def process(self, dataset: Dataset, input_key: Text, input_source_key: Text | None = None) -> pa.Table:
        """Sum up the rows, batch by batch."""
        tokenizer = load_tokenizer(self.tokenizer, special=self.special)
        statistics = TokenStatistics(self.tokenizer, tokenizer.fingerprint)
        for batch in dataset.batches():
            texts = batch[input_key]
            counts = tokenizer.count(texts).to_pylist()
            sources = [""] * len(texts) if input_source_key is None else batch[input_source_key].to_pylist()
            statistics.add(zip(sources, texts.to_pylist(), counts, strict=True))
        if self.path is not None:
            statistics.write(self.path)
        rows = list(statistics.rows())
        if self.price_per_million is not None:
            for row in rows:
                row["cost"] = row["tokens"] * self.price_per_million / 1_000_000
        return pa.Table.from_pylist(rows, schema=self._schema(rows[0]))

    def _schema(self, row: dict[str, Any]) -> pa.Schema:
        def dtype(name: str) -> pa.DataType:
            shares = name.startswith(("mean_", "tokens_per_")) or name == "cost"
            return pa.string() if name == "source" else pa.float64() if shares else pa.int64()

        return pa.schema([pa.field(name, dtype(name)) for name in row])


@operator
class UnigramLogProbabilityEvaluator(DatasetOperator):
    """Measure how usual the tokens of a text are in the data set: the mean logarithm of their frequencies.

    The frequencies are those of the data set's own tokens, so that a text stands out that is unlike the rest: another
    language, tables, noise. Reads the data twice.

    Args:
        tokenizer: as in `TokenCountEvaluator`.
        special: as in `TokenCountEvaluator`.

    Keys:
        input_key: column of texts.
        output_key: column for the mean natural logarithm per token, 0 or less.

    Missing texts:
        Null and texts without tokens have none.

    Examples:
        >>> UnigramLogProbabilityEvaluator(tokenizer="no_such_encoding").problems()
        ["tokenizer 'no_such_encoding': no such file, and neither a published encoding ...]
    """

    tokenizer: str = "cl100k_base"
    special: bool | None = None

    def problems(self) -> list[str]:
        """Return why the operator cannot run here: its vocabulary is not there."""
        return [*super().problems(), *missing_vocabulary(self.tokenizer)]

    def process(
        self, dataset: Dataset, input_key: Text, output_key: Number = "unigram_log_probability"
    ) -> dict[str, Any]:
        """Count all tokens, then measure every text."""
        native = load_tokenizer(self.tokenizer, special=self.special).native
        counts: list[int] = []
        for batch in dataset.batches():
            found = pa.array(native.tally(batch[input_key])).to_pylist()
            counts = [*map(sum, zip(counts, found, strict=True))] if counts else found
        total = sum(counts)
        logarithms = [math.log(count / total) if count else -math.inf for count in counts]
        means = [pa.array(native.mean(batch[input_key], logarithms)) for batch in dataset.batches()]
        return {output_key: pa.chunked_array(means, pa.float64())}
