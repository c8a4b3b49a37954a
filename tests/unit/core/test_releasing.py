"""A plan tells its servings when it has used them for the last time."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.operators.core_text import PromptedGenerator
from dataflow_rs.testing import FakeServing


class Told(FakeServing):
    """Remember when it was released."""

    def __post_init__(self):
        super().__post_init__()
        self.released = []
        self.told = self.released

    def release(self):
        self.released.append(self.calls)


class Two(Pipeline):
    """Ask one serving, then another one, then the first again."""

    def __init__(self, folder, first, second):
        super().__init__()
        self.storage = FileStorage(pa.table({"text": ["a", "b"]}), cache_path=folder)
        self.one, self.two, self.three = (PromptedGenerator(s) for s in (first, second, first))

    def forward(self):
        self.one.run(storage=self.storage.step(), input_key="text", output_key="x")
        self.two.run(storage=self.storage.step(), input_key="text", output_key="y")
        self.three.run(storage=self.storage.step(), input_key="x", output_key="z")


def test_servings_are_released_once_after_their_last_use(tmp_path):
    first = Told(lambda p: p.upper())
    second = Told(lambda p: p)
    plan = Two(tmp_path / "run", first, second).compile()
    assert (first.released, second.released) == ([], [])
    plan.run(quiet=True)
    assert (first.released, second.released) == ([4], [2])


def test_servings_are_released_when_a_plan_fails(tmp_path):
    def fail(prompt):
        raise KeyError(prompt)

    first, second = Told(fail), Told(lambda p: p)
    with pytest.raises(Exception, match="KeyError"):
        Two(tmp_path / "run", first, second).compile().run(quiet=True)
    assert (len(first.released), len(second.released)) == (1, 1)


def test_operators_that_run_by_themselves_release_nothing(tmp_path):
    serving = Told(lambda p: p)
    storage = FileStorage(pa.table({"text": ["a"]}), cache_path=tmp_path / "run")
    PromptedGenerator(serving).run(storage=storage.step(), input_key="text", output_key="x")
    assert (serving.calls, serving.released) == (1, [])
