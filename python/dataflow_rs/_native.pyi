"""Types of the native extension module.

Columns are any object with `__arrow_c_array__` or `__arrow_c_stream__` (pyarrow, Polars, ...) that holds `string`,
`large_string`, `string_view` or a dictionary of these. Results are objects with the same protocol: give them to
`pyarrow.record_batch`, `pyarrow.array` or `pyarrow.chunked_array`, which copies nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, final

import pyarrow as pa

__all__ = [
    "DecontaminationIndex",
    "Digest",
    "FastTextModel",
    "MinHashIndex",
    "TextFilter",
    "TextReader",
    "TextRefiner",
    "TextStage",
    "TextWriter",
    "__version__",
    "clean_answers",
    "compare_answers",
    "digest",
    "extract_answers",
    "lsh_collision_probability",
    "lsh_params",
    "read_answers",
    "read_part",
    "release_memory",
    "set_threads",
    "split",
    "sync_parts",
    "take",
    "text_schema",
    "threads",
    "window",
    "write_part",
]

__version__: Final[str]

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object = None) -> Any: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object = None) -> Any: ...

_Column: TypeAlias = _ArrowArray | _ArrowStream

@final
class FastTextModel:
    """A fastText classifier; predicts labels for columns of text."""

    def __new__(cls, path: str | os.PathLike[str]) -> FastTextModel: ...
    @property
    def labels(self) -> list[str]:
        """The labels without their prefix `__label__`."""

    def classify(self, column: _Column, preparation_json: str) -> _ArrowArray:
        """Predicts the likeliest label of each text: label (string) and probability (float64)."""

    def predict(self, column: _Column, labels: int, preparation_json: str) -> _ArrowArray:
        """Predicts several labels of each text, best first: labels (list of string), probabilities (list of float64)."""

    def probability(self, column: _Column, label: str, preparation_json: str) -> _ArrowArray:
        """The probability of one label for each text (float64)."""

@final
class DecontaminationIndex:
    """Evaluation items, searchable by runs of their words."""

    def __new__(
        cls,
        items: _Column,
        *,
        ngram: int = 13,
        min_words: int = 8,
        normalization: str = "words",
        max_items: int | None = None,
    ) -> DecontaminationIndex: ...
    def check(self, column: _Column) -> _ArrowArray:
        """Judges a column.

        Returns ngrams (uint64), the shares of text and item (float64), and of rows where something was found the number
        of the item (uint32), start and end of its longest span (uint64, in characters) and its quote (string).
        """

    @property
    def runs(self) -> int:
        """Runs that are looked up."""

    def __len__(self) -> int: ...

@final
class MinHashIndex:
    """Kept texts of a greedy near-duplicate search, fed with columns in row order."""

    def __new__(
        cls,
        num_perm: int = 128,
        threshold: float = 0.9,
        ngram: int = 5,
        use_n_gram: bool = True,
        verify: bool = False,
    ) -> MinHashIndex: ...
    def insert(self, column: _Column) -> _ArrowArray:
        """Decides the rows of a column: keep (bool), `duplicate_of` (uint64), similarity (float64)."""

    @property
    def bands(self) -> int:
        """Number of bands, b."""

    @property
    def rows(self) -> int:
        """Signature positions per band, r."""

    @property
    def seen(self) -> int:
        """Rows inserted so far; the next one gets this number."""

    @property
    def kept(self) -> int:
        """Kept rows, without nulls."""

@final
class TextFilter:
    """A rule with its parameters; judges columns of text."""

    def __new__(cls, rule: str, parameters_json: str) -> TextFilter: ...
    def judge(self, column: _Column) -> _ArrowArray:
        """Judges every row: keep (bool), value and threshold (float64), rule and detail (string) of dropped rows."""

@final
class TextRefiner:
    """A refiner with its parameters; rewrites columns of text."""

    def __new__(cls, refiner: str, parameters_json: str) -> TextRefiner: ...
    def refine(self, column: _Column) -> Any:
        """Returns the column with every text rewritten; type, nulls and chunks stay."""

def extract_answers(replies: _ArrowArray) -> _ArrowArray:
    """The final answer of each reply; null where there is none."""

def lsh_collision_probability(similarity: float, bands: int, rows: int) -> float:
    """Probability that two texts of the given Jaccard similarity share a band."""

def lsh_params(threshold: float, num_perm: int) -> tuple[int, int]:
    """Number of bands and positions per band that suit a similarity threshold."""

def set_threads(n: int | None = None) -> None:
    """Bounds the threads of all native operators; None is one per processor."""

@final
class Digest:
    """A BLAKE3 digest that is fed piece by piece."""

    def __new__(cls) -> Digest: ...
    def update(self, bytes: bytes) -> None:
        """Adds bytes."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far, 64 hexadecimal digits."""

def clean_answers(answers: _ArrowArray) -> _ArrowArray:
    """Each answer in one form: no wrappers, sizes and units, numbers in canonical form; null stays null."""

def compare_answers(golds: _ArrowArray, answers: _ArrowArray) -> _ArrowArray:
    """Whether each answer is the same as its gold answer; null where that takes algebra or one of them is null."""

def digest(bytes: bytes) -> str:
    """The BLAKE3 digest of some bytes, 64 hexadecimal digits."""

def write_part(path: str | os.PathLike[str], batch: pa.RecordBatch) -> tuple[int, int]:
    """Writes a batch as an Arrow IPC file, complete or not at all; returns its size and CRC-32. Not yet synced."""

def release_memory() -> None:
    """Returns freed memory to the system; glibc would keep it, once per thread. Does nothing on other systems."""

def sync_parts(paths: list[Path]) -> None:
    """Waits until the disk has the files."""

def read_answers(texts: _ArrowArray) -> _ArrowArray:
    """The answer that each text is or ends with; null where there is none."""

def read_part(
    path: str | os.PathLike[str], size: int, checksum: int, columns: list[str] | None = None
) -> _Batch | None:
    """Reads the batch of such a file, or some of its columns; None where size or CRC-32 differ."""

def split(keep: pa.BooleanArray) -> tuple[_ArrowArray, _ArrowArray]:
    """Positions of the rows that a mask keeps (int64) and of those that it drops (uint64); null counts as dropped."""

def take(values: pa.Array, positions: pa.Array) -> _ArrowArray:
    """The values of a column at some positions, in a column of the same type."""

def window(positions: pa.Int64Array, start: int, end: int) -> tuple[int, _ArrowArray]:
    """How many of the ascending positions lie before `start`, and those up to `end`, counted from `start`."""

def threads() -> int:
    """Number of threads that native operators run on."""

class _Batch:
    """A record batch, taken over by `pyarrow.record_batch` without copying."""

    num_columns: int
    num_rows: int
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _Schema:
    """A schema, taken over by `pyarrow.schema`."""

    def __arrow_c_schema__(self) -> object: ...

def text_schema(
    files: list[str],
    format: str,
    *,
    given: pa.Schema | None = None,
    columns: list[str] | None = None,
    skip: bool = False,
) -> _Schema:
    """Look at every value of text files and return the schema that holds them all."""

@final
class TextReader:
    """The record batches of text files, all of one schema."""

    def __new__(
        cls,
        files: list[str],
        format: str,
        schema: pa.Schema,
        *,
        columns: list[str] | None = None,
        skip: bool = False,
        batch_rows: int = 8192,
        batch_bytes: int = ...,
    ) -> TextReader: ...
    def __iter__(self) -> Iterator[_Batch]: ...
    def __next__(self) -> _Batch: ...
    def take_bad_lines(self) -> list[tuple[str, int, int, str, str]]:
        """Return file, line, column, message and text of the records left out since the last call."""
    @property
    def replaced_surrogates(self) -> int:
        """Halves of surrogate pairs that became U+FFFD so far."""

@final
class TextStage:
    """Rules and refiners that follow each other on one column; every text goes through them once."""

    def __new__(cls, operators: list[TextFilter | TextRefiner]) -> TextStage: ...
    def run(self, array: _ArrowArray) -> list[tuple[_ArrowArray, float]]:
        """Carries the texts of an array through all operators.

        Returns for each what `judge` or `refine` gives for the rows that reached it, and its share in the time.
        """

@final
class TextWriter:
    """A text file being written; it appears under its name with `finish`."""

    def __new__(cls, path: str | os.PathLike[str], format: str, schema: pa.Schema, compression: str) -> TextWriter: ...
    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""
    def finish(self) -> int:
        """Give the file its name and return the number of rows."""
    def abort(self) -> None:
        """Forget the file; nothing is left of it."""
