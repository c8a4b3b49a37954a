"""The records of a run's manifest: which steps exist, which of their parts are committed, and with what checksums.

The manifest is a journal (`journal.py`). A part exists once its record is in the manifest; files without a record are
remains of a killed process and are never read. Record kinds:

    step   a step begins: index, name, folder, parent, fingerprint, description
    part   a part of a step is committed: rows in and out, files with size and CRC-32, counts, seconds
    done   all parts of a step are there
    gone   a step was superseded by one with another fingerprint; its folder is deleted
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

FORMAT = 1


@dataclass(frozen=True)
class Part:
    """A committed part of a step.

    Attributes:
        rows_in: rows of the parent's part.
        rows_out: rows after the step.
        files: kind (rows, take, drops, errors, scores, rejects) -> (bytes, CRC-32).
        schema: the columns that the step wrote.
        drops: rule -> number of rows dropped by it.
        errors: error class -> number of rows that failed with it.
        seconds: time spent in the operator.
        usage: model calls, tokens and cost; empty where there were none.
        rows: `kept` (rows of the parent's part), `new` (made from them, with ids of their own) or `replaced` (a new
            table, made from the whole parent).
    """

    rows_in: int
    rows_out: int
    files: dict[str, tuple[int, int]]
    schema: pa.Schema
    drops: dict[str, int]
    errors: dict[str, int]
    seconds: float
    usage: dict[str, Any]
    rows: Literal["kept", "new", "replaced"] = "kept"

    def to_record(self) -> dict[str, Any]:
        """Return the part as JSON data."""
        return {
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "files": {kind: list(sizes) for kind, sizes in self.files.items()},
            "schema": encode_schema(self.schema),
            "drops": self.drops,
            "errors": self.errors,
            "seconds": self.seconds,
            "usage": self.usage,
            "rows": self.rows,
        }

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Part:
        """Return the part of a record."""
        return cls(
            rows_in=record["rows_in"],
            rows_out=record["rows_out"],
            files={kind: (size, checksum) for kind, (size, checksum) in record["files"].items()},
            schema=decode_schema(record["schema"]),
            drops=record["drops"],
            errors=record["errors"],
            seconds=record["seconds"],
            usage=record["usage"],
            rows=record["rows"],
        )


@dataclass
class Step:
    """A step of a run as the manifest knows it.

    Attributes:
        index: number of the step; 0 is the source.
        name: class name of the operator, or `source`.
        folder: name of its folder, and its identity: it contains the fingerprint.
        parent: folder of the step it reads; None for the source.
        fingerprint: digest of everything that determines the step's content.
        description: operator, parameters and keys, for people and the report.
        base: first of the row ids that the step gives out.
        parts: the committed parts, in order.
        done: whether all parts are there.
    """

    index: int
    name: str
    folder: str
    parent: str | None
    fingerprint: str
    description: dict[str, Any]
    parts: list[Part] = field(default_factory=list)
    done: bool = False

    @property
    def base(self) -> int:
        """First of the row ids that the step gives out: 2^40 ids for each step."""
        return self.index << 40

    @property
    def replaces(self) -> bool:
        """Whether the step's columns are the whole table, as those of the source are."""
        return self.parent is None or any(part.rows == "replaced" for part in self.parts)

    @property
    def gives_ids(self) -> bool:
        """Whether its rows have ids of their own."""
        return self.replaces or any(part.rows == "new" for part in self.parts)

    @property
    def rows_in(self) -> int:
        """Rows read so far."""
        return sum(part.rows_in for part in self.parts)

    @property
    def rows_out(self) -> int:
        """Rows written so far."""
        return sum(part.rows_out for part in self.parts)

    @property
    def seconds(self) -> float:
        """Time spent in the operator."""
        return sum(part.seconds for part in self.parts)

    @property
    def drops(self) -> dict[str, int]:
        """Rule -> number of rows dropped by it, most frequent first."""
        return _sum(part.drops for part in self.parts)

    @property
    def errors(self) -> dict[str, int]:
        """Error class -> number of rows that failed with it, most frequent first."""
        return _sum(part.errors for part in self.parts)

    @property
    def usage(self) -> dict[str, Any]:
        """Model calls, tokens and cost, summed over the parts."""
        total: dict[str, Any] = {}
        for part in self.parts:
            for key, value in part.usage.items():
                if isinstance(value, dict):
                    merged = total.setdefault(key, {})
                    for name, count in value.items():
                        merged[name] = merged.get(name, 0) + count
                else:
                    total[key] = total.get(key, 0) + value
        return total

    @property
    def schema(self) -> pa.Schema:
        """The columns that the step wrote, with types that hold the values of all parts."""
        schemas = [part.schema for part in self.parts]
        return pa.unify_schemas(schemas, promote_options="permissive") if schemas else pa.schema([])


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total.most_common())


class Manifest:
    """What the records of a manifest add up to."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}

    def add(self, record: dict[str, Any]) -> None:
        """Take in one record."""
        kind = record["kind"]
        if kind == "step":
            self.steps[record["folder"]] = Step(
                index=record["index"],
                name=record["name"],
                folder=record["folder"],
                parent=record["parent"],
                fingerprint=record["fingerprint"],
                description=record["description"],
            )
        elif kind == "part":
            step = self.steps[record["folder"]]
            if record["number"] == len(step.parts):
                step.parts.append(Part.of_record(record))
        elif kind == "done":
            self.steps[record["folder"]].done = True
        elif kind == "gone":
            self.steps.pop(record["folder"], None)

    def at(self, index: int) -> Step | None:
        """Return the step of that number."""
        return next((step for step in self.steps.values() if step.index == index), None)

    def chain(self, step: Step) -> list[Step]:
        """Return the steps from the source to `step`."""
        chain = [step]
        while chain[-1].parent is not None:
            chain.append(self.steps[chain[-1].parent])
        return chain[::-1]

    def below(self, step: Step) -> list[Step]:
        """Return the steps that read `step`, directly or through others."""
        found: list[Step] = []
        for other in sorted(self.steps.values(), key=lambda other: other.index):
            if other.parent in {step.folder, *(one.folder for one in found)}:
                found.append(other)
        return found


def encode_schema(schema: pa.Schema) -> str:
    """Return a schema as text."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode() if len(schema) else ""


def decode_schema(text: str) -> pa.Schema:
    """Return the schema of `encode_schema`."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))) if text else pa.schema([])
