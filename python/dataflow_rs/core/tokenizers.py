"""Tokenizers by name or path: which file holds the vocabulary, and the native object that reads it.

Nothing is ever downloaded. A name is looked for where other libraries put their files: tiktoken's cache, installed
packages, the cache of `huggingface_hub`; the error says what was looked for and what to do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataflow_rs import _native
from dataflow_rs.exceptions import ParameterError

if TYPE_CHECKING:
    import pyarrow as pa

PUBLISHED = ("cl100k_base", "o200k_base", "o200k_harmony", "p50k_base", "p50k_edit", "r50k_base", "gpt2", "qwen")
"""Encodings whose files are in tiktoken's form: `<name>.tiktoken`."""
FILE_OF = {"o200k_harmony": "o200k_base", "p50k_edit": "p50k_base", "gpt2": "r50k_base"}
"""Encodings that share the file of another one."""
SOURCE = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
"""Where tiktoken fetches its files from; its cache names them by the SHA-1 of this address."""
JSON_NAME = "tokenizer.json"


@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary with the rules that cut texts for it. Made by `load_tokenizer`.

    Ids and counts are those of tiktoken's `encode_ordinary` and of `tokenizers` without the tokens that a model's input
    begins and ends with.

    Args:
        name: what it was asked for as.
        path: the file that holds the vocabulary.
        native: the native object, for other native functions.
        fingerprint: digest of the vocabulary file and of how special tokens are read.
    """

    name: str
    path: Path
    native: _native.Tokenizer = field(repr=False)
    fingerprint: str = field(repr=False)

    def count(self, column: Any) -> pa.Array:
        """Return the number of tokens of every text of a column (int64); null stays null.

        Raises:
            ColumnError: the column does not hold text.
        """
        import pyarrow as pa

        return pa.array(self.native.count(column))

    def encode(self, column: Any) -> pa.LargeListArray:
        """Return the tokens of every text of a column (large list of uint32); null stays null.

        Raises:
            ColumnError: the column does not hold text.
        """
        import pyarrow as pa

        return pa.array(self.native.encode(column))

    def count_text(self, text: str) -> int:
        """Return the number of tokens of a text."""
        return self.native.count_text(text)

    def encode_text(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return self.native.encode_text(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some tokens; where they end inside a character, U+FFFD."""
        return bytes(self.native.decode_bytes(list(ids))).decode("utf-8", errors="replace")

    def token_id(self, token: str) -> int | None:
        """Return the id of a token, special ones included; None if there is none."""
        return self.native.token_id(token)

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, special ones included."""
        return self.native.vocabulary_size

    @property
    def is_native(self) -> bool:
        """Whether the vocabulary is encoded natively; others go through `tokenizers` at its speed."""
        return self.native.is_native


def load_tokenizer(name: str, *, special: bool | None = None) -> Tokenizer:
    """Return a tokenizer; loaded once per file.

    Args:
        name: a published encoding (`cl100k_base`, `o200k_base`, `o200k_harmony`, `p50k_base`, `p50k_edit`, `r50k_base`,
            `gpt2`, `qwen`), the name of a model in the cache of `huggingface_hub` (`org/model`), the path of a
            `.tiktoken` file whose stem is a published encoding (also compressed: `.tiktoken.zst`, `.tiktoken.gz`), the
            path of a `tokenizer.json`, or a folder that holds one.
        special: whether special tokens in a text, such as `<|endoftext|>`, are read as such; False reads them as any
            other text. By default as the peer does: not in tiktoken's encodings, yes in a `tokenizer.json`.

    Raises:
        ParameterError: there is no such file, or it is not a vocabulary.

    Examples:
        >>> load_tokenizer("no_such_encoding")
        Traceback (most recent call last):
            ...
        dataflow_rs.exceptions.ParameterError: tokenizer 'no_such_encoding': no such file, and neither a published ...
    """
    path = find_file(name)
    stat = path.stat()
    return _load(name, path, special, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=16)
def _load(name: str, path: Path, special: bool | None, state: tuple[int, int]) -> Tokenizer:
    """Read a file; `state` makes a changed file a new one."""
    import hashlib

    del state
    content = _read(path)
    encoding = _encoding_of(name, path)
    try:
        if encoding is not None:
            special = bool(special)
            native = _native.Tokenizer.from_tiktoken(content, encoding, special)
        else:
            special = special is not False
            native = _native.Tokenizer.from_json(content, special)
    except ParameterError as error:
        raise ParameterError(f"tokenizer '{name}': {path}: {error}") from None
    fingerprint = hashlib.sha256(f"{encoding} {special} ".encode() + content).hexdigest()
    return Tokenizer(name, path, native, fingerprint)


def find_file(name: str) -> Path:
    """Return the file that holds a tokenizer's vocabulary.

    Raises:
        ParameterError: there is none; the message says where it was looked for.
    """
    path = Path(name)
    if path.is_dir() and (path / JSON_NAME).is_file():
        return path / JSON_NAME
    if path.is_file():
        return path
    if name in PUBLISHED:
        file = FILE_OF.get(name, name)
        for candidate in _places(file):
            if candidate.is_file():
                return candidate
        raise ParameterError(
            f"tokenizer '{name}': {file}.tiktoken is neither in tiktoken's cache nor in an installed package, and is "
            f"not downloaded. Give the path of the file, or fetch it once with: "
            f"TIKTOKEN_CACHE_DIR=<folder> python -c \"import tiktoken; tiktoken.get_encoding('{name}')\" "
            f"and set TIKTOKEN_CACHE_DIR"
        )
    for candidate in _hub_snapshots(name):
        return candidate
    raise ParameterError(
        f"tokenizer '{name}': no such file, and neither a published encoding ({', '.join(PUBLISHED)}) nor a model "
        f"in the cache of huggingface_hub. Give the path of a .tiktoken file or of a tokenizer.json"
    )


def missing_vocabulary(name: str) -> list[str]:
    """Return why there is no file for a tokenizer, as one problem; none if there is one."""
    try:
        find_file(name)
    except ParameterError as error:
        return [str(error)]
    return []


def _places(file: str) -> Iterator[Path]:
    """Yield where the file of a published encoding may be."""
    import hashlib

    digest = hashlib.sha1(SOURCE.format(name=file).encode(), usedforsecurity=False).hexdigest()
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]) / digest
    import tempfile

    yield Path(tempfile.gettempdir()) / "data-gym-cache" / digest
    from importlib.metadata import distributions

    for distribution in distributions():
        for entry in distribution.files or ():
            if entry.name == f"{file}.tiktoken":
                yield Path(str(distribution.locate_file(entry)))


def _hub_snapshots(name: str) -> Iterator[Path]:
    """Yield the tokenizer files of a model in the cache of `huggingface_hub`, the newest first."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    folder = cache / ("models--" + name.replace("/", "--")) / "snapshots"
    found = folder.glob(f"*/{JSON_NAME}") if folder.is_dir() else ()
    yield from sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _encoding_of(name: str, path: Path) -> str | None:
    """Return the published encoding of a file; None for a tokenizer.json."""
    if name in PUBLISHED and not Path(name).exists():
        return name
    stem, marker, _ = path.name.partition(".tiktoken")
    return stem if marker else None


def _read(path: Path) -> bytes:
    """Return the content of a file, decompressed."""
    codec = {".zst": "zstd", ".gz": "gzip"}.get(path.suffix)
    if codec is None:
        return path.read_bytes()
    import pyarrow as pa

    with pa.CompressedInputStream(pa.OSFile(str(path)), codec) as stream:
        return bytes(stream.read())
