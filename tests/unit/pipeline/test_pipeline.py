"""Pipelines: compile checks all and executes nothing, runs resume, branches join the plan, recipes round trip."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline, RowOperator, Text
from dataflow_rs.exceptions import CompileError, ParameterError, StorageError
from dataflow_rs.storage.tracing import TracingError

from tests.toys import (
    CountsGenerator,
    FirstOnlyFilter,
    LettersEvaluator,
    MinimumFilter,
    ShoutRefiner,
    SplitGenerator,
    WordCountEvaluator,
)

ROWS = [
    {"id": number, "text": text}
    for number, text in enumerate(["a b cc", "x", None, "dd cc ee", "zz zz aa", "", "q rr?", "cc cc"])
]


class CountingRefiner(RowOperator):
    """Count how often it is called.

    Args:
        calls: number of calls so far, one entry per batch.

    Keys:
        input_key: text.
    """

    def __init__(self, log: str) -> None:
        self.log = log

    def process(self, batch, input_key: Text = "text"):
        with open(self.log, "a") as file:
            file.write("x")
        return {}


class Everything(Pipeline):
    """Every base class, operators in a list and a dict, a branch and two exports."""

    def __init__(self, path, minimum=2, batch_rows=3):
        super().__init__()
        self.storage = FileStorage(ROWS, cache_path=path / "run", batch_rows=batch_rows)
        self.first = {"words": WordCountEvaluator(), "minimum": MinimumFilter(minimum=minimum)}
        self.rest = [ShoutRefiner(suffix="!"), LettersEvaluator(), SplitGenerator(), FirstOnlyFilter()]
        self.counts = CountsGenerator()
        self.out = path

    def forward(self):
        self.first["words"].run(storage=self.storage.step())
        kept = self.storage.step()
        self.first["minimum"].run(storage=kept)
        for operator in self.rest:
            operator.run(storage=self.storage.step())
        self.storage.export(self.out / "words.jsonl")
        self.rest[2].run(storage=self.storage.step(after=kept))
        self.counts.run(storage=self.storage.step())
        self.storage.export(self.out / "counts.csv")


def tables(pipeline):
    return [pipeline.storage.read(step) for step in range(9)]


def test_compiled_and_eager_runs_give_the_same_tables(tmp_path):
    compiled, eager = Everything(tmp_path / "a"), Everything(tmp_path / "b", batch_rows=100)
    (tmp_path / "a").mkdir(exist_ok=True)
    (tmp_path / "b").mkdir(exist_ok=True)
    compiled.compile()
    compiled.forward(quiet=True)
    eager.forward()
    assert tables(compiled) == tables(eager)
    for name in ("words.jsonl", "counts.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert compiled.storage.read(8, as_="dicts")[0] == {"value": "cc", "count": 4}
    errors = compiled.storage.run.errors().to_pylist()
    assert errors == [
        {
            "step": 4,
            "operator": "LettersEvaluator",
            "row": 6,
            "type": "Odd",
            "message": "a question mark",
            "attempts": 3,
        }
    ]


def test_compile_executes_nothing(tmp_path):
    class Effects(Pipeline):
        def __init__(self):
            super().__init__()
            self.storage = FileStorage(ROWS, cache_path=tmp_path / "run")
            self.operators = [CountingRefiner(str(tmp_path / "log")), CountingRefiner(log=str(tmp_path / "log"))]

        def forward(self):
            for operator in self.operators:
                operator.run(self.storage.step())
            self.storage.export(tmp_path / "out.jsonl")

    plan = Effects().compile()
    assert [step.attribute for step in plan.steps] == ["operators[0]", "operators[1]"]
    assert not list(tmp_path.iterdir())


def test_forward_that_needs_data_cannot_be_compiled_but_runs(tmp_path):
    class Reads(Pipeline):
        def __init__(self):
            super().__init__()
            self.storage = FileStorage(ROWS, cache_path=tmp_path)
            self.words = WordCountEvaluator()

        def forward(self):
            self.words.run(storage=self.storage.step())
            self.seen = self.storage.read(as_="dicts")

    pipeline = Reads()
    with pytest.raises(TracingError, match=r"forward\(\) calls storage.read\(\), which needs data"):
        pipeline.compile()
    pipeline.forward()
    assert pipeline.seen[0]["words"] == 3


def test_all_mistakes_at_once(tmp_path):
    class Wrong(Pipeline):
        def __init__(self):
            super().__init__()
            self.storage = FileStorage(ROWS, cache_path=tmp_path)
            self.words, self.minimum, self.split = WordCountEvaluator(), MinimumFilter(), SplitGenerator()

        def forward(self):
            self.words.run(storage=self.storage.step(), input_key="txet", outptu_key="n")
            self.minimum.run(storage=self.storage.step(), input_key="text")
            self.split.run(storage=self.storage.step(), output_key="word")
            self.minimum.run(storage=self.storage.step(), input_key="wrods")
            self.storage.export(tmp_path / "out.xlsx")

    with pytest.raises(CompileError) as caught:
        Wrong().compile()
    assert len(caught.value.mistakes) == 5
    assert caught.value.mistakes[:4] == [
        "step 1, WordCountEvaluator (self.words): WordCountEvaluator.run() has no argument 'outptu_key' "
        "(did you mean 'output_key'?); it takes input_key, output_key",
        "step 1, WordCountEvaluator (self.words): WordCountEvaluator(input_key='txet'): there is no column 'txet' "
        "(did you mean 'text'?); columns here: id, text",
        "step 2, MinimumFilter (self.minimum): MinimumFilter(input_key='text'): the column holds string, but a "
        "integer column is needed",
        "step 4, MinimumFilter (self.minimum): MinimumFilter(input_key='wrods'): there is no column 'wrods' "
        "(did you mean 'words'?); columns here: id, text, words, word",
    ]
    assert caught.value.mistakes[4].startswith(f"export to {tmp_path / 'out.xlsx'}: ")
    assert str(caught.value).startswith("the pipeline has 5 mistakes:\n  1. step 1")


class Chain(Pipeline):
    def __init__(self, path, log, minimum=2):
        super().__init__()
        self.storage = FileStorage(ROWS, cache_path=path, batch_rows=4)
        self.words = WordCountEvaluator()
        self.minimum = MinimumFilter(minimum=minimum)
        self.count = CountingRefiner(str(log))
        self.shout = ShoutRefiner()

    def forward(self):
        self.words.run(storage=self.storage.step())
        self.count.run(storage=self.storage.step())
        self.minimum.run(storage=self.storage.step())
        self.shout.run(storage=self.storage.step())


@pytest.mark.parametrize("compiled", [True, False])
def test_resume_is_the_default(tmp_path, compiled):
    log = tmp_path / "log"

    def run(minimum=2, **options):
        pipeline = Chain(tmp_path / "run", log, minimum)
        if compiled:
            pipeline.compile()
        pipeline.forward(**options)
        return len(log.read_text()), pipeline.storage.read()["id"].to_pylist()

    first = run()
    assert first == (2, [0, 3, 4, 6, 7])
    assert run() == first
    assert run(minimum=3) == (2, [0, 3, 4]), "only what lies behind the change is redone"
    assert run(fresh=True) == (4, [0, 3, 4, 6, 7])
    if compiled:
        assert run(resume_step=1) == (6, [0, 3, 4, 6, 7])
        with pytest.raises(StorageError, match=r"resume_step=3: step 3 MinimumFilter is not stored as it is now"):
            run(minimum=9, resume_step=3)
        with pytest.raises(ParameterError, match="resume_step=7 must lie between 0 and the number of steps, 4"):
            run(resume_step=7)


def test_a_changed_source_redoes_everything(tmp_path):
    def run(rows):
        storage = FileStorage(rows, cache_path=tmp_path)
        WordCountEvaluator().run(storage=storage.step())
        return storage.read()["words"].to_pylist()

    assert run([{"text": "a"}]) == [1]
    assert run([{"text": "a b"}]) == [2]


def test_shorter_pipeline_leaves_no_stale_step(tmp_path):
    class Short(Chain):
        def forward(self):
            self.words.run(storage=self.storage.step())

    for kind in (Chain, Short):
        pipeline = kind(tmp_path / "run", tmp_path / "log")
        pipeline.compile()
        run = pipeline.forward(quiet=True)
    assert [step.name for step in run.steps] == ["source", "WordCountEvaluator"]
    assert [path.name[:3] for path in sorted((tmp_path / "run" / "steps").iterdir())] == ["000", "001"]


def test_forward_of_a_subclass_may_call_its_base(tmp_path):
    class Longer(Chain):
        def forward(self):
            super().forward()
            self.shout.run(storage=self.storage.step())

    pipeline = Longer(tmp_path / "run", tmp_path / "log")
    assert len(pipeline.compile().steps) == 5


def test_a_step_place_is_used_once(tmp_path):
    storage = FileStorage(ROWS, cache_path=tmp_path)
    place = storage.step()
    WordCountEvaluator().run(storage=place)
    with pytest.raises(StorageError, match=r"step 1 has run already; call storage.step\(\) for every operator"):
        WordCountEvaluator().run(storage=place)


def test_the_story_of_a_row(tmp_path):
    pipeline = Everything(tmp_path)
    pipeline.compile()
    run = pipeline.forward(quiet=True)
    gone = run.explain(1)
    assert (gone.content, gone.dropped.rule, gone.dropped.value, gone.dropped.threshold) == (
        {"id": 1, "text": "x"},
        "minimum",
        1.0,
        2.0,
    )
    story = run.explain(6)
    assert [(event.step, event.what) for event in story.events] == [
        (1, "changed"),
        (2, "kept"),
        (3, "changed"),
        (4, "failed"),
        (5, "expanded"),
        (7, "expanded"),
    ]
    child = run.explain(story.events[4].made[0])
    assert (child.made_at, child.parent, child.content["word"]) == (5, 6, "RR?!")
    duplicate = next(row for row in run.drops(6).to_pylist())
    assert duplicate["detail"] == "duplicate of row 4"
    assert run.explain(duplicate["row"]).content["word"] == "ZZ"
    with pytest.raises(ParameterError, match=r"has no row 99; rows of the source have the ids 0 to 7"):
        run.explain(99)


def test_scores_are_kept_for_rows_that_stay(tmp_path):
    pipeline = Everything(tmp_path)
    pipeline.forward()
    assert pipeline.storage.run.scores(2)["score"].to_pylist() == [3.0, 1.0, None, 3.0, 3.0, 0.0, 2.0, 2.0]


def test_plan_as_text_and_picture(tmp_path):
    plan = Everything(tmp_path).compile()
    assert "7. SplitGenerator() on () after step 2" in str(plan)
    picture = plan.to_mermaid()
    assert picture.startswith("flowchart TD\n")
    assert "s0_2 --> s0_7" in picture
    assert 's0_6{{"6. FirstOnlyFilter"}}:::filter' in picture
    assert 's0_e1[/"counts.csv"/]' in picture


def test_pipeline_without_steps_or_storage():
    class Empty(Pipeline):
        def forward(self):
            pass

    with pytest.raises(ParameterError, match="the pipeline Empty has no steps"):
        pipeline = Empty()
        pipeline.compile()
        pipeline.forward()
    with pytest.raises(StorageError, match="Empty has no FileStorage among its attributes"):
        Empty().forward()


def test_written_tables_take_the_place_of_what_was_there(tmp_path):
    storage = FileStorage(cache_path=tmp_path)
    storage.write(pa.table({"text": ["a b", "c"]}))
    WordCountEvaluator().run(storage=storage.step())
    storage.write(storage.read().slice(1))
    assert storage.read(as_="dicts") == [{"text": "c", "words": 1}]
    assert storage.read(1).num_rows == 2
