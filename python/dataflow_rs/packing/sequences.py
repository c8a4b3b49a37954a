"""`pack`: data sets in, sequences for training out.

Memory stays bounded: documents are encoded batch by batch, packed a window at a time, and finished sequences wait in a
temporary file beside the output until their order is known. The bytes written are a function of the input and the
arguments alone, whatever the number of threads.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.types as pat

from dataflow_rs import _native
from dataflow_rs.exceptions import ColumnError, ParameterError, nearest
from dataflow_rs.packing.indexed import IndexedWriter, token_type
from dataflow_rs.storage.formats import open_source, write_file

Method = Literal["best_fit", "concatenate", "documents"]
TooLong = Literal["split", "truncate", "drop", "error"]
READ_SEQUENCES = 256
TOKENS = pa.large_list(pa.uint32())
SCHEMA = pa.schema(
    [
        pa.field("input_ids", pa.list_(pa.uint32()), nullable=False),
        pa.field("lengths", pa.list_(pa.int32()), nullable=False),
        pa.field("rows", pa.list_(pa.int64()), nullable=False),
        pa.field("starts", pa.list_(pa.int64()), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
"""What is written: a row is a sequence, and its lists have one entry per piece of a document."""


@dataclass(frozen=True)
class PackedSource:
    """What became of a source.

    Args:
        documents: documents in sequences.
        empty: documents that are null or have no token; they are in no sequence.
        dropped: documents that `too_long="drop"` left out.
        lost_tokens: tokens of dropped documents, and those that `too_long="truncate"` cut off.
        tokens: tokens in sequences, separators included.
        sequences: sequences made of the source.
        written: sequences written; with weights some may be left out, and some be there more than once.
    """

    documents: int
    empty: int
    dropped: int
    lost_tokens: int
    tokens: int
    sequences: int
    written: int


@dataclass(frozen=True)
class Packed:
    """What `pack` wrote.

    Args:
        files: the files.
        length: tokens of a sequence, at most.
        sequences: sequences written.
        tokens: tokens written, without padding.
        fill: `tokens` as a share of `sequences` times `length`; None with `method="documents"`.
        sources: name -> what became of the source.
    """

    files: tuple[Path, ...]
    length: int
    sequences: int
    tokens: int
    fill: float | None
    sources: Mapping[str, PackedSource]


def pack(
    sources: Any,
    path: str | os.PathLike[str],
    *,
    input_key: str = "text",
    tokenizer: Any = None,
    length: int = 2048,
    method: Method = "best_fit",
    too_long: TooLong = "split",
    separator: int | str | None = None,
    pad: int | None = None,
    row_key: str | None = None,
    seed: int | None = 0,
    weights: Mapping[str, float] | None = None,
    epochs: float = 1.0,
    window_tokens: int = 1 << 24,
) -> Packed:
    """Pack documents into token sequences of one length, and write them in the order of training.

    Every token is written exactly once, unless `too_long` or `weights` says otherwise. A sequence holds documents of
    one source.

    Args:
        sources: a data set, or a mapping of names to data sets: a path or glob, a table, or a `FileStorage`.
        path: the output. `.bin` writes Megatron's indexed format, `<stem>.bin`, `<stem>.idx` and `<stem>.rows.parquet`,
            which maps sequences to rows; `.parquet`, `.arrow` or `.jsonl` write one table.
        input_key: column of texts, or of lists of tokens.
        tokenizer: name or path for `load_tokenizer`, or an object with `encode(column)`; None where the column holds
            tokens.
        length: tokens of a sequence, 1 or more.
        method: `best_fit` keeps documents whole, each in the fullest sequence that has room; `concatenate` puts them
            one after the other and cuts; `documents` writes each as it is.
        too_long: what `best_fit` does with longer documents: `split` them into full sequences and a rest, `truncate`
            or `drop` them, or raise an `error`.
        separator: token after each document, by number or, with a tokenizer, by name; None is none.
        pad: token that fills sequences up to `length`; None leaves them short.
        row_key: column of int64 that names the rows; by default the row id of a `FileStorage`, else the position.
        seed: of the shuffle over all sequences; None keeps the order of packing.
        weights: source -> its share of the mixture, in sequences; the shares need not sum to 1.
        epochs: with weights, how often the source that runs out first is used, above 0.
        window_tokens: tokens that `best_fit` packs at a time; 4 bytes of memory each.

    Returns:
        What was written.

    Raises:
        ColumnError: a source lacks a column, or it holds neither text nor tokens.
        ParameterError: an argument does not fit.
        OperatorError: a document is too long and `too_long="error"`.

    Examples:
        >>> table = pa.table({"tokens": [[1, 2, 3, 4], [5], [6, 7, 8]]})
        >>> target = Path(tempfile.mkdtemp()) / "train.parquet"
        >>> packed = pack(table, target, input_key="tokens", length=4, seed=None)
        >>> packed.sequences, packed.tokens, packed.fill
        (2, 8, 1.0)
        >>> import pyarrow.parquet as pq
        >>> pq.read_table(target).select(["input_ids", "rows", "lengths"]).to_pylist()[1]
        {'input_ids': [5, 6, 7, 8], 'rows': [1, 2], 'lengths': [1, 3]}
    """
    named = dict(sources) if isinstance(sources, Mapping) else {"": sources}
    target = Path(path)
    _check(named, weights, seed)
    encoder = _encoder(tokenizer)
    separator_token = _separator(separator, encoder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        packer = _native.Packer(Path(folder) / "sequences", length, method, too_long, separator_token, window_tokens)
        for source in named.values():
            for rows, tokens in _documents(source, input_key, row_key, encoder):
                packer.add(rows, tokens)
            packer.end_source()
        shares = None if weights is None else [float(weights[name]) for name in named]
        order = pa.array(packer.order(seed, shares, epochs))
        writing = _Writing(packer, order, list(named), pad)
        vocabulary = max(packer.largest_token, pad or 0, getattr(encoder, "vocabulary_size", 0) - 1) + 1
        files = writing.indexed(target, vocabulary) if target.suffix == ".bin" else writing.table(target)
    return writing.packed(files, length, method)


class _Writing:
    """The sequences on their way into files; what passes is counted."""

    def __init__(self, packer: _native.Packer, order: pa.Array, names: list[str], pad: int | None) -> None:
        self.packer, self.order, self.names, self.pad = packer, order, pa.array(names, pa.string()), pad
        self.tokens = 0
        self.written = [0] * len(names)

    def batches(self) -> Iterator[tuple[pa.Array, list[pa.Array]]]:
        """Yield the tokens of sequences, and the other columns; the ones can be let go while the others are kept."""
        for start in range(0, len(self.order), READ_SEQUENCES):
            tokens, pieces = self.packer.read(self.order[start : start + READ_SEQUENCES], self.pad)
            batch = pa.record_batch(pieces)
            self.tokens += sum(batch["lengths"].flatten().to_pylist())
            for source in batch["source"].to_pylist():
                self.written[source] += 1
            source = pa.array(_native.take(self.names, batch["source"].cast(pa.int64())))
            yield pa.array(tokens), [*batch.columns[:3], source]

    def table(self, target: Path) -> tuple[Path, ...]:
        rows = (pa.record_batch([tokens, *others], schema=SCHEMA) for tokens, others in self.batches())
        write_file(rows, SCHEMA, target)
        return (target,)

    def indexed(self, target: Path, vocabulary: int) -> tuple[Path, ...]:
        """Write the pair of files and the mapping to rows; each appears when all are complete."""
        files = tuple(target.with_suffix(suffix) for suffix in (".bin", ".idx", ".rows.parquet"))
        drafts = tuple(file.with_name(f".{file.name}.{os.getpid()}.tmp") for file in files)
        schema = pa.schema(list(SCHEMA)[1:])
        try:
            with drafts[0].open("wb") as tokens, drafts[1].open("wb") as index:
                writer = IndexedWriter(token_type(vocabulary), tokens, index)

                def mapping() -> Iterator[pa.RecordBatch]:
                    for sequences, others in self.batches():
                        writer.add(sequences)
                        yield pa.record_batch(others, schema=schema)

                write_file(mapping(), schema, drafts[2], format="parquet")
                writer.finish()
            for draft, file in zip(drafts, files, strict=True):
                draft.replace(file)
        finally:
            for draft in drafts:
                draft.unlink(missing_ok=True)
        return files

    def packed(self, files: tuple[Path, ...], length: int, method: str) -> Packed:
        """Return the report."""
        sequences = len(self.order)
        counts = zip(self.names.to_pylist(), self.packer.counts(), self.written, strict=True)
        fill = None if method == "documents" or not sequences else self.tokens / (sequences * length)
        sources = {name: PackedSource(*numbers, written) for name, numbers, written in counts}
        return Packed(files, length, sequences, self.tokens, fill, sources)


def _check(named: Mapping[Any, Any], weights: Mapping[str, float] | None, seed: int | None) -> None:
    for name in weights or {}:
        if name not in named:
            raise ParameterError(f"weights: there is no source '{name}'{nearest(name, named)}")
    missing = [] if weights is None else [name for name in named if name not in weights]
    if missing:
        raise ParameterError(f"weights: the source '{missing[0]}' has none; 0 leaves it out")
    if not named:
        raise ParameterError("sources: there is none")
    if seed is not None and not 0 <= seed < 1 << 64:
        raise ParameterError(f"seed={seed} must lie between 0 and 2**64 - 1")


def _encoder(tokenizer: Any) -> Any:
    if not isinstance(tokenizer, (str, os.PathLike)):
        return tokenizer
    from dataflow_rs.core.tokenizers import load_tokenizer

    return load_tokenizer(os.fspath(tokenizer))


def _separator(separator: int | str | None, encoder: Any) -> int | None:
    if not isinstance(separator, str):
        return separator
    token = None if encoder is None else encoder.token_id(separator)
    if token is None:
        where = "there is no tokenizer to look it up" if encoder is None else "the tokenizer has no such token"
        raise ParameterError(f"separator='{separator}': {where}; give its number")
    return int(token)


def _documents(source: Any, input_key: str, row_key: str | None, encoder: Any) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Yield the row ids and the tokens of a source, batch by batch."""
    for batch, positions in _batches(source, input_key, row_key):
        for name in (input_key, *([row_key] if row_key else [])):
            if name not in batch.schema.names:
                raise ColumnError(f"there is no column '{name}'{nearest(name, batch.schema.names)}")
        rows = positions if row_key is None else batch[row_key].cast(pa.int64())
        if rows.null_count:
            raise ColumnError(f"the column '{row_key}' names the rows, but {rows.null_count} of its values are null")
        yield rows, _tokens(batch[input_key], input_key, encoder)


def _tokens(column: pa.Array, input_key: str, encoder: Any) -> pa.Array:
    dtype = column.type.value_type if pat.is_dictionary(column.type) else column.type
    if pat.is_string(dtype) or pat.is_large_string(dtype) or pat.is_string_view(dtype):
        if encoder is None:
            raise ParameterError(f"the column '{input_key}' holds text; name a tokenizer")
        return pa.array(encoder.encode(column)).cast(TOKENS)
    is_list = pat.is_list(dtype) or pat.is_large_list(dtype) or pat.is_fixed_size_list(dtype)
    if not (pat.is_null(dtype) or (is_list and pat.is_integer(dtype.value_type))):
        raise ColumnError(f"the column '{input_key}' holds {column.type}, but texts or lists of tokens are needed")
    try:
        return column.cast(TOKENS)
    except pa.ArrowInvalid as error:
        raise ColumnError(f"the column '{input_key}' holds what is no token: {error}") from error


def _batches(source: Any, input_key: str, row_key: str | None) -> Iterator[tuple[pa.RecordBatch, pa.Array]]:
    """Yield the batches of a source with the ids of their rows."""
    wanted = [input_key] if row_key is None or row_key == input_key else [input_key, row_key]
    done = 0
    if hasattr(source, "run") and hasattr(source, "batches"):  # a FileStorage
        ids = None
        for batch in source.batches(columns=wanted):
            ids = source.run.row_ids() if ids is None else ids
            yield batch, ids.slice(done, batch.num_rows).combine_chunks()
            done += batch.num_rows
        return
    for batch in open_source(source).batches():
        yield batch, pa.array(range(done, done + batch.num_rows), pa.int64())
        done += batch.num_rows
