"""MinHash files that datatrove 0.10.1 reads and writes: `.minhash.sig` and `.remove`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.exceptions import SourceNotFoundError


def write_signatures(
    texts: Any,
    folder: str | os.PathLike[str],
    *,
    rank: int = 0,
    n_grams: int = 5,
    num_buckets: int = 14,
    hashes_per_bucket: int = 8,
    seed: int = 1,
    precision: int = 64,
) -> list[Path]:
    """Write what `MinhashDedupSignature` writes for one task, byte for byte (language "en", xxHash).

    Args:
        texts: an Arrow array or chunked array of strings, or an iterable of them. A null is like an empty text.
        folder: where the folders `bucket_000` ... go.
        rank: number of the task, which names the files.
        n_grams: words per n-gram; a text with fewer words has no signature.
        num_buckets: number of bands.
        hashes_per_bucket: values per band.
        seed: seed of the permutations.
        precision: bits of a hash, 32 or 64.

    Returns:
        The files, one per bucket.

    Raises:
        ParameterError: a parameter is out of range.

    Examples:
        >>> import pyarrow as pa, tempfile
        >>> files = write_signatures(pa.array(["one two three four five six"]), tempfile.mkdtemp())
        >>> len(files), files[0].name, files[0].stat().st_size
        (14, '00000.minhash.sig', 68)
    """
    signatures = _native.DatatroveSignatures(
        n_grams=n_grams,
        num_buckets=num_buckets,
        hashes_per_bucket=hashes_per_bucket,
        seed=seed,
        precision=precision,
    )
    columns: Iterable[Any] = [texts] if isinstance(texts, (pa.Array, pa.ChunkedArray)) else texts
    for column in columns:
        signatures.add(column)
    files = []
    for number, content in enumerate(signatures.files()):
        path = Path(folder) / f"bucket_{number:03d}" / f"{rank:05d}.minhash.sig"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        files.append(path)
    return files


def write_removals(
    signatures: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    hashes_per_bucket: int = 8,
    precision: int = 64,
) -> list[Path]:
    r"""Write what `MinhashDedupBuckets` and `MinhashDedupCluster` make of signature files, byte for byte.

    Args:
        signatures: the folder with `bucket_000` ..., of any number of tasks.
        folder: where the `.remove` files go.
        hashes_per_bucket: values per band of the signatures.
        precision: bits of a hash, 32 or 64.

    Returns:
        The files, one per task that has something to remove.

    Raises:
        SourceNotFoundError: there are no signatures.
        CorruptStoreError: a signature file has an impossible length.

    Examples:
        >>> import pyarrow as pa, tempfile
        >>> place = tempfile.mkdtemp()
        >>> _ = write_signatures(pa.array(["one two three four five", "x", "One two three, four five."]), place)
        >>> [(file.name, file.read_bytes()) for file in write_removals(place, place)]
        [('000000.remove', b'\x02\x00\x00\x00')]
    """
    buckets = sorted(Path(signatures).glob("bucket_*"))
    names = sorted({file.name for bucket in buckets for file in bucket.glob("*.minhash.sig")})
    if not names:
        raise SourceNotFoundError(f"{signatures}: no bucket_*/*.minhash.sig in this folder")
    contents = [[(bucket / name).read_bytes() for name in names] for bucket in buckets]
    removed = _native.datatrove_removals(contents, hashes_per_bucket=hashes_per_bucket, precision=precision)
    Path(folder).mkdir(parents=True, exist_ok=True)
    files = []
    for name, numbers in zip(names, removed, strict=True):
        if numbers:
            path = Path(folder) / f"{int(name.split('.')[0]):06d}.remove"
            path.write_bytes(b"".join(number.to_bytes(4, "little") for number in numbers))
            files.append(path)
    return files
