"""The operators over answers: verdicts with rules, values and details, votes, formats, and hostile answers."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import ParameterError, RateLimitedError
from dataflow_rs.operators import reasoning as ops
from dataflow_rs.prompts import AnswerJudgePrompt
from dataflow_rs.prompts.reasoning_answers import (
    DiyAnswerGeneratorPrompt,
    GeneralAnswerGeneratorPrompt,
)
from dataflow_rs.testing import FakeServing

from tests.shared_data import FOLDER


def failing(prompt):
    return RateLimitedError("slow down") if "fail" in prompt else None


def drops_of(drops):
    return [(drop["row"], drop["rule"], drop["detail"]) for drop in drops.to_pylist()]


def test_answer_generator():
    serving = FakeServing(lambda prompt: f"solved {prompt[0]}", fail=failing)
    out = ops.ReasoningAnswerGenerator(serving).apply(pa.table({"instruction": ["a", "fail", None]}))
    assert out["generated_cot"].to_pylist() == ["solved a", None, None]
    assert "\\boxed{}" in serving.requests[0].messages[-1]["content"]
    general = ops.ReasoningAnswerGenerator(serving, prompt_template=GeneralAnswerGeneratorPrompt())
    general.apply(pa.table({"instruction": ["b"]}))
    own = DiyAnswerGeneratorPrompt(system_prompt="S", prompt_template="Q: {text}")
    ops.ReasoningAnswerGenerator(serving, prompt_template=own).apply(pa.table({"instruction": ["b"]}))
    assert serving.requests[-1].messages == (
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q: b"},
    )


BALLOTS = {
    "clear": ["\\boxed{1/2}", "I get 0.5. The answer is 0.5.", "\\boxed{3}"],
    "split": ["\\boxed{1}", "\\boxed{2}", "\\boxed{3}"],
    "silent": ["no idea", "none", "..."],
    "failed": [RateLimitedError("slow down"), "\\boxed{7}", "\\boxed{7}"],
}


def ballot(request):
    name = request.messages[-1]["content"].split("\n")[0]
    return BALLOTS[name][request.sample]


def test_pseudo_answers():
    source = pa.table({"instruction": [*BALLOTS, None]})
    serving = FakeServing(ballot)
    operator = ops.ReasoningPseudoAnswerGenerator(serving, min_votes=2, temperature=0.8)
    rows = operator.apply(source, output_key_other_solutions="others").to_pylist()
    assert [row["pseudo_answers"] for row in rows] == [
        ["1/2", "0.5", "3"],
        ["1", "2", "3"],
        [None, None, None],
        ["7", "7"],
        [],
    ]
    assert [row["pseudo_answer_value"] for row in rows] == ["1/2", None, None, "7", None]
    assert rows[0]["pseudo_solutions"] == BALLOTS["clear"][:2]
    assert rows[0]["pseudo_correct_solution_example"] == "\\boxed{1/2}"
    assert [len(row["others"]) for row in rows] == [1, 3, 3, 0, 0]
    assert {request.temperature for request in serving.requests} == {0.8}
    assert serving.requests[0].messages[-1]["content"].startswith("clear\n\nSolve it"), "the template is used"
    lone = ops.ReasoningPseudoAnswerGenerator(FakeServing(ballot)).apply(source).to_pylist()
    assert [row["pseudo_answer_value"] for row in lone] == ["1/2", "1", None, "7", None]


@pytest.mark.parametrize("numbers", [{"max_times": 0}, {"min_votes": 0}, {"max_times": 2, "min_votes": 3}])
def test_pseudo_answer_bounds(numbers):
    with pytest.raises(ParameterError, match="must be at least 1, and min_votes at most max_times"):
        ops.ReasoningPseudoAnswerGenerator(FakeServing({}), **numbers)


def test_extraction():
    source = pa.table({"cot": ["\\boxed{\\frac{2}{4}}", "the answer is c", "t=5", "a+b", "(C) 24", None, "none"]})
    out = ops.ReasoningAnswerExtractionQwenMathEvalGenerator().apply(source, input_key="cot")
    assert out["extraction"].to_pylist() == ["1/2", "c", "5", None, "24", None, None]
    letters = ops.ReasoningAnswerExtractionQwenMathEvalGenerator(dataset_name="aqua")
    choices = pa.table({"cot": ["The answer is (C).", "The answer is C) 24", "The answer is 24."]})
    assert letters.apply(choices, input_key="cot")["extraction"].to_pylist() == ["C", "C", None]


def test_formatter():
    texts = [
        "The answer is 4.",
        "<think>I wonder ... \\boxed{4}",
        "It is $\\frac{1}{2",
        "A set \\{ of words",
        "No.",
        " ",
        None,
        "So \\boxed{\\{1\\}}",
    ]
    source = pa.table({"generated_cot": texts})
    _, drops = ops.ReasoningAnswerFormatterFilter().apply(source, return_drops=True)
    rules = {drop["row"]: drop["rule"] for drop in drops.to_pylist()}
    assert rules == {
        1: "unfinished_reasoning",
        2: "unbalanced_braces",
        3: "no_answer",
        4: "no_answer",
        5: "blank",
        6: "blank",
    }
    kept = ops.ReasoningAnswerFormatterFilter(style="boxed").apply(source)
    assert kept["generated_cot"].to_pylist() == [texts[7]]


TRUTHS = pa.table(
    {
        "generated_cot": ["\\boxed{x+1}", "The answer is 5.", "No idea.", "\\boxed{7}", None],
        "golden_answer": ["1 + x", "#### 4", "3", None, "1"],
    }
)


@pytest.mark.parametrize(
    ("parameters", "kept", "expected"),
    [
        ({}, 1, [(1, "wrong", "answered 5, right is 4"), (2, "no_answer", "right is 3"), (3, "no_ground_truth", None)]),
        ({"without_truth": "keep"}, 2, [(1, "wrong", "answered 5, right is 4"), (2, "no_answer", "right is 3")]),
        ({"compare_method": "exact"}, 0, [(0, "wrong", "answered x+1, right is 1 + x")]),
    ],
)
def test_ground_truth(parameters, kept, expected):
    out, drops = ops.ReasoningAnswerGroundTruthFilter(**parameters).apply(TRUTHS, return_drops=True)
    assert out.num_rows == kept
    assert drops_of(drops)[: len(expected)] == expected
    assert out.column_names == TRUTHS.column_names, "no row passes, and the columns are still there"


def test_a_hostile_answer_costs_its_own_row():
    replies = ["\\boxed{(x+1)^{100000}}", "\\boxed{1+x}", "{" * 10**6, "\\boxed{" + "1" * 10**7]
    source = pa.table({"generated_cot": replies, "golden_answer": ["x+1"] * 4})
    out, drops = ops.ReasoningAnswerGroundTruthFilter(timeout_s=1.0).apply(source, return_drops=True)
    assert out["generated_cot"].to_pylist() == [replies[1]]
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == [(0, "error"), (2, "no_answer"), (3, "error")]
    assert drops.to_pylist()[0]["detail"].startswith("AnswerTimeoutError: comparing took longer than 1 s")
    assert ops.ReasoningAnswerGroundTruthFilter(timeout_s=1.0, on_error="keep").apply(source).num_rows == 3


def test_without_the_extra_compile_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "open-dataflow-rs[math]" in ops.ReasoningAnswerGroundTruthFilter().problems()[0]
    assert ops.ReasoningAnswerGroundTruthFilter(compare_method="exact").problems() == []


def judge(prompt):
    if "Reference answer:\nx" in prompt:
        return "It is not true that they are equal."
    right = "Answer:\n4" in prompt
    return f'{{"reason": "r", "judgement_result": {str(right).lower()}}}'


JUDGED = pa.table(
    {
        "question": ["q"] * 5,
        "answer": ["4", "5", "fail", "4", "4"],
        "reference_answer": ["4", "4", "4", None, "x"],
    }
)


def test_model_judge():
    def serving():
        return FakeServing(judge, fail=failing, max_repairs=0)

    out, drops = ops.ReasoningAnswerModelJudgeFilter(serving(), on_error="drop").apply(JUDGED, return_drops=True)
    assert out["answer_match_result"].to_pylist() == [True]
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == [
        (1, "wrong"),
        (2, "error"),
        (3, "empty"),
        (4, "error"),
    ]
    everything = ops.ReasoningAnswerModelJudgeFilter(serving(), keep_all_samples=True).apply(JUDGED)
    assert everything["answer_match_result"].to_pylist() == [True, False, None, None, None]
    asked = serving()
    pair = ops.ReasoningAnswerModelJudgeFilter(asked, prompt_template=AnswerJudgePrompt(), system_prompt="")
    pair.apply(JUDGED.slice(0, 1))
    assert "q" not in asked.requests[0].messages[-1]["content"].split("\n")


def test_ngrams():
    source = pa.table(
        {"instruction": ["again " * 90] * 4, "generated_cot": ["a b c d e f", "no no " * 60, "...", None]}
    )
    out, drops = ops.ReasoningAnswerNgramFilter().apply(source, return_drops=True, output_key="distinct")
    assert out["distinct"].to_pylist() == [1.0]
    assert [(drop["row"], drop["rule"], drop["threshold"]) for drop in drops.to_pylist()] == [
        (1, "min_score", 0.1),
        (2, "blank", None),
        (3, "null", None),
    ]
    assert ops.ReasoningAnswerNgramFilter(include_question=True).apply(source).num_rows == 0
    short = pa.table({"generated_cot": ["four tokens are here"]})
    assert ops.ReasoningAnswerNgramFilter().apply(short, input_question_key=None).num_rows == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_score": -0.1}, "ReasoningAnswerNgramFilter: min_score=-0.1 must lie between 0 and 1"),
        ({"ngrams": 0}, "ReasoningAnswerNgramFilter: ngrams=0 must be at least 1"),
    ],
)
def test_ngram_bounds(parameters, message):
    with pytest.raises(ParameterError) as error:
        ops.ReasoningAnswerNgramFilter(**parameters)
    assert str(error.value) == message


def test_root_filter():
    source = pa.table({"output": ["The answer is 3.", "no idea", "#### 5"], "golden_answer": [None, "", "6"]})
    rows = ops.ReasoningAnswerPipelineRootFilter().apply(source).to_pylist()
    assert [(row["golden_answer"], row["answer_branch"]) for row in rows] == [
        ("3", "with_gt"),
        (None, "without_gt"),
        ("6", "with_gt"),
    ]


def test_token_length():
    source = pa.table({"generated_cot": ["a b c", "a", "", None]})
    operator = ops.ReasoningAnswerTokenLengthFilter(max_answer_token_length=3)
    out, drops = operator.apply(source, return_drops=True, output_key="tokens")
    assert out["tokens"].to_pylist() == [3, 1]
    assert [drop["rule"] for drop in drops.to_pylist()] == ["blank", "blank"]
    with pytest.raises(ParameterError, match="tokenizer 'no_such_encoding': no such file"):
        ops.ReasoningAnswerTokenLengthFilter(tokenizer_dir="no_such_encoding")
    with pytest.raises(ParameterError, match="max_answer_token_length=-1 must be at least 0"):
        ops.ReasoningAnswerTokenLengthFilter(max_answer_token_length=-1)


def test_token_length_by_a_vocabulary():
    vocabulary = FOLDER / "tokenizers" / "cl100k_base.tiktoken.zst"
    if not vocabulary.is_file():
        pytest.skip(f"{vocabulary} is not there; DATAFLOW_RS_SHARED_DATA names the folder of the collection")
    source = pa.table({"generated_cot": ["antidisestablishmentarianism", "a b"]})
    operator = ops.ReasoningAnswerTokenLengthFilter(tokenizer_dir=str(vocabulary), max_answer_token_length=5)
    out, drops = operator.apply(source, return_drops=True, output_key="tokens")
    assert out["tokens"].to_pylist() == [2]
    assert drops["value"].to_pylist() == [6.0]


def test_pretraining_text_keeps_the_other_columns():
    source = pa.table({"question": ["q", None, None], "answer": ["a", "b", None], "id": [1, 2, 3]})
    out = ops.ReasoningPretrainFormatConvertGenerator().apply(source, output_key="doc")
    assert out["doc"].to_pylist() == ["q\na", "b", None]
    assert out["id"].to_pylist() == [1, 2, 3]
    empty = ops.ReasoningPretrainFormatConvertGenerator().apply(source.slice(0, 0))
    assert empty.column_names == ["question", "answer", "id", "text"]


def test_statistics():
    categories = pa.table({"primary_category": ["A", "B", "A", None], "secondary_category": ["x", "y", "x", None]})
    assert ops.ReasoningCategoryDatasetEvaluator().apply(categories)["rows"].to_pylist() == [2, 1, 1]
    levels = ops.ReasoningDifficultyDatasetEvaluator().apply(pa.table({"difficulty_score": [2.0, None, 1.5, 2.0]}))
    assert levels.to_pydict() == {"difficulty_score": [1.5, 2.0, None], "rows": [1, 2, 1]}
    texts = pa.table({"q": ["a", "a b", "a b c", "a b c d"], "a": ["", None, "x", "x"]})
    described = ops.ReasoningTokenDatasetEvaluator().apply(texts, input_question_key="q", input_answer_key="a")
    assert described.to_pylist() == [
        {"column": "q", "min": 1, "max": 4, "mean": 2.5, "median": 2.5, "zero": 0},
        {"column": "a", "min": 0, "max": 1, "mean": 0.5, "median": 0.5, "zero": 2},
    ]


def test_formats_for_training():
    source = pa.table({"question": ["q", None], "answer": ["a", "b"]})
    messages = ops.ReasoningMessagesGenerator(system_prompt="S").apply(source)["messages"].to_pylist()
    assert [message["role"] for message in messages[0]] == ["system", "user", "assistant"]
    assert messages[1] is None
    solutions = pa.table({"pseudo_solutions": [["r1", "r2"], ["r"], []], "other_solutions": [["w1", "w2"], [], ["w"]]})
    out, drops = ops.ReasoningPreferencePairGenerator(max_pairs=3).apply(solutions, return_drops=True)
    pairs = [(row["chosen"], row["rejected"]) for row in out.to_pylist()]
    assert pairs == [("r1", "w1"), ("r1", "w2"), ("r2", "w1")]
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == [(1, "no_output"), (2, "no_output")]
    with pytest.raises(ParameterError, match="max_pairs=0 must be at least 1"):
        ops.ReasoningPreferencePairGenerator(max_pairs=0)


def test_the_catalogue_is_complete():
    names = {
        cls for cls in ops.__all__ if cls not in ("ReasoningMessagesGenerator", "ReasoningPreferencePairGenerator")
    }
    assert len(names) == 19
