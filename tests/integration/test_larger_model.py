"""The real larger model on real texts: facts, schemas, verdicts and corrections, and a second run that pays nothing.

About 40 calls; their answers are checked where a text states a fact, with room for one wrong answer in five.
"""

from __future__ import annotations

import difflib
import gzip
import json
import re
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.operators.core_text import (
    PromptedEvaluator,
    PromptedFilter,
    PromptedGenerator,
    PromptedRefiner,
    Text2QAGenerator,
)
from dataflow_rs.prompts import PromptTemplate
from dataflow_rs.serving import LocalServing

from tests.conftest import MODELS

pytestmark = pytest.mark.large_model

DOCUMENTS = Path(__file__).resolve().parents[2] / "examples" / "data" / "documents.jsonl.gz"
SHARE = 0.8
"""Share of right answers that is demanded."""

# What the beginnings of these documents say.
FACTS = [
    ("tldr-pages/0003986410c07cc4", "Which command displays the current mask in symbolic mode?", "umask -s"),
    ("18f-blog/0c7de85b671941cd", "What is the name today of the platform formerly known as Federalist?", "cloud.gov"),
    ("18f-blog/4e63736662148bab", "How many volunteers mapped roads in the first 48 hours?", "2,000"),
    ("18f-blog/4e63736662148bab", "Which country was hit by the earthquake?", "nepal"),
    ("rust-blog/0860085c6b89965f", "Who has been made a full member of the compiler team?", "aaron hill"),
    ("rust-blog/0c6fe2fd2932e555", "Which version of Rust was released?", "1.96.1"),
    ("rust-blog/062aa4114683d3ad", "Who is the new representative of the compiler team?", "josh stone"),
    ("18f-blog/56889cc745085fd9", "How many petitions do taxpayers file each year?", "35,000"),
    ("18f-blog/56889cc745085fd9", "What share of the petitions is filed without a lawyer?", "60"),
    ("digitalgov/517210405fed8144", "To which day were the target dates updated?", "june 24, 2024"),
]
PROSE = [
    "18f-blog/4cf6c115fb210fa7",
    "digitalgov/58e692bdb3d50489",
    "rust-blog/0860085c6b89965f",
    "18f-blog/56889cc745085fd9",
    "digitalgov/517210405fed8144",
]
MOVED = "eips/02116a3a797a3a28"  # says only that the page lies elsewhere now
PAGES = [
    ("tldr-pages/0003986410c07cc4", "umask"),
    ("tldr-pages/01df0d811081cf0c", "sm"),
    ("tldr-pages/067f7b8b019a3875", "ibmcloud login"),
    ("tldr-pages/08ea6a111c353355", "git submodule"),
    ("tldr-pages/05254edecd295342", "jj config unset"),
]
COMMAND = {
    "type": "object",
    "properties": {
        "command": {"type": "string", "maxLength": 40},
        "purpose": {"type": "string", "maxLength": 160},
        "difficulty": {"enum": ["easy", "medium", "hard"]},
        "examples": {"type": "integer", "minimum": 0, "maximum": 20},
    },
    "required": ["command", "purpose", "difficulty", "examples"],
    "additionalProperties": False,
}
# Sentences of the documents above, and words that get a wrong letter in each.
MISSPELT = [
    ("Most are filed without the help of lawyers.", {"without": "wihtout", "lawyers": "lawers"}),
    (
        "Congratulations and thanks for all of your contributions to the project!",
        {"thanks": "thnaks", "project": "projcet"},
    ),
    ("We cannot assume any responsibility for the content of other websites.", {"responsibility": "responsability"}),
    (
        "This research can take many forms, but it always includes primary research.",
        {"always": "allways", "many": "meny"},
    ),
]


class AskPrompt(PromptTemplate):
    """Answer a question about a text."""

    system = "You answer questions about a text. Take the answer from the text and keep it as short as possible."
    user = 'Text:\n{text}\n\nQuestion: {question}\n\nReply as JSON: {"answer": "..."}'
    fields = {"answer": str}
    json_schema = {
        "type": "object",
        "properties": {"answer": {"type": "string"}},
        "required": ["answer"],
        "additionalProperties": False,
    }


class Work(Pipeline):
    """Keep what reads well, ask about it, grade the answers."""

    def __init__(self, serving, table, folder):
        super().__init__()
        self.storage = FileStorage(table, cache_path=folder)
        judge = "Judge how much a reader learns from the text. A page that only points elsewhere or is empty gets 1."
        self.readable = PromptedFilter(serving, judge, min_score=3, scale_max=5)
        self.pairs = Text2QAGenerator(serving)
        self.grade = PromptedEvaluator(serving, "Judge how well formed and complete this answer is.", scale_max=10)

    def forward(self):
        self.readable.run(storage=self.storage.step(), input_key="text", output_key="score")
        self.pairs.run(storage=self.storage.step(), input_key="text")
        self.grade.run(storage=self.storage.step(), input_key="generated_answer", output_key="grade")


@pytest.fixture(scope="module")
def texts():
    """Id -> the first 600 characters."""
    with gzip.open(DOCUMENTS, "rt", encoding="utf-8") as lines:
        return {row["id"]: row["text"][:600] for row in map(json.loads, lines)}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The call log that all tests share: the last one asks everything again."""
    return tmp_path_factory.mktemp("larger") / "calls.log"


def local(log, **settings):
    return LocalServing(MODELS["large_model"], max_tokens=160, call_log=log, **settings)


@pytest.fixture(scope="module")
def serving(log):
    with local(log) as serving:
        yield serving


def misspelt(sentence, words):
    for right, wrong in words.items():
        assert right in sentence
        sentence = sentence.replace(right, wrong)
    return sentence


def answers(serving, texts):
    table = pa.table({"text": [texts[key] for key, _, _ in FACTS], "question": [question for _, question, _ in FACTS]})
    return PromptedGenerator(serving, prompt_template=AskPrompt()).apply(table, input_key="text")


def pages(serving, texts):
    generator = PromptedGenerator(serving, "Describe the command that this manual page is about.", json_schema=COMMAND)
    return generator.apply(pa.table({"text": [texts[key] for key, _ in PAGES]}), input_key="text")


def corrections(serving):
    table = pa.table({"text": [misspelt(*case) for case in MISSPELT]})
    return PromptedRefiner(serving, "Correct the spelling. Reply with the text and nothing else.").apply(
        table, input_key="text"
    )


def work(serving, texts, folder):
    ids = [*PROSE, MOVED]
    table = pa.table({"id": ids, "text": [texts[key] for key in ids]})
    return Work(serving, table, folder).compile().run(quiet=True)


def test_facts_of_the_texts_are_found(serving, texts):
    given = answers(serving, texts)["generated_content"].to_pylist()
    assert None not in given
    wrong = [
        (question, answer)
        for (_, question, right), answer in zip(FACTS, given, strict=True)
        if right not in answer.lower()
    ]
    assert len(wrong) <= (1 - SHARE) * len(FACTS), wrong


def test_schemas_are_always_followed(serving, texts):
    replies = [json.loads(reply) for reply in pages(serving, texts)["generated_content"].to_pylist()]
    for reply in replies:
        jsonschema.validate(reply, COMMAND)
    wrong = [reply for reply, (_, name) in zip(replies, PAGES, strict=True) if not reply["command"].startswith(name)]
    assert len(wrong) <= (1 - SHARE) * len(PAGES), wrong


def test_spelling_is_corrected_and_nothing_else(serving):
    given = corrections(serving)["text"].to_pylist()
    words = [(right, text) for (_, words), text in zip(MISSPELT, given, strict=True) for right in words]
    wrong = [(right, text) for right, text in words if not re.search(rf"\b{right}\b", text)]
    assert len(wrong) <= (1 - SHARE) * len(words), wrong
    alike = [
        difflib.SequenceMatcher(None, text, sentence).ratio()
        for (sentence, _), text in zip(MISSPELT, given, strict=True)
    ]
    assert sum(ratio > 0.9 for ratio in alike) >= SHARE * len(alike), given


def test_a_pipeline_filters_asks_and_grades(serving, texts, tmp_path):
    run = work(serving, texts, tmp_path / "run")
    assert run.errors().num_rows == 0
    kept = run.table(1)
    dropped = run.drops().to_pylist()
    assert all(score in range(1, 6) for score in [*kept["score"].to_pylist(), *(drop["value"] for drop in dropped)])
    verdicts = [(name, name in kept["id"].to_pylist()) for name in [*PROSE, MOVED]]
    wrong = [(name, keep) for name, keep in verdicts if keep == (name == MOVED)]
    assert len(wrong) <= (1 - SHARE) * len(verdicts), wrong
    pairs = run.table().to_pylist()
    assert {pair["id"] for pair in pairs} == set(kept["id"].to_pylist()), "a pair for every text"
    assert all(pair["generated_question"].rstrip().endswith("?") for pair in pairs)
    assert all(grade in range(1, 11) for grade in [pair["grade"] for pair in pairs])
    stated = [grounded(pair["generated_answer"], pair["text"]) for pair in pairs]
    assert sum(share >= 0.6 for share in stated) >= SHARE * len(pairs), pairs


def grounded(answer, text):
    """Return how much of an answer's words are in the text."""
    words = set(re.findall(r"\w{4,}|\d+", answer.lower()))
    return len(words & set(re.findall(r"\w{4,}|\d+", text.lower()))) / max(len(words), 1)


def test_a_fresh_process_of_the_model_answers_alike(serving, texts, log):
    first = answers(serving, texts).slice(0, 3)
    with LocalServing(MODELS["large_model"], max_tokens=160, replay="off") as other:
        table = first.select(["text", "question"])
        again = PromptedGenerator(other, prompt_template=AskPrompt()).apply(table, input_key="text")
        assert other.totals.calls == 3
    assert again.equals(first)


def test_a_second_run_asks_nothing(serving, texts, log, tmp_path):
    first = [answers(serving, texts), pages(serving, texts), corrections(serving), work(serving, texts, tmp_path / "a")]
    asked = serving.totals.calls
    assert 30 <= asked <= 45
    serving.close()
    with local(log, replay="only") as replayed:
        again = [
            answers(replayed, texts),
            pages(replayed, texts),
            corrections(replayed),
            work(replayed, texts, tmp_path / "b"),
        ]
        assert replayed.pid is None, "the model is not even loaded"
        assert (replayed.totals.calls, replayed.totals.failed) == (0, {})
    assert replayed.totals.replayed == asked
    for one, other in zip(first[:3], again[:3], strict=True):
        assert one.equals(other)
    assert first[3].table().equals(again[3].table())
