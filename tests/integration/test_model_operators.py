"""Every operator that asks a chat model, once, on the real small model behind an OpenAI-compatible server.

The form is asserted - rows in their places, types, values in range, failures with a reason - and that most of the calls
succeed; what the model says is not.
"""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import ModelUnavailableError
from dataflow_rs.operators import conversations, core_text, text_pt, text_sft
from dataflow_rs.operators.general_text import LLMLanguageFilter
from dataflow_rs.prompts.consistent_chat import ConsistentChatPrompt
from dataflow_rs.prompts.format_str import FormatStrPrompt
from dataflow_rs.retrieval import BM25Retriever
from dataflow_rs.serving import LocalServing, OpenAIServing, models

pytestmark = pytest.mark.model

RIVER = (
    "The Danube is the second-longest river in Europe. It rises in the Black Forest in Germany and flows to the Black "
    "Sea. Four capitals lie on its banks: Vienna, Bratislava, Budapest and Belgrade."
)
ANSWERED: dict[str, bool] = {}
"""Operator -> whether the model's replies could be used."""
OPERATORS = 27
"""How many operators are tried below."""


@pytest.fixture(scope="module")
def serving():
    """Ask a local server as any other one, by its address."""
    pytest.importorskip("xllamacpp", reason="the extra [local] is not installed: pip install 'open-dataflow-rs[local]'")
    try:
        models.locate(models.DEFAULT)
    except ModelUnavailableError as error:
        pytest.skip(f"THE REAL MODEL IS NOT TESTED: {error}")
    with LocalServing() as server:
        server.start()
        address, key = server.address, server._server.api_key
        with OpenAIServing(
            "local", base_url=address, api_key=key, max_tokens=220, temperature=0.0, seed=0, max_repairs=1
        ) as remote:
            yield remote


def applied(operator, table, outputs, **keys):
    """Apply an operator and check what holds whatever the model says; return the rows that have a value."""
    result, drops = operator.apply(table, return_drops=True, **keys)
    assert set(outputs) <= set(result.schema.names)
    whole = [row for row in result.to_pylist() if all(row[name] is not None for name in outputs)]
    assert all(drop["rule"] for drop in drops.to_pylist())
    ANSWERED[operator.name] = bool(whole)
    return whole


def test_conversations(serving):
    chat = pa.table({"chat": ["User: Is the train to Graz late? Assistant: Yes, by ten minutes."]})
    scenario = applied(conversations.ScenarioExtractGenerator(serving), chat, ["scenario"])
    table = pa.table({"scenario": [scenario[0]["scenario"] if scenario else "A traveller asks about a late train."]})
    applied(conversations.ScenarioExpandGenerator(serving), table, ["modified_scenario"])
    applied(conversations.AtomTaskGenerator(serving), table, ["atom_task"])
    task = pa.table({"atom_task": ["Find the next train from Vienna to Graz."]})
    applied(conversations.SequentialTaskGenerator(serving), task, ["subsequent_task", "composition_task"])
    applied(conversations.ParaSeqTaskGenerator(serving), task, ["parallel_task", "subsequent_task", "composition_task"])
    composed = pa.table(
        {
            "composition_task": ["Find the next train from Vienna to Graz and book a seat on it."],
            "atom_task": ["Find the next train from Vienna to Graz."],
            "subsequent_task": ["Book a seat on the train."],
        }
    )
    judged = conversations.CompositionTaskFilter(serving).apply(composed, return_drops=True)
    assert judged[0].num_rows + judged[1].num_rows == 1
    ANSWERED["CompositionTaskFilter"] = "yes" in judged[0]["runable_label"].to_pylist() or judged[1].num_rows == 1
    for row in applied(conversations.FunctionGenerator(serving), composed, ["functions"]):
        assert {"name", "description", "parameters"} == set(json.loads(row["functions"])[0])
    tools = [{"name": "find_train", "description": "Find a train.", "parameters": {"type": "object"}}]
    given = composed.append_column("functions", pa.array([json.dumps(tools)]))
    operator = conversations.MultiTurnConversationGenerator(serving, max_turns=2, on_error="drop")
    kept, drops = operator.apply(given, return_drops=True)
    assert kept.num_rows + drops.num_rows == 1
    ANSWERED[operator.name] = kept.num_rows == 1 or drops["rule"].to_pylist() == ["unfinished"]
    talk = [
        {"role": "user", "content": "When does it leave?"},
        {"role": "assistant", "content": "<final>At 9.</final>"},
    ]
    graded = applied(
        conversations.FuncCallConversationSampleEvaluator(serving), pa.table({"conversations": [talk]}), ["score"]
    )
    assert all(row["score"] in range(1, 6) for row in graded)
    chats = ConsistentChatPrompt({"making a plan": ["a picnic"]})
    generator = conversations.ConsistentChatGenerator(serving, 1, 2, temperature=0.0, prompt_template=chats)
    for row in applied(generator, pa.table({"x": [1]}), ["conversation"]):
        assert [turn["role"] for turn in row["conversation"]] == ["user", "assistant"] * 2


def test_instruction_data(serving):
    pair = pa.table({"instruction": ["Name a river in Europe."], "output": ["The Danube."]})
    for row in applied(text_sft.AlpagasusSampleEvaluator(serving), pair, ["AlpagasusScore"]):
        assert 0 <= row["AlpagasusScore"] <= 5
    for row in applied(text_sft.TreeinstructSampleEvaluator(serving), pair, ["TreeinstructScore"]):
        assert row["TreeinstructScore"] >= 0
    for row in applied(text_sft.InstagSampleEvaluator(serving), pair, ["tags"], output_tags_key="tags"):
        assert all(tag == tag.lower().strip() for tag in row["tags"])
    applied(text_sft.CondorGenerator(serving, num_samples=1), pa.table({"x": [1]}), ["instruction", "output"])
    refined = applied(text_sft.CondorRefiner(serving), pair, ["output"])
    assert refined[0]["output"]
    seed = text_sft.SFTGeneratorSeed(serving, "Make a question about geography with a short answer.")
    for row in applied(seed, pa.table({"raw_content": [RIVER]}), ["instruction", "output"]):
        assert row["raw_content"] == RIVER


def test_pretraining_data(serving):
    table = pa.table({"text": [RIVER], "raw_content": [RIVER]})
    for row in applied(text_pt.MetaSampleEvaluator(serving), table, ["Safety", "Educational Value"]):
        assert all(1 <= value <= 5 for name, value in row.items() if isinstance(value, float))
    applied(text_pt.Phi4QAGenerator(serving), table, ["generated_content"])
    kept, drops = LLMLanguageFilter(serving, on_error="drop").apply(
        pa.table({"text": [RIVER, "Der Zug hat heute leider zehn Minuten Verspätung."]}), return_drops=True
    )
    assert kept.num_rows + drops.num_rows == 2
    ANSWERED["LLMLanguageFilter"] = kept["language_label"].to_pylist() == ["en"] * kept.num_rows


def test_core_text(serving, tmp_path):
    question = pa.table(
        {"word": ["river"], "language": ["German"], "raw_content": ["Which capitals lie on the Danube?"]}
    )
    prompt = FormatStrPrompt("Translate the word {word} into {language}.")
    applied(core_text.FormatStrPromptedGenerator(serving, prompt_template=prompt), question, ["generated_content"])
    for row in applied(
        core_text.RandomDomainKnowledgeRowGenerator(serving, 1, ["geography"]), question, ["generated_content"]
    ):
        assert set(json.loads(row["generated_content"])) == {"instruction", "input", "output", "domain"}
    hop = core_text.Text2MultiHopQAGenerator(serving, num_q=1)
    for row in applied(hop, pa.table({"cleaned_chunk": [RIVER]}), ["QA_pairs"]):
        assert len(row["QA_pairs"][0]["reasoning_steps"]) >= 2
    file = tmp_path / "river.txt"
    file.write_text(RIVER)
    chunked = core_text.ChunkedPromptedGenerator(serving, "Translate into German.", max_chunk_len=150)
    applied(chunked, pa.table({"path": [str(file)]}), ["output_path"])
    retrieval = core_text.RetrievalGenerator(serving, BM25Retriever([RIVER, "Cats purr."], column=None, top_k=1))
    for row in applied(retrieval, question, ["generated_content", "found"], output_passages_key="found"):
        assert row["found"] == [RIVER]


def test_benchmarks(serving):
    table = pa.table({"question": ["What is 2 + 3?"], "golden_answer": ["5"], "generated_cot": ["2 + 3 = 5"]})
    applied(core_text.BenchAnswerGenerator(serving), table, ["generated_ans"], input_question_key="question")
    semantic = {"compare_method": "semantic"}
    applied(core_text.BenchDatasetEvaluator(serving, **semantic), table, ["answer_match_result"])
    evaluator = core_text.BenchDatasetEvaluatorQuestion(serving, **semantic)
    applied(evaluator, table, ["answer_match_result"], input_question_key="question")


def test_most_replies_could_be_used():
    assert len(ANSWERED) == OPERATORS, sorted(ANSWERED)
    failed = sorted(name for name, answered in ANSWERED.items() if not answered)
    assert len(failed) <= OPERATORS // 4, failed
