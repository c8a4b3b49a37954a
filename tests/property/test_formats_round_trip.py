"""Any table, in any format: it comes back as it was, or the format says what it cannot hold."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import ExportError
from dataflow_rs.storage.formats import open_source, write_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.effort import EFFORT

NAMES = [
    "x.jsonl",
    "x.jsonl.gz",
    "x.ndjson.zst",
    "x.json",
    "x.json.zst",
    "x.csv",
    "x.csv.gz",
    "x.tsv",
    "x.tsv.zst",
]
NAMES += ["x.parquet", "x.arrow", "x.feather"]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["007", "", "1", "1.0", "true", "null", "NaN", "2020-01-01", '"', "a,b", "a\tb", "\r\n", "\ufeff"]),
)


def integers(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.one_of(st.integers(low, high), st.sampled_from([low, high]))


MOMENTS = integers(64, signed=True)
SCALARS = {
    pa.bool_(): st.booleans(),
    pa.int8(): integers(8, signed=True),
    pa.int64(): integers(64, signed=True),
    pa.uint32(): integers(32, signed=False),
    pa.uint64(): integers(64, signed=False),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): TEXTS,
    pa.large_string(): TEXTS,
    pa.date32(): integers(32, signed=True),
    pa.timestamp("s"): MOMENTS.filter(lambda value: abs(value) < 2**53),
    pa.timestamp("us"): MOMENTS,
    pa.timestamp("ns", "UTC"): MOMENTS,
    pa.time64("us"): st.integers(0, 86_400_000_000 - 1),
    pa.decimal128(20, 3): st.decimals(-(10**16), 10**16, places=3),
    pa.binary(): st.binary(max_size=4),
    pa.null(): st.none(),
}


@st.composite
def kinds(draw, depth=2):
    """A type and a strategy for its values."""
    if depth and draw(st.integers(0, 3)) == 0:
        item, values = draw(kinds(depth=depth - 1))
        if draw(st.booleans()):
            return pa.list_(item), st.one_of(st.none(), st.lists(values, max_size=3))
        return pa.struct([("a", item), ("b c", pa.int64())]), st.one_of(
            st.none(), st.fixed_dictionaries({"a": values, "b c": st.none() | st.integers(-5, 5)})
        )
    kind = draw(st.sampled_from(list(SCALARS)))
    return kind, st.one_of(st.none(), SCALARS[kind])


@st.composite
def tables(draw):
    """A table of up to four columns, in chunks."""
    rows = draw(st.integers(0, 5))
    names = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    columns = []
    for _ in names:
        kind, values = draw(kinds())
        drawn = draw(st.lists(values, min_size=rows, max_size=rows))
        columns.append(array(drawn, kind))
    table = pa.table(columns, names=names)
    return pa.Table.from_batches(table.to_batches(max_chunksize=draw(st.integers(1, 5))), schema=table.schema)


def array(values, kind):
    """Times are drawn as the integers that Arrow stores, beyond the years that Python knows."""
    if pa.types.is_temporal(kind):
        width = pa.int32() if kind == pa.date32() else pa.int64()
        return pa.array(values, width).view(kind)
    if pa.types.is_list(kind):
        flat = [item for value in values for item in value or []]
        ends, offsets = 0, [0]
        for value in values:
            ends += len(value or [])
            offsets.append(ends)
        mask = pa.array([value is None for value in values], pa.bool_())
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), array(flat, kind.value_type), mask=mask)
    if pa.types.is_struct(kind):
        fields = [array([None if v is None else v[f.name] for v in values], f.type) for f in kind]
        mask = pa.array([value is None for value in values], pa.bool_())
        return pa.StructArray.from_arrays(fields, fields=list(kind), mask=mask)
    return pa.array(values, kind)


def holds(name, kind):
    """Whether a format can hold a type; the reference for the errors."""
    if name.endswith((".arrow", ".feather")):
        return True
    if pa.types.is_list(kind) or pa.types.is_struct(kind):
        inner = [kind.field(i).type for i in range(kind.num_fields)]
        if name.endswith(".parquet"):
            return pa.timestamp("s") not in leaves(kind)
        return not name.startswith(("x.csv", "x.tsv")) and all(holds(name, item) for item in inner)
    return name.endswith(".parquet") or not pa.types.is_binary(kind)


def nul(name, column):
    """Whether the name of a column cannot be passed on, because it is no C string."""
    return "\0" in column and not name.endswith((".parquet", ".arrow", ".feather"))


def leaves(kind):
    """The scalar types in a type."""
    if not kind.num_fields:
        return {kind}
    return set().union(*(leaves(kind.field(i).type) for i in range(kind.num_fields)))


def has_infinity(value):
    """Whether JSON has no such number."""
    if isinstance(value, dict):
        return any(has_infinity(item) for item in value.values())
    if isinstance(value, list):
        return any(has_infinity(item) for item in value)
    return isinstance(value, float) and math.isinf(value)


def floats(table):
    """The columns with floats somewhere, as Python values."""
    names = [f.name for f in table.schema if leaves(f.type) & {pa.float32(), pa.float64()}]
    plain = [name for name in names if not any(map(pa.types.is_temporal, leaves(table.schema.field(name).type)))]
    return {name: table[name].to_pylist() for name in plain}, set(names) - set(plain)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60 * EFFORT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables(), batch_rows=st.integers(1, 3))
def test_round_trip(name, table, batch_rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        error = None
        try:
            written = write_file(table.to_batches(), table.schema, path)
        except ExportError as caught:
            error = caught
        if error is not None:
            assert not path.exists()
            refused = [f.name for f in table.schema if not holds(name, f.type) or nul(name, f.name)]
            if not refused:
                assert "json" in name
                assert "JSON has no" in str(error)
                known, unknown = floats(table)
                assert unknown or any(has_infinity(value) for values in known.values() for value in values)
            else:
                assert any(f"column '{c}'" in str(error) or f"column {c!r}" in str(error) for c in refused)
            return
        assert all(holds(name, f.type) and not nul(name, f.name) for f in table.schema)
        assert written == table.num_rows
        source = open_source(path, schema=table.schema, batch_rows=batch_rows)
        batches = list(source.batches())
        assert all(0 < batch.num_rows <= batch_rows for batch in batches)
        back = pa.Table.from_batches(batches, schema=source.schema)
        back.validate(full=True)
        assert back.schema == table.schema
        assert back.equals(table)


@pytest.mark.parametrize("name", ["x.jsonl.zst", "x.csv", "x.tsv.gz"])
@settings(max_examples=60 * EFFORT, deadline=None)
@given(
    rows=st.lists(
        st.tuples(TEXTS, integers(64, signed=True), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
    )
)
def test_types_are_found_again_without_a_schema(name, rows):
    texts, numbers, floats = zip(*rows, strict=True)
    table = pa.table({"s": texts, "n": numbers, "f": floats})
    with tempfile.TemporaryDirectory() as folder:
        write_file(table.to_batches(), table.schema, Path(folder) / name)
        source = open_source(Path(folder) / name)
        back = pa.Table.from_batches(source.batches(), schema=source.schema)
    assert back.schema == table.schema
    assert back.equals(table)
