"""Generators over several columns, from nothing, over files and over sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.exceptions import CompileError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators.core_text import (
    ChunkedPromptedGenerator,
    FormatStrPromptedGenerator,
    RandomDomainKnowledgeRowGenerator,
    Text2MultiHopQAGenerator,
)
from dataflow_rs.operators.core_text.chunked_prompted_generator import chunks
from dataflow_rs.operators.core_text.sentences import sentences
from dataflow_rs.prompts import ScorePrompt, UserPrompt
from dataflow_rs.prompts.format_str import FormatStrPrompt
from dataflow_rs.prompts.multihop import Text2MultiHopQAGeneratorPrompt
from dataflow_rs.testing import FakeServing
from hypothesis import given
from hypothesis import strategies as st


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def fake(reply):
    return FakeServing(reply, fail=failing, max_repairs=0)


# -- FormatStrPromptedGenerator ----------------------------------------------------------------------------------------

WORDS = pa.table(
    {"en": ["cat", None, "fail", "{language}"], "language": ["nl", "nl", "nl", "{word}"], "n": [1, 2, 3, 4]}
)
TRANSLATE = FormatStrPrompt("{word} to {language} ({n}): {}")


def test_placeholders_are_filled_at_once():
    serving = fake(lambda prompt: prompt)
    generator = FormatStrPromptedGenerator(serving, prompt_template=TRANSLATE)
    table = generator.apply(WORDS, word="en", output_key="out")
    assert table["out"].to_pylist() == ["cat to nl (1): {}", None, None, "{language} to {word} (4): {}"]
    assert serving.requests[0].messages[0]["role"] == "system"
    assert generator.apply(WORDS, input_keys={"word": "en"}).column_names[-1] == "generated_content"


def test_optional_placeholders_and_the_system_prompt():
    template = FormatStrPrompt("{word}!", system_prompt="Be brief.")
    serving = fake(lambda request: request.messages[0]["content"] + request.messages[1]["content"])
    generator = FormatStrPromptedGenerator(serving, prompt_template=template, optional=["word"])
    assert generator.apply(pa.table({"word": ["a", None]}))["generated_content"].to_pylist() == [
        "Be brief.a!",
        "Be brief.!",
    ]


@pytest.mark.parametrize(
    ("arguments", "keys", "message"),
    [
        ({"prompt_template": ScorePrompt("x")}, {}, "ScorePrompt is not accepted; accepted are FormatStrPrompt"),
        ({"optional": ["wrd"]}, {}, r"optional=\): the template has no placeholder 'wrd' \(did you mean 'word'\?\)"),
        ({}, {"lang": "en"}, "the template has no placeholder 'lang'.*; it has word, language, n"),
        ({}, {"word": 3}, "'word' must be a column name, not 3"),
    ],
)
def test_mistakes_of_the_template(arguments, keys, message):
    with pytest.raises(ParameterError, match=message):
        FormatStrPromptedGenerator(fake({"*": "x"}), **{"prompt_template": TRANSLATE, **arguments}).apply(WORDS, **keys)


def test_a_schema_and_a_prompt_of_ones_own():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    generator = FormatStrPromptedGenerator(
        fake(lambda prompt: '{"n": 1}'), prompt_template=FormatStrPrompt("{en}"), json_schema=schema
    )
    assert generator.apply(WORDS)["generated_content"].to_pylist()[0] == '{"n": 1}'

    class OwnPrompt(UserPrompt):
        """Ask in our own way."""

        user = "Own: {en}"
        fields = {"reply": str}

    own = FormatStrPromptedGenerator(fake(lambda prompt: prompt), prompt_template=OwnPrompt())
    assert own.apply(WORDS)["generated_content"].to_pylist()[0] == "Own: cat"


class TranslatePipeline(Pipeline):
    def __init__(self, folder, column):
        super().__init__()
        self.storage = FileStorage(WORDS, cache_path=folder)
        self.translate = FormatStrPromptedGenerator(fake(lambda prompt: prompt), prompt_template=TRANSLATE)
        self.column = column

    def forward(self):
        self.translate.run(storage=self.storage.step(), word=self.column, output_key="out")


def test_compile_knows_the_columns_of_placeholders(tmp_path):
    with pytest.raises(CompileError, match="there is no column 'eng' \\(did you mean 'en'\\?\\)"):
        TranslatePipeline(tmp_path / "a", "eng").compile()
    run = TranslatePipeline(tmp_path / "b", "en").compile().run(quiet=True)
    assert run.table()["out"].to_pylist()[0] == "cat to nl (1): {}"
    assert [error["type"] for error in run.errors().to_pylist()] == ["RateLimitedError"]


# -- RandomDomainKnowledgeRowGenerator ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 3])
def test_as_many_rows_as_asked_for_whatever_was_there(rows):
    def example(request):
        domain = request.messages[-1]["content"].split("Domain: ")[1].split("\n")[0]
        return json.dumps({"instruction": f"{domain} {request.sample}", "input": "", "output": "ö"})

    generator = RandomDomainKnowledgeRowGenerator(FakeServing(example), 6, ["law", "physics"], seed=3)
    table = generator.apply(pa.table({"x": range(rows)}))
    assert table.schema.names == ["generated_content", "domain", "error"]
    made = [json.loads(text) for text in table["generated_content"].to_pylist()]
    assert [one["domain"] for one in made] == table["domain"].to_pylist()
    assert len({one["instruction"] for one in made}) == 6, "samples of one prompt are told apart"
    again = RandomDomainKnowledgeRowGenerator(FakeServing(example), 6, ["law", "physics"], seed=3)
    assert again.apply(pa.table({"x": [1]})).equals(table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generation_num": 0}, "generation_num=0 must be at least 1"),
        ({"domain_keys": []}, "there must be at least one domain, and none blank"),
        ({"domain_keys": [" "]}, "there must be at least one domain, and none blank"),
        ({"prompt_template": ScorePrompt("x")}, "ScorePrompt is not accepted; it must be a SFTFromScratch"),
    ],
)
def test_mistakes_of_random_domains(arguments, message):
    with pytest.raises(ParameterError, match=message):
        RandomDomainKnowledgeRowGenerator(fake({"*": "x"}), **{"generation_num": 1, "domain_keys": "law", **arguments})


def test_random_domains_with_a_prompt_of_ones_own_and_failures():
    class OwnPrompt(UserPrompt):
        """Ask for a sentence."""

        user = "A sentence about {domain}."
        fields = {"sentence": str}

    serving = FakeServing(lambda prompt: prompt, fail={2: RateLimitedError("slow down")})
    table = RandomDomainKnowledgeRowGenerator(serving, 3, "law", prompt_template=OwnPrompt()).apply(
        pa.table({"x": [1]})
    )
    assert table.to_pylist()[1] == {
        "generated_content": None,
        "domain": "law",
        "error": "RateLimitedError: slow down",
    }
    assert table["generated_content"].to_pylist()[0] == "A sentence about law."


# -- ChunkedPromptedGenerator ------------------------------------------------------------------------------------------


@given(st.text(max_size=300), st.integers(1, 40))
def test_chunks_are_the_text_and_never_too_long(text, limit):
    found = chunks(text, limit)
    assert "".join(found) == text
    assert all(len(piece) <= limit for piece in found)


def test_chunks_are_cut_at_the_best_break():
    table = [
        ("one two. three four", 12, ["one two. ", "three four"]),
        ("aaaaaaaa\nb b b b b", 12, ["aaaaaaaa\n", "b b b b b"]),
        ("abcdef", 4, ["abc", "def"]),
        ("", 3, [""]),
    ]
    for text, limit, pieces in table:
        assert chunks(text, limit) == pieces
    assert chunks("a b c d", 2, lambda piece: len(piece.split())) == ["a ", "b ", "c d"]


def test_chunked_generator(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {"a.b.txt": "one\n\ntwo two", "fail.txt": "good\n\nfail here", "empty.txt": " \n"}
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("latin.txt").write_bytes(b"caf\xe9")
    table = pa.table({"path": ["a.b.txt", "missing.txt", None, "fail.txt", "empty.txt", "latin.txt"]})
    serving = fake(lambda prompt: prompt.upper())
    generator = ChunkedPromptedGenerator(serving, max_chunk_len=9, separator="|")
    out = generator.apply(table)["output_path"].to_pylist()
    assert out == ["a.b_output.txt", None, None, None, "empty_output.txt", None]
    assert Path(out[0]).read_text() == "ONE|TWO TWO"
    assert Path(out[4]).read_text() == ""
    assert not Path("fail_output.txt").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*files, "latin.txt", out[0], out[4]])
    _, drops = ChunkedPromptedGenerator(serving, max_chunk_len=9, on_error="drop").apply(table, return_drops=True)
    assert [(drop["row"], drop["detail"][:30]) for drop in drops.to_pylist()] == [
        (1, "FileNotFoundError: missing.txt"),
        (3, "RateLimitedError: slow down"),
        (5, "UnicodeDecodeError: latin.txt "),
    ]
    with pytest.raises(OperatorError, match="row 1 of the batch failed with FileNotFoundError"):
        ChunkedPromptedGenerator(serving, on_error="raise").apply(table)


def test_chunked_generator_with_a_folder_of_its_own(tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("x")
    generator = ChunkedPromptedGenerator(fake({"*": "y"}), suffix=".md", output_dir=str(tmp_path / "out"))
    assert generator.apply(pa.table({"path": [str(source)]}))["output_path"].to_pylist() == [
        str(tmp_path / "out" / "a.md")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"max_chunk_len": 0}, "max_chunk_len=0 must be at least 1"), ({"suffix": "a/b"}, "must be the end of a file")],
)
def test_mistakes_of_chunks(arguments, message):
    with pytest.raises(ParameterError, match=message):
        ChunkedPromptedGenerator(fake({"*": "x"}), **arguments)


# -- Text2MultiHopQAGenerator ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("Mr. A. Bell paid 3.50 euros. He left.", "en", ["Mr. A. Bell paid 3.50 euros.", "He left."]),
        (
            'He said "Stop!" Then he ran... away. 12 came.',
            "en",
            ['He said "Stop!"', "Then he ran... away.", "12 came."],
        ),
        ("雨很大。我们回家！好吗？", "zh", ["雨很大。", "我们回家！", "好吗？"]),
        ("", "en", []),
        ("no end", "en", ["no end"]),
    ],
)
def test_sentences(text, lang, found):
    assert sentences(text, lang) == found


LONG = " ".join(f"Fact number {number} says that river {number} flows into river {number + 1}." for number in range(8))


def pair(**changes):
    found = {"question": "q", "reasoning_steps": ["a", "b"], "answer": "x", "supporting_facts": ["s"], "type": "t"}
    return json.dumps({**found, **changes})


def test_multi_hop():
    half = LONG.replace("number 7 says", "number 7 says fail")
    none = LONG.replace("says", "says fail")
    table = pa.table({"cleaned_chunk": [LONG, None, "Too short.", "x" * 200, "!?. " * 60, half, none], "id": range(7)})
    serving = fake(lambda prompt: pair())
    kept, drops = Text2MultiHopQAGenerator(serving, num_q=6).apply(table, return_drops=True)
    assert kept["id"].to_pylist() == [0, 5, 6], "a text with a failed call is kept, even without a pair"
    assert [len(pairs or []) for pairs in kept["QA_pairs"].to_pylist()] == [6, 5, 0]
    assert kept["QA_metadata"].to_pylist() == [
        {"sentences": 8, "windows": 6, "pairs": 6, "lang": "en"},
        {"sentences": 8, "windows": 6, "pairs": 5, "lang": "en"},
        None,
    ]
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == [
        (1, "length"),
        (2, "length"),
        (3, "sentences"),
        (4, "sentences"),
    ]
    assert serving.calls == 13, "windows that are the same are asked about once"
    _, drops = Text2MultiHopQAGenerator(serving, num_q=6, on_error="drop").apply(table, return_drops=True)
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()][-2:] == [(5, "error"), (6, "error")]


def test_multi_hop_asks_no_more_than_it_keeps():
    serving = fake(lambda prompt: pair())
    table = pa.table({"cleaned_chunk": [LONG, LONG + " More follows."]})
    made = Text2MultiHopQAGenerator(serving, num_q=2, seed=4).apply(table)
    assert [len(pairs) for pairs in made["QA_pairs"].to_pylist()] == [2, 2]
    assert serving.calls <= 4
    assert (
        made.schema.field("QA_pairs").type
        == Text2MultiHopQAGenerator(serving).apply(table.slice(0, 0)).schema.field("QA_pairs").type
    )
    with pytest.raises(ParameterError, match="num_q=0 must be at least 1"):
        Text2MultiHopQAGenerator(serving, num_q=0)


def test_multi_hop_special_characters_and_languages():
    special = "Ah ##$%&//((. Oh ==++##~~. " * 8
    _, drops = Text2MultiHopQAGenerator(fake({"*": "x"})).apply(
        pa.table({"cleaned_chunk": [special]}), return_drops=True
    )
    assert drops["rule"].to_pylist() == ["special_characters"]
    serving = fake(lambda prompt: pair())
    Text2MultiHopQAGenerator(serving, lang="zh").apply(pa.table({"cleaned_chunk": ["雨很大，我们回家。" * 20]}))
    assert "请写出" in serving.requests[0].messages[1]["content"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (pair(answer=" "), "the question or the answer is blank"),
        (pair(reasoning_steps=["one", ""]), "the answer takes 1 step, not several"),
    ],
)
def test_multi_hop_replies_that_are_none(reply, message):
    with pytest.raises(Exception, match=message):
        Text2MultiHopQAGeneratorPrompt().parse(reply)


def test_multi_hop_steps_as_objects():
    found = Text2MultiHopQAGeneratorPrompt().parse(pair(reasoning_steps=[{"step": "a"}, {"step": "b"}]))
    assert found["reasoning_steps"] == ["a", "b"]
