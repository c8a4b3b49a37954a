"""`FakeEmbeddingServing`: embeddings without a model, for tests and examples."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import ParameterError, ServingError
from dataflow_rs.serving.embedding import EmbeddingServing, Vector, VectorFinished

_WORD = re.compile(r"\w+")


@component
class FakeEmbeddingServing(EmbeddingServing):
    """Embed texts by their words, the same on every machine: texts that share words have similar vectors.

    Each word adds 1 or -1 to one of the numbers, which its SHA-256 chooses; the vector is scaled to length 1. A text
    without words is embedded as its own characters.

    Args:
        size: numbers per vector.
        vectors: text -> vector, for tests that need certain ones.
        fail: text -> the error that it ends with.
        model: name that stands for the model in the call log.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: without meaning here.

    Attributes:
        calls: number of texts that were embedded, failed ones included.

    Examples:
        >>> from dataflow_rs.testing import FakeEmbeddingServing
        >>> one, other, far = FakeEmbeddingServing().generate_embedding_from_input(["red fish", "blue fish", "a car"])
        >>> sum(a * b for a, b in zip(one, other)) > sum(a * b for a, b in zip(one, far))
        True
    """

    family: ClassVar[str] = "fake-embedding"
    operational: ClassVar[frozenset[str]] = EmbeddingServing.operational | {"fail"}

    size: int = 64
    vectors: Mapping[str, Sequence[float]] | None = None
    fail: Any = None
    model: str = "fake"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < 1:
            raise ParameterError(f"FakeEmbeddingServing: size={self.size} must be at least 1")
        self.calls = 0

    def embed_all(self, texts: Sequence[str], finished: VectorFinished) -> None:
        """Embed one text after the other."""
        for position, text in enumerate(texts):
            self.calls += 1
            failure: ServingError | None = (self.fail or {}).get(text)
            given = (self.vectors or {}).get(text)
            vector = word_vector(text, self.size) if given is None else given
            finished(position, failure or Vector(vector, tokens=len(text.split())))


def word_vector(text: str, size: int) -> list[float]:
    """Return a text's vector of the given size."""
    numbers = [0.0] * size
    for word in _WORD.findall(text.lower()) or list(text):
        digest = hashlib.sha256(word.encode("utf-8", "replace")).digest()
        numbers[int.from_bytes(digest[:8], "little") % size] += 1.0 if digest[8] & 1 else -1.0
    length = math.sqrt(sum(number * number for number in numbers))
    if length == 0:  # opposite words have met
        return [1.0] + [0.0] * (size - 1)
    return [number / length for number in numbers]
