"""Types of the native library; see the Rust crate `dfrs-python`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pyarrow as pa

__version__: str

# --- formats: text files in and out -----------------------------------------------------------------------------------

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
        batch_bytes: int = 1048576,
    ) -> TextReader: ...
    def __iter__(self) -> Iterator[_Batch]: ...
    def __next__(self) -> _Batch: ...
    def take_bad_lines(self) -> list[tuple[str, int, int, str, str]]:
        """Return file, line, column, message and text of the records left out since the last call."""
    @property
    def replaced_surrogates(self) -> int:
        """Halves of surrogate pairs that became U+FFFD so far."""

class TextWriter:
    """A text file being written; it appears under its name with `finish`."""

    def __new__(
        cls, path: str | os.PathLike[str], format: str, schema: pa.Schema, compression: str
    ) -> TextWriter: ...
    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of a batch."""
    def finish(self) -> int:
        """Give the file its name and return the number of rows."""
    def abort(self) -> None:
        """Forget the file; nothing is left of it."""

# --- end of formats ---------------------------------------------------------------------------------------------------
