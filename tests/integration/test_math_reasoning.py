"""The math pipeline on recorded answers of a strong model, with exact counts per step; replayed, killed and resumed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs import Run
from dataflow_rs.pipelines.general_reasoning import GeneralReasoningPipeline
from dataflow_rs.pipelines.math_reasoning import MathReasoningPipeline, thresholds
from dataflow_rs.pipelines.reasoning_pretraining import ReasoningPretrainingPipeline
from dataflow_rs.serving.call_log import LOG_FILE

from .strong_model import json_lines, seeds, strong_model

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = ("sft.jsonl", "rl.jsonl", "preference.jsonl")

WITH_TRUTH = [
    ("ReasoningQuestionFilter", 6, 6, {}),
    ("ReasoningQuestionGenerator", 6, 12, {}),
    ("ReasoningQuestionFilter", 12, 11, {"not_solvable": 1}),
    ("ReasoningQuestionDifficultySampleEvaluator", 11, 11, {}),
    ("ReasoningQuestionCategorySampleEvaluator", 11, 11, {}),
    ("ReasoningPseudoAnswerGenerator", 11, 11, {}),
    ("ReasoningAnswerExtractionQwenMathEvalGenerator", 11, 11, {}),
    ("ReasoningAnswerGroundTruthFilter", 11, 10, {"wrong": 1}),
    ("ReasoningAnswerFormatterFilter", 10, 9, {"blank": 1}),
    ("ReasoningAnswerTokenLengthFilter", 9, 9, {}),
    ("ReasoningAnswerNgramFilter", 9, 9, {}),
    ("MinHashDeduplicateFilter", 9, 8, {"min_hash_deduplicate": 1}),
    ("DecontaminationFilter", 8, 7, {"decontamination": 1}),
    ("ReasoningMessagesGenerator", 7, 7, {}),
    ("ReasoningPreferencePairGenerator", 7, 2, {"no_output": 5}),
]
"""Step, rows in, rows out, drops by rule."""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in seeds()), encoding="utf-8")
    return str(path)


def benchmarks() -> dict:
    """An evaluation set that holds the third seed, in other words at its end."""
    return {"held out": pa.table({"question": [seeds()[2]["question"].removesuffix("How tall is the building?")]})}


def counts(folder) -> list[tuple]:
    return [(step.name, step.rows_in, step.rows_out, dict(step.drops)) for step in Run.open(folder).steps if step.index]


def test_with_ground_truth(source, tmp_path):
    serving = strong_model()
    pipeline = MathReasoningPipeline(source, str(tmp_path / "run"), serving, benchmarks=benchmarks())
    pipeline.compile().run(quiet=True)
    assert counts(tmp_path / "run") == WITH_TRUTH
    assert serving.calls == 6 + 6 + 6 + 11 + 11 + 33, "seeds that were checked before are not asked again"

    rl = json_lines(tmp_path / "run" / "rl.jsonl")
    assert [row["answer"] for row in rl] == ["154", "162", "1280", "119.25", "5", "50", "8"]
    assert rl[0]["question"] == seeds()[0]["question"]
    sft = json_lines(tmp_path / "run" / "sft.jsonl")
    assert [message["role"] for message in sft[0]["messages"]] == ["user", "assistant"]
    assert sft[0]["messages"][1]["content"].endswith("\\boxed{154}")
    pairs = json_lines(tmp_path / "run" / "preference.jsonl")
    boxes = [(pair["chosen"].split("\\boxed")[1], pair["rejected"].split("\\boxed")[1]) for pair in pairs]
    assert boxes == [("{154}", "{168}"), ("{50}", "{5.6}")]

    wrong = Run.open(tmp_path / "run").drops().to_pylist()
    assert "answered 5, right is 4" in [drop["detail"] for drop in wrong]
    assert "Nothing is said about the yellow car." in [drop["detail"] for drop in wrong]


def test_without_ground_truth(source, tmp_path):
    """The vote alone lets the wrong majority pass; that is what it can and cannot do."""
    MathReasoningPipeline(source, str(tmp_path / "run"), strong_model(), ground_truth=False).compile().run(quiet=True)
    names = [name for name, *_ in counts(tmp_path / "run")]
    assert "ReasoningAnswerGroundTruthFilter" not in names
    answers = {row["question"]: row["answer"] for row in json_lines(tmp_path / "run" / "rl.jsonl")}
    assert len(answers) == 9
    assert answers[seeds()[4]["question"]] == "5"


def test_replay_asks_nobody(source, tmp_path):
    first = strong_model()
    MathReasoningPipeline(source, str(tmp_path / "one"), first, benchmarks=benchmarks()).compile().run(quiet=True)
    log = tmp_path / "recorded.log"
    shutil.copy(tmp_path / "one" / LOG_FILE, log)
    replayed = strong_model(call_log=str(log), replay="only")
    MathReasoningPipeline(source, str(tmp_path / "two"), replayed, benchmarks=benchmarks()).compile().run(quiet=True)
    replayed.close()
    assert replayed.calls == 0
    assert counts(tmp_path / "two") == WITH_TRUTH
    for name in EXPORTS:
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_killed_and_resumed(source, tmp_path):
    """Killed at several moments, the run ends with the same files, and no finished call is made twice."""
    undisturbed = tmp_path / "undisturbed"
    MathReasoningPipeline(source, str(undisturbed), strong_model()).compile().run(quiet=True)
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "tests.integration.killed_math_job", source, str(folder)]
    kills = 0
    for wait in (0.9, 1.2, 1.5, 1.8):
        process = subprocess.Popen(command, cwd=ROOT)
        deadline = time.monotonic() + 60
        while not (folder.with_suffix(".asked")).exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        time.sleep(wait)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2, "the job was interrupted"
    subprocess.run(command, cwd=ROOT, check=True)
    for name in EXPORTS:
        assert (folder / name).read_bytes() == (undisturbed / name).read_bytes()
    asked = folder.with_suffix(".asked").read_text().splitlines()
    assert len(asked) - len(set(asked)) <= kills, "at most the call in flight is made again"


def test_the_general_variant(source, tmp_path):
    def reply(prompt):
        if "judgement_result" in prompt:
            return '{"reason": "Same result.", "judgement_result": true}'
        if "judgement_test" in prompt:
            return '{"reason": "Fine.", "judgement_test": true}'
        if "Write a new question" in prompt:
            return '{"question": "Why does ice float on water, although most solids sink in their melts?"}'
        return "One thing follows from the other. The answer is 5."

    from dataflow_rs.testing import FakeServing

    GeneralReasoningPipeline(source, str(tmp_path / "run"), FakeServing(reply)).compile().run(quiet=True)
    assert counts(tmp_path / "run")[3] == ("ReasoningAnswerModelJudgeFilter", 12, 6, {"empty": 6})
    assert len(json_lines(tmp_path / "run" / "sft.jsonl")) == 6


def test_the_pretraining_variant(source, tmp_path):
    ReasoningPretrainingPipeline(source, str(tmp_path / "run"), strong_model()).compile().run(quiet=True)
    texts = [row["text"] for row in json_lines(tmp_path / "run" / "pretrain.jsonl")]
    assert len(texts) == 12
    assert texts[0].startswith("Ann, Becky, and Julia")
    assert texts[0].endswith("\\boxed{154}")


def test_thresholds_name_their_sources():
    text = (ROOT / "pipelines" / "math_reasoning_thresholds.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert len(rows) == len(thresholds()) == 8
    assert all(len(row) == 3 and row[2] for row in rows)


@pytest.mark.parametrize(("name", "truth"), [("math_reasoning", True), ("math_reasoning_without_truth", False)])
def test_the_recipes_are_the_pipeline(name, truth):
    """`dataflow-rs run pipelines/<name>.yaml` does what the class does."""
    from dataflow_rs import read_recipe
    from dataflow_rs.pipeline.recipe import plan_to_dict

    recipe = read_recipe(ROOT / "pipelines" / f"{name}.yaml")
    pipeline = MathReasoningPipeline(cache_path=f"runs/{name}", ground_truth=truth)
    assert plan_to_dict(recipe)["steps"] == plan_to_dict(pipeline.compile())["steps"]
    assert plan_to_dict(recipe)["exports"] == plan_to_dict(pipeline.compile())["exports"]


@pytest.mark.model
def test_with_the_local_model(source, tmp_path):
    """The small model: the form of what comes out, not its quality."""
    from dataflow_rs.serving import LocalServing

    short = tmp_path / "two.jsonl"
    short.write_text("".join(Path(source).read_text(encoding="utf-8").splitlines(keepends=True)[2:4]), encoding="utf-8")
    with LocalServing(max_tokens=300, max_repairs=1) as serving:
        pipeline = MathReasoningPipeline(
            str(short), str(tmp_path / "run"), serving, new_questions=0, answers=1, min_votes=1, temperature=0.0
        )
        run = pipeline.compile().run(quiet=True)
    steps = {step.name: step for step in run.steps}
    assert steps["ReasoningQuestionFilter"].rows_in == 2
    kept = run.table(step=steps["ReasoningAnswerExtractionQwenMathEvalGenerator"].index).to_pylist()
    assert all(row["answer"] is None or row["solution"] for row in kept)
    assert all(1 <= row["difficulty_score"] <= 10 for row in kept if row["difficulty_score"] is not None)
    for row in json_lines(tmp_path / "run" / "rl.jsonl"):
        truth = {seed["question"]: seed["golden_answer"] for seed in seeds()}[row["question"]]
        assert row["answer"] == truth, "what is exported is verified"
