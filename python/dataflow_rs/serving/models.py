"""The pinned models of `LocalServing`: where their weights lie, and how they are fetched when somebody asks for it.

A model is a file of a known size and SHA-256 (`models.yaml`). It is checked once, when it arrives; a mark beside it
with its size and time of change says so to later starts. Nothing but `pull()` ever downloads.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from dataflow_rs.exceptions import ModelUnavailableError, ParameterError, StoreLockedError, nearest
from dataflow_rs.storage.lock import RunLock

DEFAULT = "qwen2.5-coder-0.5b-instruct"
DEFAULT_EMBEDDING = "all-minilm-l6-v2"
CACHE_VARIABLE = "DATAFLOW_RS_CACHE"
DIRECTORY_VARIABLE = "DATAFLOW_RS_MODEL_DIR"

Progress = Callable[[str, int, int], None]
"""Takes what is being done, the bytes done, and the bytes in all."""


@dataclass(frozen=True)
class Model:
    """A known model.

    Attributes:
        name: what `LocalServing(model=...)` takes.
        file: name of the file.
        bytes: its size.
        sha256: its digest.
        licence: licence of the weights.
        about: what to expect of it.
        hub: repository and revision on the model hub, if it is there.
        packages: name pattern, version and number of the packages that hold it in parts.
        converted: for a model that is made from its published weights (`gguf_bert.py`): the folder with them in the
            package.
        use: `chat` or `embeddings`.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    licence: str
    about: str
    hub: Mapping[str, str] | None = None
    packages: Mapping[str, Any] | None = None
    converted: str | None = None
    use: str = "chat"

    @property
    def path(self) -> Path:
        """Where `pull()` puts it."""
        return cache_dir() / "models" / self.file

    @property
    def hub_url(self) -> str | None:
        """Its address on the model hub; `HF_ENDPOINT` names a mirror."""
        if self.hub is None:
            return None
        return self.hub_address("model.safetensors" if self.converted else self.file)

    def hub_address(self, file: str) -> str:
        """Return the address of a file of its repository on the model hub."""
        assert self.hub is not None, "it is on the hub"
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        return f"{endpoint}/{self.hub['repository']}/resolve/{self.hub['revision']}/{file}"

    @property
    def package_names(self) -> list[str]:
        """The packages that hold its parts, pinned, in order."""
        if self.packages is None:
            return []
        pattern, version = self.packages["name"], self.packages["version"]
        return [f"{pattern.format(n=n)}=={version}" for n in range(1, self.packages["parts"] + 1)]

    def sources(self) -> list[str]:
        """Return where it can come from, for messages."""
        found = [f"a file {self.file} in the directory that {DIRECTORY_VARIABLE} names"]
        if self.hub_url is not None:
            found.append(self.hub_url)
        if self.package_names:
            first, last = self.package_names[0], self.package_names[-1]
            found.append(f"the package {first}" if first == last else f"the packages {first} to {last}")
        return found


def cache_dir() -> Path:
    """Return the user's cache directory: `DATAFLOW_RS_CACHE`, or what the platform provides."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "dataflow_rs"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "dataflow_rs"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dataflow_rs"


@cache
def known_models() -> dict[str, Model]:
    """Return name -> model of the pinned table."""
    import yaml

    text = resources.files("dataflow_rs.serving").joinpath("models.yaml").read_text(encoding="utf-8")
    return {name: Model(name, **entry) for name, entry in yaml.safe_load(text).items()}


def is_path(model: str) -> bool:
    """Whether a model is given as a file and not by name."""
    return model.endswith(".gguf") or "/" in model or os.sep in model


def check_name(model: str, use: str = "chat") -> None:
    """Raise ParameterError unless the model is a path, or a known name of a model for this use."""
    known = known_models().get(model)
    if known is not None and known.use != use:
        serving = {"chat": "LocalServing", "embeddings": "LocalEmbeddingServing"}[known.use]
        raise ParameterError(f"the model '{model}' is for {known.use}: give it to {serving}")
    _check_known(model)


def _check_known(model: str) -> None:
    if not is_path(model) and model not in known_models():
        raise ParameterError(
            f"there is no model '{model}'{nearest(model, known_models())}; known: {', '.join(known_models())}, or the "
            "path of a .gguf file"
        )


def locate(model: str) -> Path:
    """Return the file of a model, by name or path; nothing is downloaded.

    Raises:
        ModelUnavailableError: it is not on this machine; the message lists the sources and the command that fetches it.
        ParameterError: the name is unknown.
    """
    _check_known(model)
    if is_path(model):
        path = Path(model).expanduser()
        if path.is_file():
            return path
        raise ModelUnavailableError(f"there is no model file {path}", attempts=0)
    known = known_models()[model]
    for path in (*_given_file(known), known.path):
        if path.is_file() and _is_verified(path, known):
            return path
    listed = "; ".join(known.sources())
    raise ModelUnavailableError(
        f"the model {model} is not on this machine. Fetch it with: dataflow-rs models pull {model} (sources: {listed})",
        attempts=0,
    )


def identity_of(model: str) -> str:
    """Return what tells a model's answers from another's: its digest, which for a path is computed once."""
    if not is_path(model):
        known = known_models().get(model)
        return model if known is None else f"{model}@{known.sha256[:16]}"
    path = Path(model).expanduser()
    return f"{path.name}@{_digest_once(path)[:16]}" if path.is_file() else path.name


def pull(model: str, progress: Progress | None = None) -> Path:
    """Fetch a known model into the cache, unless it is there, and return its file.

    The sources are tried in order: the model hub (not with `HF_HUB_OFFLINE=1`), then packages. The file appears under
    its name only when its SHA-256 is right. Of two processes that pull the same model, one fetches and one waits.

    Args:
        model: a known name.
        progress: called with what is being done, the bytes done, and the bytes in all.

    Raises:
        ModelUnavailableError: no source has it; the message says what each of them answered.
        ParameterError: the name is unknown.
    """
    from dataflow_rs.serving import model_sources

    if is_path(model):
        return locate(model)
    _check_known(model)
    known = known_models()[model]
    known.path.parent.mkdir(parents=True, exist_ok=True)
    with _waited_for(known.path.with_suffix(".lock"), progress or _silent):
        try:
            return locate(model)
        except ModelUnavailableError:
            partial = known.path.with_suffix(".partial")
            model_sources.fetch(known, partial, progress or _silent)
            partial.replace(known.path)
            _mark(known.path, known.sha256)
            return known.path


def _given_file(model: Model) -> list[Path]:
    directory = os.environ.get(DIRECTORY_VARIABLE)
    return [Path(directory) / model.file] if directory else []


def _silent(*_: Any) -> None:
    """Report nothing."""


class _waited_for(RunLock):  # noqa: N801  # reads as what it does
    """A lock that is waited for."""

    def __init__(self, path: Path, progress: Progress) -> None:
        super().__init__(path)
        self._progress = progress

    def __enter__(self) -> _waited_for:
        while True:
            try:
                super().__enter__()
            except StoreLockedError:
                self._progress("waiting for another process that fetches the model", 0, 0)
                time.sleep(0.5)
            else:
                return self


# -- checked once ------------------------------------------------------------------------------------------------------


def _is_verified(path: Path, model: Model) -> bool:
    """Whether the file is the model; hashed only if no mark says so already."""
    return path.stat().st_size == model.bytes and _digest_once(path) == model.sha256


def _digest_once(path: Path) -> str:
    """Return a file's SHA-256, from its mark in the cache if the file is unchanged since."""
    mark = _mark_of(path)
    try:
        noted = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        noted = None
    state = path.stat()
    if isinstance(noted, dict) and noted.get("file") == [state.st_size, state.st_mtime_ns]:
        return str(noted["sha256"])
    digest = digest_of(path)
    _mark(path, digest)
    return digest


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _mark_of(path: Path) -> Path:
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    return cache_dir() / "models" / "checked" / f"{path.name}-{place}.json"


def _mark(path: Path, digest: str) -> None:
    state = path.stat()
    mark = _mark_of(path)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        temporary = mark.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps({"file": [state.st_size, state.st_mtime_ns], "sha256": digest}))
        temporary.replace(mark)
    except OSError:  # a cache that cannot be written costs time at the next start, no more
        return
