"""Small runs for the tests of report and command line, made of the operators in `toys.py`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from dataflow_rs import DatasetOperator, FileStorage, FilterOperator, Pipeline, Run, Text, Verdict

from tests import toys

TEXTS = ["one", "two words", "one", "a phrase that is long", "who asks?", "Two Words", ""]


class PhraseFilter(FilterOperator):
    """Drop texts with a phrase.

    Args:
        phrase: the phrase, in any case.

    Keys:
        input_key: text.
    """

    phrase: str = "phrase"

    def process(self, batch: pa.RecordBatch, input_key: Text = "text"):
        found = [self.phrase if self.phrase in (text or "").lower() else None for text in batch[input_key].to_pylist()]
        return Verdict(keep=[phrase is None for phrase in found], rule="phrase", detail=found)


class RepeatFilter(DatasetOperator):
    """Drop texts that were there before, and name the row that has them.

    Keys:
        input_key: text.
    """

    def process(self, dataset, input_key: Text = "text"):
        texts = dataset.to_table()[input_key].to_pylist()
        first = {text: position for position, text in reversed(list(enumerate(texts)))}
        keep = [first[text] == position for position, text in enumerate(texts)]
        ids = dataset.row_ids([first[text] for text in texts])
        detail = [None if kept else f"duplicate of row {row}" for kept, row in zip(keep, ids, strict=True)]
        return Verdict(keep=keep, rule="duplicate", detail=detail)


class Sample(Pipeline):
    """Counts, filters, deduplicates; a branch counts the texts; the rest is split into words."""

    def __init__(self, source: Any, cache_path: str, export: str | None = None):
        super().__init__()
        self.storage = FileStorage(source, cache_path=cache_path, batch_rows=3)
        self.words = toys.WordCountEvaluator()
        self.minimum = toys.MinimumFilter(minimum=1)
        self.phrase = PhraseFilter()
        self.first = RepeatFilter()
        self.counts = toys.CountsGenerator()
        self.letters = toys.LettersEvaluator()
        self.split = toys.SplitGenerator()
        self.export = export

    def forward(self):
        self.words.run(storage=self.storage.step(), input_key="text")
        self.minimum.run(storage=self.storage.step(), input_key="words")
        self.phrase.run(storage=self.storage.step(), input_key="text")
        first = self.storage.step()
        self.first.run(storage=first, input_key="text")
        self.counts.run(storage=self.storage.step(), input_key="text")
        self.letters.run(storage=self.storage.step(after=first), input_key="text")
        self.split.run(storage=self.storage.step(), input_key="text")
        if self.export is not None:
            self.storage.export(self.export)


def sample_run(folder: Any, texts: Any = TEXTS) -> Run:
    """Run `Sample` over texts and return its run."""
    source = pa.table({"text": pa.array(texts, pa.string())})
    pipeline = Sample(source, str(folder / "run"))
    pipeline.compile()
    return pipeline.forward(quiet=True)


def filtered_run(folder: Any, operator: Any, texts: list[str | None], batch_rows: int = 2) -> Run:
    """Run one operator on the column `text` and return the run."""
    source = pa.table({"text": pa.array(texts, pa.string())})
    storage = FileStorage(source, cache_path=str(folder / "run"), batch_rows=batch_rows)
    operator.run(storage=storage.step(), input_key="text")
    return storage.run
