"""Megatron's indexed format: `.bin` holds the tokens end to end, `.idx` says where each sequence begins.

`.idx`, all numbers little-endian:

    9 bytes     MMIDIDX and two zero bytes
    uint64      version, 1
    uint8       type of a token: 8 is uint16, 4 is int32
    uint64      number of sequences, n
    uint64      number of document marks, d
    n x int32   tokens of each sequence
    n x int64   byte where each sequence begins in `.bin`
    d x int64   number of sequences before each document, and at the end all of them; here a sequence is a document

`.bin` alone is what nanoGPT and its relatives read (`numpy.memmap(path, dtype=numpy.uint16)`). Source of the layout:
megatron/core/datasets/indexed_dataset.py of Megatron-LM.
"""

from __future__ import annotations

import itertools
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from dataflow_rs.exceptions import MalformedInputError

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
TYPES: dict[str, tuple[int, str]] = {"uint16": (8, "H"), "int32": (4, "i")}
"""Name of a token type -> its code in `.idx`, and in the module `array`."""
SMALL = 65_500
"""Vocabularies below this size are stored as uint16, as Megatron does."""
_HEAD = struct.Struct("<9sQBQQ")


def token_type(vocabulary_size: int) -> str:
    """Return the type that holds the tokens of a vocabulary.

    Examples:
        >>> token_type(50_257), token_type(100_277)
        ('uint16', 'int32')
    """
    return "uint16" if vocabulary_size < SMALL else "int32"


class IndexedWriter:
    """Writes sequences to two open files.

    Args:
        dtype: type of a token, `uint16` or `int32`.
        tokens: the `.bin` file.
        index: the `.idx` file; it is written at the end.
    """

    def __init__(self, dtype: str, tokens: BinaryIO, index: BinaryIO) -> None:
        self.dtype, self.tokens, self.index = dtype, tokens, index
        self.arrow_type = {"uint16": pa.uint16(), "int32": pa.int32()}[dtype]
        self.lengths = array("i")

    def add(self, sequences: pa.ListArray) -> None:
        """Append sequences."""
        values = sequences.flatten().cast(self.arrow_type)
        width = self.arrow_type.bit_width // 8
        if len(values):
            bytes_ = memoryview(values.buffers()[1])
            self.tokens.write(bytes_[values.offset * width : (values.offset + len(values)) * width])
        offsets = sequences.offsets.to_pylist()
        self.lengths.extend(end - start for start, end in itertools.pairwise(offsets))

    def finish(self) -> None:
        """Write the index."""
        code, letter = TYPES[self.dtype]
        width = array(letter).itemsize
        starts = array("q", itertools.accumulate((length * width for length in self.lengths), initial=0))
        count = len(self.lengths)
        self.index.write(_HEAD.pack(MAGIC, VERSION, code, count, count + 1))
        for numbers in (self.lengths, starts[:-1], array("q", range(count + 1))):
            self.index.write(_little(numbers).tobytes())


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


@dataclass(frozen=True)
class IndexedFile:
    """The sequences of a pair of files.

    Args:
        path: the `.bin` file.
        dtype: type of a token, `uint16` or `int32`.
        lengths: tokens of each sequence.
        starts: byte where each sequence begins.
    """

    path: Path
    dtype: str
    lengths: array[int]
    starts: array[int]

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.lengths)

    def __getitem__(self, number: int) -> array[int]:
        """Return the tokens of a sequence."""
        tokens = array(TYPES[self.dtype][1])
        with self.path.open("rb") as file:
            file.seek(self.starts[number])
            tokens.frombytes(file.read(self.lengths[number] * tokens.itemsize))
        return _little(tokens)

    def __iter__(self) -> Iterator[array[int]]:
        """Yield all sequences."""
        return (self[number] for number in range(len(self)))


def open_indexed(prefix: str | Path) -> IndexedFile:
    """Open `<prefix>.bin` and `<prefix>.idx`.

    Args:
        prefix: path of the two files, without or with one of the suffixes.

    Raises:
        MalformedInputError: the index is damaged, or is not one.

    Examples:
        >>> import tempfile
        >>> from dataflow_rs.packing import pack
        >>> table = pa.table({"tokens": [[1, 2, 3], [4, 5]]})
        >>> path = Path(tempfile.mkdtemp()) / "train.bin"
        >>> _ = pack(table, path, input_key="tokens", length=4, method="concatenate", separator=0, seed=None)
        >>> [sequence.tolist() for sequence in open_indexed(path)]
        [[1, 2, 3, 0], [4, 5, 0]]
    """
    path = Path(prefix)
    base = path.with_suffix("") if path.suffix in (".bin", ".idx") else path
    content = (index := base.with_name(f"{base.name}.idx")).read_bytes()
    names = {code: name for name, (code, _) in TYPES.items()}
    if len(content) < _HEAD.size:
        raise MalformedInputError(f"{index}: an index has at least {_HEAD.size} bytes", str(index))
    magic, version, code, sequences, documents = _HEAD.unpack_from(content)
    size = _HEAD.size + sequences * 12 + documents * 8
    if magic != MAGIC or version != VERSION or code not in names or len(content) != size:
        raise MalformedInputError(
            f"{index}: this is no index of version {VERSION} with uint16 or int32 tokens", str(index)
        )
    lengths, starts = array("i"), array("q")
    middle = _HEAD.size + sequences * 4
    lengths.frombytes(content[_HEAD.size : middle])
    starts.frombytes(content[middle : middle + sequences * 8])
    return IndexedFile(base.with_name(f"{base.name}.bin"), names[code], _little(lengths), _little(starts))
