"""Embed texts."""

from __future__ import annotations

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows
from dataflow_rs.operators.core_text.embedded_texts import Embedding, embed_texts


@operator
class EmbeddingGenerator(Embedding, RowOperator):
    """Write the embedding of each text into a column of lists of 32-bit floats.

    The type of the column is the same for every model and batch, and survives all storages. A null or blank text has a
    null embedding; so has one whose call failed, and the run's errors say why.

    Args:
        embedding_serving: who embeds.
        on_error: what happens to a row whose call failed: `keep` it with a null embedding, `drop` it, or `raise`.

    Keys:
        input_key: the text.
        output_key: receives the embedding.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import EmbeddingGenerator
        >>> from dataflow_rs.testing import FakeEmbeddingServing
        >>> serving = FakeEmbeddingServing(2, vectors={"cat": [1.0, 0.5]})
        >>> EmbeddingGenerator(serving).apply(pa.table({"text": ["cat", None]}))["embeddings"].to_pylist()
        [[1.0, 0.5], None]
    """

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: ListColumn = "embeddings") -> Rows:
        """Embed each text."""
        found, errors = embed_texts(self.embedding_serving, batch[input_key].to_pylist())
        return Rows({output_key: found.as_column()}, errors)
