"""`EmbeddingServing`: a backend that turns texts into vectors, and `Embeddings`, what comes of it.

A vector travels through call log and completions as base64 of its little-endian float32 values, 5.3 bytes a value; it
is never a list of Python floats before somebody asks for one.
"""

from __future__ import annotations

import base64
import sys
from abc import abstractmethod
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from dataflow_rs.exceptions import MalformedReplyError, ServerFailedError, ServingError
from dataflow_rs.serving.base import Finished
from dataflow_rs.serving.measuring import MeasuringServing, text_of
from dataflow_rs.serving.types import Completion, Request, Usage

VectorFinished: TypeAlias = "Callable[[int, Vector | ServingError], None]"
"""Takes the position of a text, and its vector or why there is none; may be called from any thread."""


@dataclass(frozen=True)
class Vector:
    """A text's embedding as a backend reports it.

    Args:
        values: the numbers.
        tokens: tokens of the text, where the backend counts them.
        attempts: how often the text was sent.
        latency_s: seconds from the first attempt to the end.
    """

    values: Iterable[float]
    tokens: int = 0
    attempts: int = 1
    latency_s: float = 0.0


@dataclass(frozen=True)
class Embeddings:
    """The vectors of texts.

    Attributes:
        vectors: `fixed_size_list<float32>[n]`, one per text; null where there is none. If no text at all has a vector,
            n is what the serving's earlier calls gave, else 0.
        errors: position of the text -> why it has no vector. A null text has neither vector nor error.
    """

    vectors: pa.FixedSizeListArray
    errors: Mapping[int, ServingError] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Numbers per vector."""
        return int(self.vectors.type.list_size)

    def as_column(self) -> pa.ListArray:
        """Return the vectors as `list<float32>`, a column type that does not depend on the model."""
        return self.vectors.cast(pa.list_(pa.float32()))

    def to_lists(self) -> list[list[float] | None]:
        """Return the vectors as Python lists; None where there is none."""
        lists: list[list[float] | None] = self.vectors.to_pylist()
        return lists


class EmbeddingServing(MeasuringServing):
    """Base of backends that turn texts into vectors.

    A backend of your own derives from it and writes one method, `embed_all()`. Equal texts are sent once, vectors are
    recorded in the call log and found there by the next run, and every text ends as a vector or as a typed error.

    Args:
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: without meaning here.

    Examples:
        >>> from dataflow_rs.serving import EmbeddingServing, Vector
        >>> class LengthServing(EmbeddingServing):
        ...     '''Embed by length.'''
        ...     def embed_all(self, texts, finished):
        ...         for position, text in enumerate(texts):
        ...             finished(position, Vector([len(text), text.count(" ")]))
        >>> LengthServing().generate_embedding_from_input(["one", "two or three", None])
        [[3.0, 0.0], [12.0, 2.0], None]
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._size = 0

    @abstractmethod
    def embed_all(self, texts: Sequence[str], finished: VectorFinished) -> None:
        """Embed texts, and report each as soon as it has ended; the one method that a backend writes.

        Args:
            texts: distinct texts that are not blank.
            finished: to be called once per text, with its `Vector` or the `ServingError` that it ended with.
        """

    def embed(self, texts: Iterable[str | None]) -> Embeddings:
        """Return the vectors of texts, in order. A null has no vector; a blank text and a failed call have an error.

        Raises:
            DataFlowError: the backend cannot work at all, for example because its model is not there.

        Examples:
            >>> from dataflow_rs.testing import FakeEmbeddingServing
            >>> found = FakeEmbeddingServing(size=4).embed(["a text", None, ""])
            >>> found.vectors.type, found.vectors.is_null().to_pylist()
            (FixedSizeListType(fixed_size_list<item: float>[4]), [False, True, True])
            >>> str(found.errors[2])
            'the text is blank: there is nothing to measure'
        """
        raw: list[bytes | None] = []
        errors: dict[int, ServingError] = {}
        for position, completion in enumerate(self.measure(list(texts))):
            data = None if completion is None else _bytes_of(completion)
            if data is not None:
                self._size = self._size or len(data) // 4
                if len(data) != 4 * self._size:
                    errors[position] = _other_size(len(data) // 4, self._size)
                    data = None
            elif completion is not None and completion.error is not None:
                errors[position] = completion.error
            raw.append(data)
        return Embeddings(_packed(raw, self._size), errors)

    def generate_embedding_from_input(self, texts: Sequence[str | None]) -> list[list[float] | None]:
        """Return one vector per text as a list of floats; None where there is none. The simple entry; see `embed`."""
        return self.embed(texts).to_lists()

    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Embed the texts of requests."""

        def ended(position: int, end: Vector | ServingError) -> None:
            if isinstance(end, ServingError):
                finished(position, Completion.failed(end))
                return
            data = floats(end.values).tobytes()
            if not data:
                finished(position, Completion.failed(ServerFailedError("the vector is empty", attempts=end.attempts)))
                return
            text = base64.b64encode(data).decode()
            usage = Usage(end.tokens, 0)
            finished(position, Completion(text, usage, "stop", end.latency_s, end.attempts))

        self.embed_all([text_of(request) for request in requests], ended)


def floats(values: Iterable[float]) -> array[float]:
    """Return numbers as little-endian float32."""
    numbers = array("f", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _bytes_of(completion: Completion) -> bytes | None:
    return None if completion.error is not None else base64.b64decode((completion.text or "").encode())


def _packed(raw: Sequence[bytes | None], size: int) -> pa.FixedSizeListArray:
    empty = bytes(4 * size)
    data = b"".join(empty if item is None else item for item in raw)
    values = pa.Array.from_buffers(pa.float32(), len(raw) * size, [None, pa.py_buffer(data)])
    if size == 0:
        return pa.nulls(len(raw), pa.list_(pa.float32(), 0))
    return pa.FixedSizeListArray.from_arrays(values, size, mask=pa.array([item is None for item in raw], pa.bool_()))


def _other_size(found: int, expected: int) -> MalformedReplyError:
    return MalformedReplyError(
        f"the vector has {found} numbers, earlier ones of this serving have {expected}; do its endpoints serve "
        "different models?"
    )
