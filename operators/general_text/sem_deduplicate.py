"""Texts that mean nearly the same, by their embeddings."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.deduplication import joined_texts, label_mistakes, priorities, verdict_over
from dataflow_rs.core.keys import Integer, ListColumn, Number, Text
from dataflow_rs.core.native_text import Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import OperatorError, ParameterError
from dataflow_rs.serving import EmbeddingServing

LARGEST = 1 << 62


@operator
class SemDeduplicateFilter(DatasetOperator):
    """Drop texts whose embedding points in nearly the same direction as that of another row.

    Embeddings come from a column, or from a serving that is asked for the texts. Rows are decided by priority, then in
    order: a row stays unless the cosine with a row that stays reaches `1 - eps`. Up to 4096 rows every pair is
    compared; more rows are put into cells by k-means, and a row is compared with what stays in the `probes` cells
    nearest to it, so that few pairs are missed. The judged value is the cosine.

    Args:
        embedding_serving: the model that is asked; None needs `input_embedding_key`.
        eps: duplicates have a cosine of at least 1 - eps; from 0 to 2.
        n_clusters: number of cells; None: 1 up to 4096 rows, then the square root of their number.
        probes: cells that a row is compared with; as many as there are cells compares all pairs.
        seed: of the first centres of the cells.
        profile: reproduce the verdicts of a published tool for the same embeddings, faults included.

    Keys:
        input_key: column of texts to compare.
        input_keys: several columns of texts, compared as one.
        input_embedding_key: column of embeddings, lists of numbers of one length. Exactly one of the three is given.
        input_priority_key: column of numbers, larger is better; null is worst. By default the first row stays.
        output_key: new column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Rows without a text or embedding, and with an embedding of zeros, stay. Empty and blank texts are not asked
        for; equal ones are duplicates.

    Differences:
        The published operator loads a model of its own (`model_name`, `model_cache_dir`, `device`), holds a matrix of
        all pairs in memory, and drops a row for its nearness to one that was dropped itself; with
        `profile="open-dataflow-1.0.13"` that fault applies.

    Source:
        `SemDeduplicateFilter` of open-dataflow 1.0.13; A. Abbas et al., "SemDeDup" (2023).

    Examples:
        >>> import pyarrow as pa
        >>> rows = pa.table({"name": ["a", "b", "c"], "vector": [[1.0, 0.0], [0.0, 1.0], [3.0, 0.1]]})
        >>> kept, drops = SemDeduplicateFilter().apply(rows, input_embedding_key="vector", return_drops=True)
        >>> kept["name"].to_pylist(), drops["detail"].to_pylist()
        (['a', 'b'], ['duplicate of row 0 (cosine 0.999)'])
    """

    embedding_serving: EmbeddingServing | None = None
    eps: float = 0.05
    n_clusters: int | None = None
    probes: int = 2
    seed: int = 0
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not 0 <= self.eps <= 2:  # a cosine lies between -1 and 1
            raise ParameterError(f"{self.name}: eps={self.eps} must lie between 0 and 2")
        for name, value in (("n_clusters", self.n_clusters), ("probes", self.probes)):
            if value is not None and not 1 <= value < LARGEST:
                raise ParameterError(f"{self.name}: {name}={value} must be at least 1")
        if not 0 <= self.seed < LARGEST:
            raise ParameterError(f"{self.name}: seed={self.seed} must not be negative")

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that exactly one of the input keys is given and that the label is a new column, besides the columns."""
        mistakes = super().column_mistakes(columns, keys) + label_mistakes(self.name, columns, keys)
        sources = [name for name in ("input_key", "input_keys", "input_embedding_key") if keys[name] is not None]
        if len(sources) != 1:
            mistakes.insert(0, f"{self.name}: give exactly one of input_key, input_keys and input_embedding_key")
        elif sources != ["input_embedding_key"] and self.embedding_serving is None:
            mistakes.insert(0, f"{self.name}: texts need an embedding_serving, or give input_embedding_key")
        return mistakes

    def process(
        self,
        dataset: Dataset,
        input_key: Text | None = None,
        input_keys: list[Text] | None = None,
        input_embedding_key: ListColumn | None = None,
        input_priority_key: Number | None = None,
        output_key: Integer | None = None,
    ) -> Verdict:
        """Compare the embeddings of all rows."""
        finder = _native.SemanticDuplicates(
            threshold=1 - self.eps,
            cells=1 if self.profile is not None else self.n_clusters,
            probes=self.probes,
            seed=self.seed,
            chains=self.profile is not None,
        )
        blank = _native.ExactDuplicates()
        first = 0
        for batch in dataset.batches():
            ranks = priorities(batch, input_priority_key)
            if input_embedding_key is not None:
                vectors = batch[input_embedding_key].cast(pa.list_(pa.float32()))
            else:
                texts = joined_texts(batch, input_key, input_keys).to_pylist()
                vectors = self._embed(texts, first)
                empty = [text if text is not None and not text.strip() else None for text in texts]
                blank.add(pa.array(empty, pa.string()), ranks)
            finder.add(vectors, ranks)
            first += batch.num_rows
        found = pa.Table.from_batches([pa.record_batch(finder.finish()), pa.record_batch(blank.finish())])
        detail = lambda keeper, cosine: f"duplicate of row {keeper} (cosine {cosine:.3f})"  # noqa: E731
        return verdict_over(found, dataset, output_key, 1 - self.eps, detail)

    def _embed(self, texts: list[str | None], first: int) -> pa.Array:
        """Return the embeddings of texts; null for those without anything to embed."""
        assert self.embedding_serving is not None
        embeddings = self.embedding_serving.embed([text if text and text.strip() else None for text in texts])
        for row, error in sorted(embeddings.errors.items()):
            raise OperatorError(f"{self.name}: row {first + row} has no embedding: {error}") from error
        return embeddings.as_column()
