"""From raw text to question-answer pairs: rules, near-duplicates, then a language model, on a sample of real text.

The rules are the 23 operators of the CPU text filter pipeline. They come first because they cost nothing; only what
they leave is shown to the model. The rules that judge lines come before white space is folded, which joins all lines.

    dataflow-rs run pipelines/text.py
    dataflow-rs run pipelines/text.py --set source='crawl/*.jsonl.zst' --set rows=200
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dataflow_rs.operators.core_text import PromptedEvaluator, SampleFilter, Text2QAGenerator
from dataflow_rs.operators.general_text import (
    BlocklistFilter,
    CapitalWordsFilter,
    CharNumberFilter,
    ColonEndFilter,
    ContentNullFilter,
    CurlyBracketFilter,
    HtmlEntityFilter,
    HtmlUrlRemoverRefiner,
    LineEndWithEllipsisFilter,
    LineStartWithBulletpointFilter,
    LineWithJavascriptFilter,
    LoremIpsumFilter,
    MeanWordLengthFilter,
    MinHashDeduplicateFilter,
    NoPuncFilter,
    RemoveEmojiRefiner,
    RemoveExtraSpacesRefiner,
    SentenceNumberFilter,
    SpecialCharacterFilter,
    SymbolWordRatioFilter,
    UniqueWordsFilter,
    WatermarkFilter,
    WordNumberFilter,
)
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.serving import LocalServing
from dataflow_rs.storage import FileStorage

if TYPE_CHECKING:
    from dataflow_rs.core.operator import Operator
    from dataflow_rs.serving import Serving

SAMPLE = "examples/data/documents.jsonl.gz"


def refiners() -> list[Operator]:
    """Return what removes parts of a text and leaves its lines."""
    return [RemoveEmojiRefiner(), HtmlUrlRemoverRefiner()]


def line_rules() -> list[Operator]:
    """Return the rules that judge lines."""
    return [
        ContentNullFilter(),
        LineEndWithEllipsisFilter(threshold=0.3),
        LineStartWithBulletpointFilter(threshold=0.9),
        LineWithJavascriptFilter(threshold=3),
        NoPuncFilter(threshold=112),
    ]


def text_rules() -> list[Operator]:
    """Return the rules that judge a text as a whole, cheap ones first."""
    return [
        CharNumberFilter(threshold=100),
        WordNumberFilter(min_words=20, max_words=100_000),
        SentenceNumberFilter(min_sentences=3, max_sentences=7500),
        ColonEndFilter(),
        CurlyBracketFilter(threshold=0.025),
        WatermarkFilter(watermarks=["Copyright", "Watermark", "Confidential"]),
        LoremIpsumFilter(threshold=3e-8),
        HtmlEntityFilter(),
        SpecialCharacterFilter(),
        MeanWordLengthFilter(min_length=3, max_length=10),
        SymbolWordRatioFilter(threshold=0.4),
        CapitalWordsFilter(threshold=0.2),
        UniqueWordsFilter(threshold=0.1),
        BlocklistFilter(threshold=1),
    ]


class TextPipeline(Pipeline):
    """Filter, deduplicate, ask a model for question-answer pairs, let it grade them, export.

    Args:
        source: files with a column `text`.
        cache_path: the run directory; the results are written into it.
        llm_serving: the model; by default the small local one (`dataflow-rs models pull`).
        rows: texts that are shown to the model.
        max_words: longest of these texts, in words.
    """

    def __init__(
        self,
        source: str = SAMPLE,
        cache_path: str = "runs/text",
        llm_serving: Serving | None = None,
        rows: int = 24,
        max_words: int = 160,
    ) -> None:
        super().__init__()
        self.storage = FileStorage(source, cache_path=cache_path)
        self.out = Path(cache_path)
        self.llm_serving = llm_serving or LocalServing(max_tokens=200, max_repairs=0)
        self.rules = [*refiners(), *line_rules(), RemoveExtraSpacesRefiner(), *text_rules()]
        self.dedup = MinHashDeduplicateFilter(threshold=0.9)
        self.fitting = WordNumberFilter(min_words=60, max_words=max_words)
        self.sample = SampleFilter(size=rows)
        self.generate = Text2QAGenerator(self.llm_serving, max_input_chars=900)
        self.evaluate = PromptedEvaluator(self.llm_serving, "Judge how clear, complete and well written the answer is.")

    def forward(self) -> None:
        """Run the operators and write the clean texts and the pairs."""
        for rule in self.rules:
            rule.run(storage=self.storage.step(), input_key="text")
        self.dedup.run(storage=self.storage.step(), input_key="text")
        self.storage.export(self.out / "clean.parquet")
        self.fitting.run(storage=self.storage.step(), input_key="text")
        self.sample.run(storage=self.storage.step(), input_key="text")
        self.generate.run(storage=self.storage.step(), input_key="text")
        self.evaluate.run(storage=self.storage.step(), input_key="generated_answer", output_key="answer_grade")
        self.storage.export(self.out / "pairs.jsonl")
        self.storage.export(self.out / "pairs.parquet")
