"""Write questions about a text that take several steps of reasoning."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Verdict
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.core_text.sentences import sentences
from dataflow_rs.prompts import Prompted, PromptTemplate, UserPrompt, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.multihop import Text2MultiHopQAGeneratorPrompt

PAIRS = pa.list_(
    pa.struct(
        [
            ("question", pa.string()),
            ("reasoning_steps", pa.list_(pa.string())),
            ("answer", pa.string()),
            ("supporting_facts", pa.list_(pa.string())),
            ("type", pa.string()),
        ]
    )
)
METADATA = pa.struct([("sentences", pa.int64()), ("windows", pa.int64()), ("pairs", pa.int64()), ("lang", pa.string())])

_WINDOW = 3
_LENGTHS = (100, 200_000)
_MAX_SPECIAL = 0.3


@operator
class Text2MultiHopQAGenerator(Prompted, FilterOperator):
    """Make questions from each text whose answers put several of its facts together.

    A text of 100 to 200,000 characters with at least two sentences, at most 30 % of them special characters, is seen
    through windows of three sentences. `num_q` windows, drawn by `seed` where there are more, are asked about, one call
    each, all windows of a batch together; no call is made for a pair that would be thrown away. Decimals and
    abbreviations do not end a sentence. A text without a single pair is dropped; the rule in the drop log is `length`,
    `sentences`, `special_characters`, or `error` where all calls failed and `on_error` is `drop`.

    Args:
        llm_serving: the model that is asked.
        seed: of the drawing of windows.
        lang: language of instructions and texts, `en` or `zh`.
        prompt_template: writes a pair; its input is `text`, its fields those of `Text2MultiHopQAGeneratorPrompt`.
        num_q: most pairs per text, 1 or more.
        on_error: what happens to a text with a failed call: `keep` it with the pairs there are (without any, it has
            null), `drop` it, or `raise`.

    Keys:
        input_key: the text.
        output_key: receives the pairs: list of question, reasoning_steps, answer, supporting_facts and type.
        output_meta_key: receives the numbers of sentences, windows asked about and pairs, and the language.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import Text2MultiHopQAGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '''{"question": "Which sea?", "reasoning_steps": ["a", "b"],
        ...     "answer": "The Black Sea.", "supporting_facts": [], "type": "bridge"}''')
        >>> text = "The Inn flows into the Danube. The Danube flows into the Black Sea. Both rise in hills. " * 2
        >>> result = Text2MultiHopQAGenerator(serving, num_q=1).apply(pa.table({"cleaned_chunk": [text, "Short."]}))
        >>> [pair["answer"] for pair in result["QA_pairs"][0].as_py()], result["QA_metadata"][0].as_py()["sentences"]
        (['The Black Sea.'], 6)
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (Text2MultiHopQAGeneratorPrompt, UserPrompt)

    seed: int = 0
    lang: Literal["en", "zh"] = "en"
    prompt_template: PromptTemplate | None = None
    num_q: int = 5

    def __post_init__(self) -> None:
        if self.num_q < 1:
            raise ParameterError(f"{self.name}: num_q={self.num_q} must be at least 1")
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts[:1])
        self._prompt: PromptTemplate = self.prompt_template or Text2MultiHopQAGeneratorPrompt(self.lang)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "cleaned_chunk",
        output_key: ListColumn = "QA_pairs",
        output_meta_key: str = "QA_metadata",
    ) -> Verdict:
        """Cut each text into windows, ask about all of them, and give the pairs back to their texts."""
        rows = self.rows(batch, self._prompt, {"input_key": input_key})
        found = [sentences(text or "", self.lang) for text in batch[input_key].to_pylist()]
        texts = batch[input_key].to_pylist()
        rules = [_unfit(text, parts) for text, parts in zip(texts, found, strict=True)]
        asked = [
            (row, {**given, "text": window})
            for row, given in enumerate(rows)
            if given is not None and rules[row] is None
            for window in self._windows(found[row])
        ]
        answers = ask_rows(self.llm_serving, self._prompt, [given for _, given in asked])
        pairs: list[list[dict[str, Any]]] = [[] for _ in rows]
        windows = [0] * len(rows)
        errors: dict[int, RowError] = {}
        for position, ((row, _), pair) in enumerate(zip(asked, answers.values, strict=True)):
            windows[row] += 1
            if pair is not None:
                pairs[row].append(pair)
            elif row not in errors:
                errors[row] = answers.errors[position]
        metadata = [
            {"sentences": len(parts), "windows": count, "pairs": len(made), "lang": self.lang} if made else None
            for parts, count, made in zip(found, windows, pairs, strict=True)
        ]
        return Verdict(
            keep=[bool(made) for made in pairs],
            rule=[rule or "no_pairs" for rule in rules],
            columns={
                output_key: pa.array([made or None for made in pairs], PAIRS),
                output_meta_key: pa.array(metadata, METADATA),
            },
            errors=errors,
        )

    def _windows(self, parts: Sequence[str]) -> list[str]:
        """Return at most `num_q` windows of three sentences, in the order of the text."""
        starts = list(range(max(len(parts) - _WINDOW + 1, 1)))
        if len(starts) > self.num_q:
            starts = sorted(random.Random(self.seed).sample(starts, self.num_q))  # noqa: S311 - no secret
        return [("" if self.lang == "zh" else " ").join(parts[start : start + _WINDOW]) for start in starts]


def _unfit(text: str | None, parts: Sequence[str]) -> str | None:
    """Return the rule that a text breaks, or None."""
    if text is None or not _LENGTHS[0] <= len(text) <= _LENGTHS[1]:
        return "length"
    if len(parts) < 2:
        return "sentences"
    special = sum(not (character.isalnum() or character.isspace()) for character in text)
    return "special_characters" if special > _MAX_SPECIAL * len(text) else None
