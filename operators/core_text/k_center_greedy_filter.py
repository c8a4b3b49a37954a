"""Keep texts that cover the whole data set."""

from __future__ import annotations

import random
from dataclasses import field

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.operator import OnError
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Verdict
from dataflow_rs.exceptions import OperatorError, ParameterError
from dataflow_rs.operators.core_text.embedded_texts import embed_texts, present
from dataflow_rs.serving.embedding import EmbeddingServing


@operator
class KCenterGreedyFilter(DatasetOperator):
    """Keep `num_samples` texts, each the one whose embedding is farthest from all that were kept before.

    The first is drawn by `seed`; the same table, parameters and vectors give the same rows. Exactly `num_samples` rows
    are kept, or all that have an embedding where there are fewer, none twice. The judged value in the drop log is the
    distance to the nearest kept row, the threshold the greatest such distance. A null or blank text is dropped by the
    rule `empty`.

    Args:
        num_samples: rows to keep, 0 or more.
        embedding_serving: who embeds; not needed where `input_embedding_key` names a column of embeddings.
        seed: of the drawing of the first row.
        on_error: what happens to a row that could not be embedded: `drop` it, `keep` it besides the others, or `raise`.

    Keys:
        input_key: the text.
        input_embedding_key: column of embeddings, in place of the text and the serving; null is dropped as `empty`.

    Source:
        Sener and Savarese, Active Learning for Convolutional Neural Networks: A Core-Set Approach, 2018,
        https://arxiv.org/abs/1708.00489

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import KCenterGreedyFilter
        >>> from dataflow_rs.testing import FakeEmbeddingServing
        >>> serving = FakeEmbeddingServing(1, vectors={"a": [0.0], "b": [0.5], "c": [9.0]})
        >>> KCenterGreedyFilter(2, serving).apply(pa.table({"content": ["a", "b", "c"]}))["content"].to_pylist()
        ['b', 'c']
    """

    num_samples: int
    embedding_serving: EmbeddingServing | None = None
    seed: int = 0
    on_error: OnError = field(default="drop", kw_only=True)

    def __post_init__(self) -> None:
        if self.num_samples < 0:
            raise ParameterError(f"{self.name}: num_samples={self.num_samples} must be at least 0")

    def process(
        self, dataset: Dataset, input_key: Text = "content", input_embedding_key: ListColumn | None = None
    ) -> Verdict:
        """Embed all texts and choose among them."""
        vectors, errors = self._vectors(dataset, input_key, input_embedding_key)
        rows, there = present(vectors)
        kept = set()
        value: list[float | None] = [None] * dataset.num_rows
        radius = None
        if rows and self.num_samples:
            start = random.Random(self.seed).randrange(len(rows))  # noqa: S311 - no secret
            chosen, distances = _native.k_center(there, self.num_samples, start)
            kept = {rows[position] for position in pa.array(chosen).to_pylist()}
            for row, distance in zip(rows, pa.array(distances).to_pylist(), strict=True):
                value[row] = distance
            radius = max(found for found in value if found is not None)
        judged = set(rows)
        return Verdict(
            keep=[row in kept for row in range(dataset.num_rows)],
            rule=["not_chosen" if row in judged else "empty" for row in range(dataset.num_rows)],
            value=value,
            threshold=radius,
            errors=errors,
        )

    def _vectors(
        self, dataset: Dataset, text_key: str, embedding_key: str | None
    ) -> tuple[pa.FixedSizeListArray, dict[int, RowError]]:
        """Return the vectors of all rows."""
        if embedding_key is not None:
            column = dataset.to_table()[embedding_key]
            return _fixed(self.name, embedding_key, column), {}
        if self.embedding_serving is None:
            raise ParameterError(f"{self.name} needs an embedding_serving, or input_embedding_key")
        texts = [text for batch in dataset.batches() for text in batch[text_key].to_pylist()]
        found, errors = embed_texts(self.embedding_serving, texts)
        return found.vectors, errors


def _fixed(owner: str, name: str, column: pa.ChunkedArray) -> pa.FixedSizeListArray:
    """Return a column of lists as vectors of one size."""
    lists = column.to_pylist()
    sizes = {len(vector) for vector in lists if vector is not None}
    if len(sizes) > 1:
        raise OperatorError(f"{owner}: the embeddings in '{name}' have different sizes: {sorted(sizes)}")
    return pa.array(lists, pa.list_(pa.float32(), sizes.pop() if sizes else 0))
