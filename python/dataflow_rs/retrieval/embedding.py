"""`EmbeddingRetriever`: passages by the meaning they share with a question."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.core.component import component
from dataflow_rs.exceptions import OperatorError
from dataflow_rs.retrieval.base import CollectionRetriever, Passage
from dataflow_rs.serving.embedding import EmbeddingServing


@component
class EmbeddingRetriever(CollectionRetriever):
    """Find passages whose embedding is near that of the query, by cosine.

    All passages are compared with each query, exactly; they are embedded with the first search, and found in the call
    log by the next run. Equal scores are decided by the order of the collection.

    Args:
        source: a path, a glob or a list of these, read like any source; with `column=None` a list of texts.
        column: the column of text; None: `source` is the texts themselves.
        top_k: most passages per query, 1 or more.
        embedding_serving: embeds passages and queries.
        min_score: smallest cosine, from -1 to 1; None: no bound.

    Examples:
        >>> from dataflow_rs.retrieval import EmbeddingRetriever
        >>> from dataflow_rs.testing import FakeEmbeddingServing
        >>> serving = FakeEmbeddingServing(2, vectors={"cat": [1, 0], "dog": [0, 1], "kitten": [0.9, 0.1]})
        >>> retriever = EmbeddingRetriever(["cat", "dog"], column=None, top_k=1, embedding_serving=serving)
        >>> [passage.text for passage in retriever.search(["kitten"])[0]]
        ['cat']
    """

    embedding_serving: EmbeddingServing | None = None
    min_score: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._index: tuple[list[str], list[int], pa.FixedSizeListArray] | None = None

    def check(self) -> list[str]:
        """Return why the passages could not be read or embedded."""
        missing = [] if self.embedding_serving is not None else ["the parameter embedding_serving is missing"]
        serving = [] if self.embedding_serving is None else self.embedding_serving.check()
        return [*super().check(), *missing, *serving]

    def search(self, queries: Sequence[str]) -> list[list[Passage]]:
        """Return the passages for each query, best first.

        Raises:
            OperatorError: a query or a passage could not be embedded.
        """
        if self._index is None:
            texts = self.collection.texts()
            rows = [row for row, text in enumerate(texts) if text.strip()]
            self._index = texts, rows, self._embedded([texts[row] for row in rows])
        texts, rows, vectors = self._index
        width = min(self.top_k, len(rows))
        if not width or not queries:
            return [[] for _ in queries]
        found, cosines = _native.nearest(self._embedded(queries), vectors, width)
        positions, scores = pa.array(found).to_pylist(), pa.array(cosines).to_pylist()
        passages = [
            Passage(texts[rows[position]], score, rows[position])
            for position, score in zip(positions, scores, strict=True)
        ]
        return [
            [p for p in passages[start : start + width] if self.min_score is None or p.score >= self.min_score]
            for start in range(0, len(passages), width)
        ]

    def _embedded(self, texts: Sequence[str]) -> pa.FixedSizeListArray:
        if self.embedding_serving is None:
            raise OperatorError(f"{self.name}: the parameter embedding_serving is missing")
        found = self.embedding_serving.embed(texts)
        if found.errors:
            position, error = next(iter(sorted(found.errors.items())))
            raise OperatorError(
                f"{self.name}: {len(found.errors)} of {len(texts)} texts could not be embedded, number {position} "
                f"because of {type(error).__name__}: {error}"
            )
        return found.vectors
