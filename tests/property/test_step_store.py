"""Random chains of operators over random tables: the step store says what plain lists say, however it is cut."""

from __future__ import annotations

import tempfile

import pyarrow as pa
import pytest
from dataflow_rs import (
    DatasetOperator,
    ExpandOperator,
    Expansion,
    FileStorage,
    FilterOperator,
    Pipeline,
    RowOperator,
    Verdict,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import EFFORT

VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
TABLES = st.lists(st.tuples(VALUES, st.one_of(st.none(), st.text(max_size=5))), max_size=12)


class AddRefiner(RowOperator):
    """Set a column to a number that depends on the row.

    Args:
        column: its name.
    """

    column: str

    def process(self, batch, input_key: str = "n", output_key: str = "extra"):
        return {output_key: [f"{self.column}{value}" for value in batch[input_key].to_pylist()]}

    def expected(self, rows):
        return [{**row, self.column: f"{self.column}{row['n']}"} for row in rows]

    def keys(self):
        return {"output_key": self.column}


class ModuloFilter(FilterOperator):
    """Keep numbers with a remainder.

    Args:
        modulus: the divisor.
    """

    modulus: int

    def process(self, batch, input_key: str = "n"):
        return Verdict(keep=[value is not None and value % self.modulus == 0 for value in batch[input_key].to_pylist()])

    def expected(self, rows):
        return [row for row in rows if row["n"] is not None and row["n"] % self.modulus == 0]

    def keys(self):
        return {}


class RepeatGenerator(ExpandOperator):
    """Make as many rows as the text has characters."""

    def process(self, batch, input_key: str = "t", output_key: str = "copy"):
        lengths = [len(text or "") for text in batch[input_key].to_pylist()]
        parents = [row for row, length in enumerate(lengths) for _ in range(length)]
        return Expansion(parents, {output_key: [copy for length in lengths for copy in range(length)]})

    def expected(self, rows):
        return [{**row, "copy": copy} for row in rows for copy in range(len(row["t"] or ""))]

    def keys(self):
        return {}


class HalfFilter(DatasetOperator):
    """Keep every other row."""

    def process(self, dataset, input_key: str = "n"):
        return Verdict(keep=[position % 2 == 0 for position in range(dataset.num_rows)], rule="half")

    def expected(self, rows):
        return rows[::2]

    def keys(self):
        return {}


class PositionEvaluator(DatasetOperator):
    """Number the rows of the whole table."""

    def process(self, dataset, input_key: str = "n", output_key: str = "position"):
        return {output_key: list(range(dataset.num_rows))}

    def expected(self, rows):
        return [{**row, "position": position} for position, row in enumerate(rows)]

    def keys(self):
        return {}


OPERATORS = st.one_of(
    st.builds(AddRefiner, st.sampled_from(["a", "b", "t"])),
    st.builds(ModuloFilter, st.sampled_from([1, 2, 3])),
    st.builds(RepeatGenerator),
    st.builds(HalfFilter),
    st.builds(PositionEvaluator),
)


class Chain(Pipeline):
    def __init__(self, table, operators, folder, batch_rows):
        super().__init__()
        self.storage = FileStorage(table, cache_path=folder, batch_rows=batch_rows)
        self.operators = operators

    def forward(self):
        for operator in self.operators:
            operator.run(storage=self.storage.step(), **operator.keys())


def plain(table, columns):
    return [{name: row.get(name) for name in columns} for row in table]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
@settings(max_examples=60 * EFFORT, deadline=None)
@given(rows=TABLES, operators=st.lists(OPERATORS, max_size=6), batch_rows=st.integers(1, 7), data=st.data())
def test_tables_of_all_steps(compiled, rows, operators, batch_rows, data):
    table = pa.table(
        {"n": pa.array([n for n, _ in rows], pa.int64()), "t": pa.array([t for _, t in rows], pa.string())}
    )
    expected = [table.to_pylist()]
    for operator in operators:
        expected.append(operator.expected(expected[-1]))
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Chain(table, operators, folder, batch_rows)
        if compiled and operators:
            pipeline.compile()
        pipeline.forward()
        for step, rows_there in enumerate(expected):
            found = pipeline.storage.read(step)
            assert found.schema.field("n").type == pa.int64()
            assert found.to_pylist() == plain(rows_there, found.schema.names)
        check_lineage(pipeline.storage, operators, expected)


def check_lineage(storage, operators, expected):
    """Every row of every step is either in the next one or in its drop log, by id."""
    storage.read()
    run = storage.run
    for step in range(1, len(operators) + 1):
        before, after = run.row_ids(step - 1).to_pylist(), run.row_ids(step).to_pylist()
        dropped = run.drops(step)["row"].to_pylist()
        assert len(set(after)) == len(after)
        if isinstance(operators[step - 1], ExpandOperator):
            assert not set(after) & set(before)
            parents = [run.explain(row).parent for row in after]
            assert set(parents) | set(dropped) == set(before)
        else:
            assert sorted(after + dropped) == sorted(before)
            for row in dropped:
                assert run.explain(row).dropped.step == step
