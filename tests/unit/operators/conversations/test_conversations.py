"""The operators of conversation synthesis: rows never shift, a failed or malformed reply is an error of its row."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.exceptions import CompileError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators import conversations as ops
from dataflow_rs.prompts.consistent_chat import ConsistentChatPrompt
from dataflow_rs.prompts.conversations import FuncGeneratePrompt
from dataflow_rs.testing import FakeServing

VALUES = ["one", None, "fail", "", "odd", "two"]
FINAL = {"action": "final", "function": "", "arguments": {}, "answer": "Done."}
CALL = {"action": "call", "function": "find", "arguments": {"city": "Graz"}, "answer": ""}


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def fake(reply):
    return FakeServing(reply, fail=failing, max_repairs=0)


def json_of(**fields):
    """Reply with the fields, each naming the value that was asked about; nonsense where it is odd."""

    def reply(prompt):
        word = next(word for word in ("one", "two", "odd") if f"\n{word}\n" in prompt)
        return "nonsense" if word == "odd" else json.dumps({name: value.format(word) for name, value in fields.items()})

    return reply


@pytest.mark.parametrize(
    ("cls", "key", "output"),
    [
        (ops.ScenarioExtractGenerator, "input_chat_key", "scenario"),
        (ops.ScenarioExpandGenerator, "input_scenario_key", "modified_scenario"),
        (ops.AtomTaskGenerator, "input_scenario_key", "atom_task"),
    ],
)
def test_one_text_from_another(cls, key, output):
    serving = fake(lambda prompt: f" <think>hm</think> about {prompt.split(chr(10))[1]} ")
    table = cls(serving).apply(pa.table({"given": VALUES}), **{key: "given"})
    assert table[output].to_pylist() == ["about one", None, None, None, "about odd", "about two"]
    assert serving.calls == 4
    kept, drops = cls(fake(lambda prompt: "x"), on_error="drop").apply(
        pa.table({"given": VALUES}), return_drops=True, **{key: "given"}
    )
    assert kept.num_rows == 5
    assert drops.to_pylist()[0]["detail"] == "RateLimitedError: slow down"


def test_a_scenario_is_extracted_from_messages():
    chat = [{"role": "user", "content": "Is it late?"}]
    table = pa.table({"chat": [chat, [], None]})
    serving = FakeServing(lambda prompt: "A wait.")
    assert ops.ScenarioExtractGenerator(serving).apply(table)["scenario"].to_pylist() == ["A wait.", None, None]
    assert '[{"role": "user", "content": "Is it late?"}]' in serving.requests[0].messages[1]["content"]


@pytest.mark.parametrize(
    ("cls", "fields"),
    [
        (ops.SequentialTaskGenerator, ("subsequent_task", "composition_task")),
        (ops.ParaSeqTaskGenerator, ("parallel_task", "subsequent_task", "composition_task")),
    ],
)
def test_composed_tasks(cls, fields):
    serving = fake(json_of(**{name: f"{name} of {{}},\nwith a line break" for name in fields}))
    table = cls(serving).apply(pa.table({"atom_task": VALUES}))
    for name in fields:
        made = [f"{name} of one,\nwith a line break", None, None, None, None, f"{name} of two,\nwith a line break"]
        assert table[name].to_pylist() == made
    with pytest.raises(OperatorError, match="row 2 of the batch failed with RateLimitedError"):
        cls(fake(json_of(**dict.fromkeys(fields, "{}"))), on_error="raise").apply(pa.table({"atom_task": VALUES}))
    blank = FakeServing([json.dumps({**dict.fromkeys(fields, "x"), "composition_task": " "})], max_repairs=0)
    row = cls(blank, on_error="drop").apply(pa.table({"atom_task": ["a"]}), return_drops=True)
    assert row[1]["detail"].to_pylist() == ["MalformedReplyError: 'composition_task' is blank"]


COMPOSED = pa.table(
    {
        "composition_task": ["one", None, "fail", "two", "odd", "none"],
        "atom_task": ["a", "b", "c", "d", "e", None],
        "subsequent_task": [None, "g", "h", "i", "j", " "],
    }
)


@pytest.mark.parametrize(
    ("on_error", "kept", "dropped"),
    [
        ("keep", ["one", "fail", "odd"], [(1, "empty", None), (3, "not_runnable", "no"), (5, "empty", None)]),
        (
            "drop",
            ["one"],
            [
                (1, "empty", None),
                (2, "error", "RateLimitedError: slow down"),
                (3, "not_runnable", "no"),
                (4, "error", "SchemaMismatchError: the reply holds no JSON: 'nonsense'"),
                (5, "empty", None),
            ],
        ),
    ],
)
def test_composition_task_filter(on_error, kept, dropped):
    def judge(prompt):
        word = prompt.split("\n")[1]
        verdict = {"one": "yes", "two": "no"}.get(word)
        return "nonsense" if verdict is None else json.dumps({"reason": verdict, "runnable": verdict})

    serving = fake(judge)
    table, drops = ops.CompositionTaskFilter(serving, on_error=on_error).apply(COMPOSED, return_drops=True)
    assert table["composition_task"].to_pylist() == kept
    assert [(drop["row"], drop["rule"], drop["detail"]) for drop in drops.to_pylist()] == dropped
    assert "Steps:\n1. a\n\n" in serving.requests[0].messages[1]["content"], "a null part is left out"
    assert "Steps:\n1. d\n2. i\n" in serving.requests[2].messages[1]["content"]


def test_function_generator():
    def define(prompt):
        parameters = [{"name": "n", "type": "integer", "description": "How many."}]
        if "\nodd\n" in prompt:
            parameters = [{"type": "integer", "description": "Without a name."}]
        return json.dumps({"functions": [{"name": "f", "description": "Does it.", "parameters": parameters}]})

    table = ops.FunctionGenerator(fake(define)).apply(COMPOSED)
    made = table["functions"].to_pylist()
    assert [value is not None for value in made] == [True, False, False, True, False, False]
    assert json.loads(made[0]) == [
        {
            "name": "f",
            "description": "Does it.",
            "parameters": {
                "type": "object",
                "properties": {"n": {"type": "integer", "description": "How many."}},
                "required": ["n"],
            },
        }
    ]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ('{"functions": []}', "the reply defines no function"),
        ('{"functions": ["f"]}', "the reply is no JSON object but '\"f\"'"),
        ('[{"name": "f", "description": "d", "parameters": {"n": 1}}]', "the parameters of 'f' are no list"),
    ],
)
def test_functions_that_are_none(reply, message):
    with pytest.raises(Exception, match=message):
        FuncGeneratePrompt().parse(reply)


@pytest.mark.parametrize(
    ("reply", "score"),
    [('{"reason": "r", "score": 4}', 4), ('{"reason": "r", "score": 9}', None), ("no idea", None), (None, None)],
)
def test_conversation_evaluator(reply, score):
    table = pa.table({"conversations": [[{"role": "user", "content": "x"}], None]})
    serving = FakeServing({"*": reply}, max_repairs=0)
    result = ops.FuncCallConversationSampleEvaluator(serving).apply(table)
    assert result["score"].to_pylist() == [score, None]
    assert result.schema.field("score").type == pa.int64()


def voices(request):
    """Play user, assistant and function by what the task says."""
    system, last = request.messages[0]["content"], request.messages[-1]["content"]
    if "You play a user" in system:
        return f"Please: {last.splitlines()[1]}"
    if "You stand in for functions" in system:
        return json.dumps({"found": 1})
    task = request.messages[1]["content"]
    if "broken" in task:
        return "I will do it."
    rounds = sum(message["role"] == "assistant" for message in request.messages)
    endless = "endless" in task
    return json.dumps(FINAL if rounds >= (0 if "short" in task else 1) and not endless else CALL)


def test_multi_turn_conversation():
    tasks = ["short", "with a call", None, "endless", "broken", "fail", "no functions"]
    table = pa.table(
        {
            "composition_task": tasks,
            "atom_task": ["a"] * 7,
            "subsequent_task": ["b"] * 7,
            "functions": ['[{"name": "find"}]'] * 6 + [None],
        }
    )
    serving = FakeServing(voices, fail=lambda p: failing(p) if "You want" in p else None, max_repairs=0)
    generator = ops.MultiTurnConversationGenerator(serving, max_turns=2, on_error="drop")
    kept, drops = generator.apply(table, return_drops=True)
    assert kept["user_response"].to_pylist() == ["Please: short", "Please: with a call"]
    assert kept["conversations"].to_pylist() == [
        [
            {"role": "user", "content": "Please: short"},
            {"role": "assistant", "content": "<final>Done.</final>"},
        ],
        [
            {"role": "user", "content": "Please: with a call"},
            {
                "role": "assistant",
                "content": '<func_call>{"name": "find", "arguments": {"city": "Graz"}}</func_call>',
            },
            {"role": "tool", "content": '{"found": 1}'},
            {"role": "assistant", "content": "<final>Done.</final>"},
        ],
    ]
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == [
        (2, "empty"),
        (3, "unfinished"),
        (4, "error"),
        (5, "error"),
        (6, "empty"),
    ]
    with pytest.raises(ParameterError, match="max_turns=0 must be at least 1"):
        ops.MultiTurnConversationGenerator(serving, max_turns=0)


def test_multi_turn_conversation_without_any_finished_one_keeps_its_type():
    table = pa.table({"composition_task": [None], "atom_task": ["a"], "subsequent_task": ["b"], "functions": ["[]"]})
    result = ops.MultiTurnConversationGenerator(FakeServing(["x"])).apply(table)
    assert result.num_rows == 0
    assert result.schema.field("conversations").type.value_type.names == ["role", "content"]


CHATS = ConsistentChatPrompt({"planning": ["a party", "a trip"], "learning": ["chess"]})


def chat(request):
    prompt = request.messages[-1]["content"]
    if "chess" in prompt and request.sample == 1:
        return '{"turns": ["only one"]}'
    kind = "answer" if "answers" in prompt else "question"
    topic = prompt.split("Topic: ")[1].split("\n")[0]
    return json.dumps({"turns": [f"{kind} {number} on {topic} ({request.sample})" for number in (1, 2)]})


@pytest.mark.parametrize("on_error", ["keep", "drop", "raise"])
def test_consistent_chat(on_error):
    serving = FakeServing(chat, max_repairs=0)
    generator = ops.ConsistentChatGenerator(serving, 3, 2, prompt_template=CHATS, on_error=on_error)
    if on_error == "raise":
        with pytest.raises(OperatorError, match="row 4 could not be made, SchemaMismatchError: "):
            generator.apply(pa.table({"x": [1]}))
        return
    table = generator.apply(pa.table({"x": [1]}))
    assert table.schema.names == ["category", "topic", "conversation", "error"]
    rows = table.to_pylist()
    topics = ["a party", "a trip", "a party", "chess", *(["chess"] if on_error == "keep" else []), "chess"]
    assert [row["topic"] for row in rows] == topics
    assert rows[2]["conversation"] == [
        {"role": "user", "content": "question 1 on a party (1)"},
        {"role": "assistant", "content": "answer 1 on a party (1)"},
        {"role": "user", "content": "question 2 on a party (1)"},
        {"role": "assistant", "content": "answer 2 on a party (1)"},
    ]
    assert {request.temperature for request in serving.requests} == {0.9}
    if on_error == "keep":
        assert rows[4]["conversation"] is None
        assert rows[4]["error"].startswith("SchemaMismatchError: ")


def test_the_library_knows_forty_topics():
    pairs = ConsistentChatPrompt().pairs()
    assert (len(pairs), len(set(pairs)), len(dict(pairs))) == (40, 40, 10)
    with pytest.raises(ParameterError, match="every intent needs at least one topic"):
        ConsistentChatPrompt({"planning": []})


class ChatPipeline(Pipeline):
    def __init__(self, folder, column):
        super().__init__()
        self.storage = FileStorage(pa.table({"x": [1]}), cache_path=folder)
        self.chat = ops.ConsistentChatGenerator(FakeServing(chat, max_repairs=0), 2, 2, prompt_template=CHATS)
        self.score = ops.FuncCallConversationSampleEvaluator(FakeServing(lambda p: '{"reason": "r", "score": 4}'))
        self.column = column

    def forward(self):
        self.chat.run(storage=self.storage.step())
        self.score.run(storage=self.storage.step(), input_conversation_key=self.column)


def test_compile_knows_that_the_old_columns_are_gone(tmp_path):
    with pytest.raises(CompileError, match="there is no column 'x'; columns here: category, topic, conversation"):
        ChatPipeline(tmp_path / "a", "x").compile()
    run = ChatPipeline(tmp_path / "b", "conversation").compile().run(quiet=True)
    assert run.table()["score"].to_pylist() == [4, 4, 4, None]
    assert [error["type"] for error in run.errors().to_pylist()] == []
