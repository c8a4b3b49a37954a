"""Small operators for tests: one of each base class, pure Python, easy to predict."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa
from dataflow_rs import (
    DatasetOperator,
    ExpandOperator,
    Expansion,
    FilterOperator,
    Integer,
    ListColumn,
    RewrittenText,
    RowError,
    RowOperator,
    Rows,
    Text,
    Verdict,
)


class WordCountEvaluator(RowOperator):
    """Count words.

    Keys:
        input_key: text.
        output_key: number of words; null for null.
    """

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Integer = "words"):
        return {output_key: [None if text is None else len(text.split()) for text in batch[input_key].to_pylist()]}


class ShoutRefiner(RowOperator):
    """Write in capitals.

    Args:
        suffix: is appended.

    Keys:
        input_key: text, rewritten.
    """

    suffix: str = ""

    def process(self, batch: pa.RecordBatch, input_key: RewrittenText = "text"):
        return {
            input_key: [text if text is None else text.upper() + self.suffix for text in batch[input_key].to_pylist()]
        }


class MinimumFilter(FilterOperator):
    """Keep rows whose number reaches a bound; null is dropped.

    Args:
        minimum: the bound.

    Keys:
        input_key: number.
    """

    minimum: int = 2

    def process(self, batch: pa.RecordBatch, input_key: Integer = "words"):
        values = batch[input_key].to_pylist()
        return Verdict(
            keep=[value is not None and value >= self.minimum for value in values], value=values, threshold=self.minimum
        )


class SplitGenerator(ExpandOperator):
    """Make a row of each word that is longer than one character.

    Keys:
        input_key: text.
        output_key: the word.
    """

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Text = "word"):
        words = [
            (row, word)
            for row, text in enumerate(batch[input_key].to_pylist())
            for word in (text or "").split()
            if len(word) > 1
        ]
        return Expansion([row for row, _ in words], {output_key: [word for _, word in words]})


class FirstOnlyFilter(DatasetOperator):
    """Keep the first row of each value.

    Keys:
        input_key: the value.
    """

    def process(self, dataset, input_key: Text = "word"):
        seen, keep, detail = {}, [], []
        for batch in dataset.batches():
            for value in batch[input_key].to_pylist():
                keep.append(value not in seen)
                detail.append(None if keep[-1] else f"duplicate of row {seen[value]}")
                seen.setdefault(value, len(keep) - 1)
        return Verdict(keep=keep, rule="duplicate", detail=detail)


class RankEvaluator(DatasetOperator):
    """Write the rank of each text.

    Keys:
        input_key: text.
        output_key: its rank, from 0.
    """

    def process(self, dataset, input_key: Text = "text", output_key: Integer = "rank"):
        texts = [text or "" for text in dataset.to_table()[input_key].to_pylist()]
        ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
        return {output_key: [ranks[text] for text in texts]}


class CountsGenerator(DatasetOperator):
    """Replace the table by the number of rows of each value.

    Keys:
        input_key: the value.
    """

    def process(self, dataset, input_key: Text = "word"):
        counts: dict[str, int] = {}
        for value in dataset.to_table()[input_key].to_pylist():
            counts[value] = counts.get(value, 0) + 1
        return pa.table({"value": list(counts), "count": pa.array(counts.values(), pa.int64())})


class LettersEvaluator(RowOperator):
    """List the letters of a text; fails on texts that contain a question mark.

    Args:
        on_error: what becomes of rows that fail.

    Keys:
        input_key: text.
        output_key: list of letters.
    """

    on_error: Literal["keep", "drop", "raise"] = "keep"

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: ListColumn = "letters"):
        texts = batch[input_key].to_pylist()
        errors = {row: RowError("Odd", "a question mark", 3) for row, text in enumerate(texts) if "?" in (text or "")}
        letters = [None if row in errors else list(text or "") for row, text in enumerate(texts)]
        return Rows({output_key: letters}, errors)
