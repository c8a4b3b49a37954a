"""Several parts under way at once: the same tables, in order where an operator needs it, and an orderly end."""

from __future__ import annotations

import threading
from typing import ClassVar

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Integer, Pipeline, RowOperator, Run, Text
from dataflow_rs.core.carrier import Carrier, Stopped
from dataflow_rs.exceptions import OperatorError
from dataflow_rs.operators.core_text import PromptedGenerator
from dataflow_rs.operators.general_text import HtmlEntityFilter, RemoveExtraSpacesRefiner, WordNumberFilter
from dataflow_rs.serving import Completion, Serving

from tests.toys import SplitGenerator, WordCountEvaluator

TEXTS = [f"text  number {n} " + "word " * (n % 7) for n in range(40)]


class MeetingServing(Serving):
    """Answer nothing before as many callers as stated have been here at once."""

    at_once: int = 2

    @property
    def concurrency(self) -> int:
        return 8

    def __post_init__(self) -> None:
        super().__post_init__()
        self.met = threading.Event()
        self.callers = 0
        self.counting = threading.Lock()

    def answer_all(self, requests, finished):
        with self.counting:
            self.callers += 1
            if self.callers == self.at_once:
                self.met.set()
        assert self.met.wait(60), "nobody else came"
        with self.counting:
            self.callers -= 1
        for position, request in enumerate(requests):
            finished(position, Completion(request.messages[-1]["content"].upper()))


class OrderEvaluator(RowOperator):
    """Note the order in which batches come, and how many are here at once.

    Keys:
        input_key: text.
        output_key: position of the row among all rows seen.
    """

    seen: ClassVar[list[str]] = []
    busy: ClassVar[threading.Lock] = threading.Lock()

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Integer = "position"):
        assert self.busy.acquire(blocking=False), "two batches at once"
        first = len(self.seen)
        self.seen.extend(batch[input_key].to_pylist())
        self.busy.release()
        return {output_key: list(range(first, len(self.seen)))}


class FailingEvaluator(RowOperator):
    """Fail at one text.

    Keys:
        input_key: text.
        output_key: nothing.
    """

    at_once: ClassVar[int | None] = 4
    fail: ClassVar[bool] = True

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Integer = "nothing"):
        if self.fail and any(text.startswith("text number 25 ") for text in batch[input_key].to_pylist()):
            raise ValueError("text 25 is bad")
        return {output_key: [0] * batch.num_rows}


class Chain(Pipeline):
    def __init__(self, cache_path, operators, batch_rows=5):
        super().__init__()
        rows = [{"text": text} for text in TEXTS]
        self.storage = FileStorage(rows, cache_path=cache_path, batch_rows=batch_rows)
        self.operators = operators

    def forward(self):
        for operator in self.operators:
            operator.run(storage=self.storage.step(), input_key="text")


class CopyEvaluator(RowOperator):
    """Three batches at once.

    Keys:
        input_key: text.
        output_key: number of characters.
    """

    at_once: ClassVar[int | None] = 3

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Integer = "characters"):
        return {output_key: [len(text) for text in batch[input_key].to_pylist()]}


def operators():
    steps = [RemoveExtraSpacesRefiner(), WordNumberFilter(min_words=4), OrderEvaluator(), HtmlEntityFilter()]
    return [*steps, CopyEvaluator()]


def test_the_tables_do_not_depend_on_how_many_parts_are_under_way(tmp_path):
    tables = []
    for batch_rows in (5, 40):
        OrderEvaluator.seen.clear()
        chain = Chain(tmp_path / str(batch_rows), operators(), batch_rows)
        chain.compile().run(quiet=True)
        tables.append(chain.storage.read())
        assert OrderEvaluator.seen == tables[-1]["text"].to_pylist()
    assert tables[0].equals(tables[1])
    assert tables[0]["position"].to_pylist() == list(range(tables[0].num_rows))
    assert 0 < tables[0].num_rows < len(TEXTS)


def test_model_calls_of_several_parts_are_under_way_at_once(tmp_path):
    steps = [RemoveExtraSpacesRefiner(), OrderEvaluator(), PromptedGenerator(MeetingServing(at_once=2))]
    OrderEvaluator.seen.clear()
    chain = Chain(tmp_path, steps)

    chain.compile().run(quiet=True)

    table = chain.storage.read()
    expected = [" ".join(text.split()).upper() for text in TEXTS]
    assert [text.strip() for text in table["generated_content"].to_pylist()] == expected
    assert table["position"].to_pylist() == list(range(len(TEXTS)))


def test_a_failure_names_its_row_and_leaves_the_parts_before_it(tmp_path):
    chain = Chain(tmp_path, [RemoveExtraSpacesRefiner(), FailingEvaluator(), WordCountEvaluator()])
    message = r"FailingEvaluator.process\(\) raised ValueError in the batch that begins at row 25: text 25 is bad"

    with pytest.raises(OperatorError, match=message):
        chain.compile().run(quiet=True)

    steps = Run.open(tmp_path).steps
    assert [(step.name, step.rows_out) for step in steps][1:] == [
        ("RemoveExtraSpacesRefiner", 25),
        ("FailingEvaluator", 25),
        ("WordCountEvaluator", 25),
    ]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("dataflow-rs-part")]

    FailingEvaluator.fail = False
    try:
        chain.compile().run(quiet=True)
    finally:
        FailingEvaluator.fail = True
    assert chain.storage.read().num_rows == len(TEXTS)


def test_ctrl_c_stops_what_is_under_way_and_a_later_run_goes_on(tmp_path):
    waiting = threading.Event()

    class SlowEvaluator(RowOperator):
        """Wait in the third batch.

        Keys:
            input_key: text.
            output_key: nothing.
        """

        at_once: ClassVar[int | None] = 3
        stopped: ClassVar[list[str]] = []
        slow: ClassVar[bool] = True

        def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Integer = "nothing"):
            if self.slow and batch[input_key][0].as_py().startswith("text number 10"):
                waiting.set()
                try:
                    while True:
                        threading.Event().wait(0.01)
                except Stopped:
                    self.stopped.append("stopped")
                    raise
            return {output_key: [0] * batch.num_rows}

    chain = Chain(tmp_path, [RemoveExtraSpacesRefiner(), SlowEvaluator()])

    def interrupt(carrier):
        waiting.wait(30)
        raise KeyboardInterrupt

    original = Carrier.result
    Carrier.result = lambda self: interrupt(self) if self.name.endswith("-2") else original(self)
    try:
        with pytest.raises(KeyboardInterrupt):
            chain.compile().run(quiet=True)
    finally:
        Carrier.result = original
    assert SlowEvaluator.stopped == ["stopped"]
    assert [step.rows_out for step in Run.open(tmp_path).steps] == [40, 10, 10]

    SlowEvaluator.slow = False
    chain.compile().run(quiet=True)
    assert chain.storage.read().num_rows == len(TEXTS)


def test_rows_made_in_parallel_keep_their_order_and_parents(tmp_path):
    results = []
    for batch_rows in (3, 40):
        chain = Chain(tmp_path / str(batch_rows), [CopyEvaluator(), SplitGenerator()], batch_rows)
        chain.compile().run(quiet=True)
        run = Run.open(tmp_path / str(batch_rows))
        results.append((chain.storage.read(), run.row_ids(2)))
    assert results[0][0].equals(results[1][0])
    assert results[0][1].equals(results[1][1])
