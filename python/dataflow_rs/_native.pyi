"""Types of the native extension module.

Columns are any object with `__arrow_c_array__` or `__arrow_c_stream__` (pyarrow, Polars, ...) that holds `string`,
`large_string`, `string_view` or a dictionary of these. Results are objects with the same protocol: give them to
`pyarrow.record_batch`, `pyarrow.array` or `pyarrow.chunked_array`, which copies nothing.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, final

import pyarrow as pa

__all__ = [
    "ChunkDuplicates",
    "DatatroveSignatures",
    "DecontaminationIndex",
    "DedupIndex",
    "Digest",
    "ExactDuplicates",
    "FastTextModel",
    "MinHashIndex",
    "MinHashSearch",
    "MinHashSettings",
    "NgramModel",
    "Packer",
    "RepeatedSpans",
    "RepeatedSubstrings",
    "SeenNgrams",
    "SemanticDuplicates",
    "SimHashDuplicates",
    "TextFilter",
    "TextMeasure",
    "TextReader",
    "TextRefiner",
    "TextStage",
    "TextWriter",
    "Tokenizer",
    "__version__",
    "clean_answers",
    "compare_answers",
    "datatrove_removals",
    "digest",
    "extract_answers",
    "k_center",
    "lsh_collision_probability",
    "lsh_params",
    "lsh_params_for_recall",
    "nearest",
    "read_answers",
    "read_part",
    "release_memory",
    "set_threads",
    "simhash_fingerprint",
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
class ExactDuplicates:
    """Exact duplicates, by a key of every row."""

    def __new__(
        cls,
        *,
        normalization: str = "exact",
        url: bool = False,
        bits: int = 128,
        cryptographic: bool = False,
        memory: int | None = None,
        folder: Path | None = None,
    ) -> ExactDuplicates: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next rows and their priorities (int64 or float64, larger is better)."""

    def finish(self) -> _ArrowArray:
        """The rows that repeat another one: row and keeper (uint64), similarity (float64), by row."""

@final
class SimHashDuplicates:
    """Near-duplicates by `SimHash`."""

    def __new__(
        cls, *, fingerprint_size: int = 64, bound: float = 0.1, as_published: bool = False
    ) -> SimHashDuplicates: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next rows and their priorities (int64 or float64, larger is better)."""

    def finish(self) -> _ArrowArray:
        """The rows that are near another one: row and keeper (uint64), similarity (float64), by row."""

def simhash_fingerprint(text: str, bits: int) -> int:
    """The `SimHash` fingerprint of a text, as the Python package `simhash` gives it."""

@final
class ChunkDuplicates:
    """Rows that share parts of equal length."""

    def __new__(cls, *, n_gram: int = 3, diff_size: int = 1, as_published: bool = False) -> ChunkDuplicates: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next rows and their priorities (int64 or float64, larger is better)."""

    def finish(self) -> _ArrowArray:
        """The rows that share enough parts: row and keeper (uint64), number of shared parts (float64), by row."""

@final
class SemanticDuplicates:
    """Rows whose embeddings are near."""

    def __new__(
        cls,
        *,
        threshold: float = 0.95,
        cells: int | None = None,
        probes: int = 2,
        seed: int = 0,
        chains: bool = False,
    ) -> SemanticDuplicates: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next embeddings (a list column of float32) and their priorities (int64 or float64)."""

    def finish(self) -> _ArrowArray:
        """The rows that are near another one: row and keeper (uint64), cosine (float64), by row."""

@final
class SeenNgrams:
    """Word n-grams that were seen."""

    def __new__(
        cls,
        *,
        ngram: int = 13,
        threshold: float = 0.8,
        normalization: str = "words",
        expected: int | None = None,
        false_positives: float = 1e-5,
    ) -> SeenNgrams: ...
    def insert(self, column: _Column) -> _ArrowArray:
        """Shares of n-grams that earlier rows contain (float64); rows below the threshold join them."""

    @property
    def filter_bytes(self) -> int | None:
        """Bytes of the Bloom filter; None for the exact form, which grows."""

@final
class RepeatedSpans:
    """Repeated runs of lines, paragraphs or sentences: `add` all rows, `finish`, then `cut` all rows."""

    def __new__(
        cls,
        *,
        unit: str,
        normalization: str,
        run: int = 1,
        min_chars: int = 0,
        min_words: int = 0,
        memory: int | None = None,
        folder: Path | None = None,
    ) -> RepeatedSpans: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next rows and their priorities (int64 or float64, larger is better)."""

    def finish(self) -> tuple[int, int]:
        """Compares; returns the number of runs, and of those that repeat another."""

    def cut(self, column: _Column) -> _ArrowArray:
        """Cuts the rows, given again in order: text (`large_string`), pieces removed and left (uint64)."""

@final
class RepeatedSubstrings:
    """Repeated substrings: `add` all rows, `next_pass`, `add` all rows again, `next_pass`, then `cut` all rows."""

    def __new__(
        cls, *, min_length: int, unit: str = "characters", memory: int | None = None, folder: Path | None = None
    ) -> RepeatedSubstrings: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next rows of a pass and their priorities (int64 or float64, larger is better)."""

    def next_pass(self) -> None:
        """Ends a pass."""

    def cut(self, column: _Column) -> _ArrowArray:
        """Cuts the rows, given again in order.

        Returns text (`large_string`), and the spans that are gone as starts and ends in characters (list of int64).
        """

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
        """Predicts several labels of each text, best first: labels and probabilities, both lists."""

    def probability(self, column: _Column, label: str, preparation_json: str) -> _ArrowArray:
        """The probability of one label for each text (float64)."""

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
class NgramModel:
    """A back-off n-gram language model; scores columns of text."""

    def __new__(cls, path: str | os.PathLike[str]) -> NgramModel: ...
    @property
    def order(self) -> int:
        """Words of the longest n-grams."""

    def score(self, column: _Column) -> _ArrowArray:
        """Scores the lines of every text as sentences: log10, words, unknown and perplexity."""

@final
class Packer:
    """Packs documents into sequences of one length, which wait in a file."""

    def __new__(
        cls,
        path: str | os.PathLike[str],
        length: int,
        method: str,
        too_long: str,
        separator: int | None = None,
        window_tokens: int = ...,
    ) -> Packer: ...
    def add(self, rows: _ArrowArray, tokens: _ArrowArray) -> None:
        """Adds documents to the present source: their rows (int64) and tokens (large list of uint32)."""

    def end_source(self) -> None:
        """Ends the present source; what is added next belongs to another one."""

    def counts(self) -> list[tuple[int, int, int, int, int, int]]:
        """For every source that ended: documents, empty and dropped ones, lost tokens, tokens, sequences."""

    @property
    def largest_token(self) -> int:
        """The largest token of all finished sequences."""

    def order(self, seed: int | None = None, weights: list[float] | None = None, epochs: float = 1.0) -> _ArrowArray:
        """The numbers of the sequences in the order of training (uint32)."""

    def read(self, numbers: _ArrowArray, pad: int | None = None) -> tuple[_ArrowArray, _ArrowArray]:
        """Sequences by number: their tokens; and the lengths, rows and starts of their pieces, and source."""

@final
class MinHashSettings:
    """What two texts are compared by."""

    def __new__(
        cls,
        *,
        shingle: str = "word",
        normalization: str = "words",
        ngram: int = 5,
        family: str = "native",
        num_perm: int = 128,
        threshold: float = 0.8,
        bands: int | None = None,
        rows: int | None = None,
        recall: float = 0.95,
        verify: bool = True,
    ) -> MinHashSettings: ...
    @property
    def bands(self) -> int:
        """Number of bands, b."""

    @property
    def rows(self) -> int:
        """Signature positions per band, r."""

    @property
    def identity(self) -> str:
        """Everything that decides results, as one line."""

@final
class MinHashSearch:
    """Near-duplicates of a data set, fed with columns in row order."""

    def __new__(
        cls, settings: MinHashSettings, *, memory: int, folder: str | os.PathLike[str] | None = None
    ) -> MinHashSearch: ...
    def add(self, column: _Column, priorities: _Column | None = None) -> None:
        """Takes the next rows and what they are worth (int64 or float64; larger is better)."""

    def run(self, progress: Callable[[str, int, int], object] | None = None, *, every_row: bool = False) -> _ArrowArray:
        """Ends the input and returns the rows of all clusters, or a verdict on every row."""

@final
class DatatroveSignatures:
    """Signatures of datatrove 0.10.1, fed with columns in row order."""

    def __new__(
        cls, *, n_grams: int = 5, num_buckets: int = 14, hashes_per_bucket: int = 8, seed: int = 1, precision: int = 64
    ) -> DatatroveSignatures: ...
    def add(self, column: _Column) -> None:
        """Takes the next rows; null is like a text without n-grams."""

    def signatures(self) -> list[list[int]]:
        """Returns the signatures so far, empty for rows without n-grams."""

    def files(self) -> list[bytes]:
        """Returns the contents of the `.minhash.sig` files, one per bucket."""

@final
class DedupIndex:
    """Texts on disk that others are compared with."""

    def __new__(cls, path: str | os.PathLike[str], settings: MinHashSettings) -> DedupIndex: ...
    def __len__(self) -> int:
        """Number of documents, rows without a text included."""

    @property
    def parts(self) -> int:
        """Number of additions that it consists of."""

    def refresh(self) -> None:
        """Takes over what another process has added since."""

    def add(self, column: _Column, memory: int) -> None:
        """Takes the next texts of an addition, which counts from `commit` on."""

    def commit(self) -> None:
        """Makes the texts that were added part of the index."""

    def abandon(self) -> None:
        """Forgets what was added and not committed."""

    def query(self, column: _Column, memory: int) -> _ArrowArray:
        """Returns for every row the most similar document and the similarity, or null."""

    def clusters(
        self,
        memory: int,
        priorities: _Column | None = None,
        progress: Callable[[str, int, int], object] | None = None,
    ) -> _ArrowArray:
        """Returns the rows of all clusters."""

    def merge(self, other: DedupIndex) -> None:
        """Takes over all documents of another index with the same settings."""

    def check(self) -> None:
        """Reads all files and raises `CorruptStoreError` when one is not as it was written."""

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

def datatrove_removals(
    buckets: list[list[bytes]], *, hashes_per_bucket: int = 8, precision: int = 64
) -> list[list[int]]:
    """Returns the numbers that datatrove removes per file, from the signature files of every bucket."""

def lsh_params_for_recall(threshold: float, num_perm: int, recall: float) -> tuple[int, int]:
    """Bands and rows with the fewest candidates that find duplicates at the threshold with a probability."""

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

def k_center(vectors: pa.FixedSizeListArray, count: int, start: int) -> tuple[_ArrowArray, _ArrowArray]:
    """Positions of `count` vectors chosen greedily (int64), and every vector's distance to the nearest of them."""

def nearest(
    queries: pa.FixedSizeListArray, vectors: pa.FixedSizeListArray, count: int
) -> tuple[_ArrowArray, _ArrowArray]:
    """For each query the `count` vectors of greatest cosine, one query after the other: positions and cosines."""

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

@final
class Tokenizer:
    """A vocabulary with the rules that cut texts for it."""

    @staticmethod
    def from_tiktoken(file: bytes, encoding: str, special: bool = False) -> Tokenizer:
        """Read the content of a tiktoken file; `special` reads special tokens in texts as such.

        Raises:
            ParameterError: the encoding is unknown, or the file is not one.
        """

    @staticmethod
    def from_json(file: bytes, special: bool = True) -> Tokenizer:
        """Read the content of a tokenizer.json; `special` reads special tokens in texts as such.

        Raises:
            ParameterError: the file is not one.
        """

    def count(self, column: _Column) -> _ArrowArray:
        """Number of tokens per row (int64); null stays null."""

    def encode(self, column: _Column) -> _ArrowArray:
        """Tokens per row (large list of uint32); null stays null."""

    def tally(self, column: _Column) -> _ArrowArray:
        """How often each token occurs in a column: one number per id (uint64)."""

    def mean(self, column: _Column, numbers: list[float]) -> _ArrowArray:
        """The mean, over the tokens of each text, of a number per id (float64).

        Raises:
            ParameterError: there are fewer numbers than ids.
        """

    def count_text(self, text: str) -> int:
        """Number of tokens of one text."""

    def encode_text(self, text: str) -> list[int]:
        """Tokens of one text."""

    def decode_bytes(self, ids: list[int]) -> bytes:
        """The bytes that some tokens stand for."""

    def token_id(self, token: str) -> int | None:
        """The id of a token, None if there is no such token."""

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, special ones included."""

    @property
    def is_native(self) -> bool:
        """Whether the vocabulary is encoded here, as opposed to by the general library, which is slower."""

@final
class TextMeasure:
    """A measure with its parameters; describes texts by numbers."""

    def __new__(cls, measure: str, parameters_json: str) -> TextMeasure: ...
    @property
    def names(self) -> list[str]:
        """Names of the numbers."""

    def measure(self, column: _Column) -> _ArrowArray:
        """One float64 column per name, one row per text; null where there is nothing to measure."""
