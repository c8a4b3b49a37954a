"""From a column of texts to vectors and row errors: what the operators that embed share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import pyarrow as pa
from dataflow_rs.core.operator import OnError, Operator
from dataflow_rs.core.results import RowError
from dataflow_rs.prompts.rows import is_blank
from dataflow_rs.serving.embedding import Embeddings, EmbeddingServing


class Embedding(Operator):
    """Base of operators that embed, beside `RowOperator` or another one.

    Args:
        embedding_serving: who embeds.
        on_error: what happens to a row whose call failed.
    """

    embedding_serving: EmbeddingServing
    on_error: OnError = field(default="keep", kw_only=True)


def embed_texts(serving: EmbeddingServing, texts: Sequence[str | None]) -> tuple[Embeddings, dict[int, RowError]]:
    """Return the vectors of texts, and why some have none; a null or blank text has neither vector nor error."""
    found = serving.embed([None if is_blank(text) else text for text in texts])
    return found, {position: RowError.of(error) for position, error in found.errors.items()}


def present(vectors: pa.FixedSizeListArray) -> tuple[list[int], pa.FixedSizeListArray]:
    """Return the positions of the texts that have a vector, and these vectors alone."""
    there = vectors.is_valid().to_pylist()
    return [position for position, valid in enumerate(there) if valid], vectors.drop_null()
