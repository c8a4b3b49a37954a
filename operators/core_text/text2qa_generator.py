"""Write questions and answers about a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import ExpandOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Expansion, RowError
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import (
    Prompted,
    PromptTemplate,
    Text2QAAutoPromptGeneratorPrompt,
    Text2QASeedQuestionGeneratorPrompt,
    ask_rows,
)
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.rows import is_blank


@operator
class Text2QAGenerator(Prompted, ExpandOperator):
    """Make question-answer pairs from each text: one new row per pair, beside the columns of its text.

    Two kinds of calls: one per text, which finds `input_question_num` things to ask about, and one per pair. Multi-line
    answers stay whole. Pairs always belong to the text they were made from: where a call fails, its pair is missing,
    nothing shifts, and the run's errors say why. A null or blank text is not sent and yields no row.

    Args:
        llm_serving: the model that is asked.
        prompt_template: template that writes a pair; its inputs are `text` and `task`, its fields `question` and
            `answer`.
        max_input_chars: longest part of a text, from its beginning, that is shown to the model, cut at a space; None:
            all.
        on_error: what happens when a call failed: `keep` and `drop` go on with the other pairs, `raise` stops.

    Keys:
        input_key: the text.
        input_question_num: how many pairs per text, 1 or more; a number, not a column.
        output_prompt_key: receives the task that the pair follows.
        output_question_key: receives the question.
        output_answer_key: receives the answer.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import Text2QAGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> replies = ['{"tasks": ["Ask for the colour."]}', '{"question": "How is it?", "answer": "Blue."}']
        >>> serving = FakeServing(replies)
        >>> table = pa.table({"text": ["The sky is blue.", None]})
        >>> rows = Text2QAGenerator(serving).apply(table, input_question_num=1).to_pylist()
        >>> [(row["text"], row["generated_question"], row["generated_answer"]) for row in rows]
        [('The sky is blue.', 'How is it?', 'Blue.')]
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (Text2QASeedQuestionGeneratorPrompt,)

    prompt_template: PromptTemplate | None = None
    max_input_chars: int | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts)
        if self.max_input_chars is not None and self.max_input_chars < 1:
            raise ParameterError(f"{self.name}: max_input_chars={self.max_input_chars} must be at least 1")
        self._prompt: PromptTemplate = self.prompt_template or Text2QASeedQuestionGeneratorPrompt()

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that writes a pair."""
        return (self._prompt,)

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the inputs that are no columns of their own: the text, and the task that the first call finds."""
        bound = super().roles(keys)
        return {**bound, "task": bound["text"]}

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "text",
        input_question_num: int = 1,
        output_prompt_key: Text = "generated_prompt",
        output_question_key: Text = "generated_question",
        output_answer_key: Text = "generated_answer",
    ) -> Expansion:
        """Find tasks for each text, then write a pair for each task."""
        if not isinstance(input_question_num, int) or input_question_num < 1:
            raise ParameterError(
                f"{self.name}: input_question_num={input_question_num!r} must be a whole number from 1"
            )
        given = self.rows(batch, self._prompt, {"input_key": input_key})
        texts = [self._with_text(row, text) for row, text in zip(given, batch[input_key].to_pylist(), strict=True)]
        finder = Text2QAAutoPromptGeneratorPrompt(count=input_question_num)
        found = ask_rows(self.llm_serving, finder, texts)
        asked = [
            (parent, {**row, "task": task})
            for parent, (row, tasks) in enumerate(zip(texts, found.column("tasks"), strict=True))
            for task in tasks or ()
            if row is not None
        ]
        pairs = ask_rows(self.llm_serving, self._prompt, [row for _, row in asked])
        errors = dict(found.errors)
        for position, error in reversed(pairs.errors.items()):
            errors[asked[position][0]] = error
        for parent, tasks in enumerate(found.column("tasks")):
            if tasks is not None and len(tasks) < input_question_num and parent not in errors:
                errors[parent] = RowError(
                    "MalformedReplyError", f"the model found {len(tasks)} of {input_question_num} things to ask about"
                )
        made = [
            (parent, row["task"], pair)
            for (parent, row), pair in zip(asked, pairs.values, strict=True)
            if pair is not None
        ]
        return Expansion(
            [parent for parent, _, _ in made],
            {
                output_prompt_key: [task for _, task, _ in made],
                output_question_key: [pair["question"] for _, _, pair in made],
                output_answer_key: [pair["answer"] for _, _, pair in made],
            },
            dict(sorted(errors.items())),
        )

    def _with_text(self, row: dict[str, Any] | None, text: str | None) -> dict[str, Any] | None:
        """Return a row with the part of its text that the model is shown; None where there is none."""
        if row is None or text is None or is_blank(text):
            return None
        limit = self.max_input_chars
        if limit is not None and len(text) > limit:
            cut = text[:limit]
            text = cut.rsplit(None, 1)[0] if " " in cut.strip() else cut
        return {**row, "text": text}
