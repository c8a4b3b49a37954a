"""Answer with the help of passages that are looked up for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import ListColumn, Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Rows, Values
from dataflow_rs.prompts import Prompted, PromptTemplate, UserPrompt, ask_rows
from dataflow_rs.prompts.base import check_accepted
from dataflow_rs.prompts.retrieval import RetrievalPrompt
from dataflow_rs.retrieval import Retriever


@operator
class RetrievalGenerator(Prompted, RowOperator):
    """Look up passages for each row and let a model answer from them.

    The passages come from a local index, `BM25Retriever` or `EmbeddingRetriever`, or from a retriever of your own; no
    server and no graph is built. A row for which nothing was found is asked without passages. A null or blank question
    is neither looked up nor asked, and has a null reply.

    Args:
        llm_serving: the model that is asked.
        retriever: finds the passages.
        system_prompt: the instruction, sent as the system message.
        prompt_template: a template in place of the instruction; its inputs are `text` and `passages`, it has one text
            field.
        on_error: what happens to a row whose call failed: `keep` it with a null reply, `drop` it, or `raise`.

    Keys:
        input_key: the question.
        output_key: receives the reply.
        output_passages_key: receives the passages that were shown, a list of texts; None: they are not kept.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import RetrievalGenerator
        >>> from dataflow_rs.retrieval import BM25Retriever
        >>> from dataflow_rs.testing import FakeServing
        >>> retriever = BM25Retriever(["The Inn is 518 km long.", "Rain falls."], column=None, top_k=1)
        >>> generator = RetrievalGenerator(FakeServing(lambda prompt: "518 km"), retriever)
        >>> table = pa.table({"raw_content": ["How long is the Inn?"]})
        >>> generator.apply(table, output_passages_key="found").to_pylist()[0]["found"]
        ['The Inn is 518 km long.']
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (RetrievalPrompt, UserPrompt)

    retriever: Retriever
    system_prompt: str = (
        "Answer the question from the passages. If they do not hold the answer, say so. Reply with the answer and "
        "nothing else."
    )
    prompt_template: PromptTemplate | None = None

    def __post_init__(self) -> None:
        check_accepted(self.name, "prompt_template", self.prompt_template, self.prompts[:1])
        self._prompt: PromptTemplate = self.prompt_template or RetrievalPrompt(self.system_prompt)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the inputs; the passages are found, they are no column."""
        bound = super().roles(keys)
        return {**bound, "passages": bound["text"]} if "text" in bound else bound

    def process(
        self,
        batch: pa.RecordBatch,
        input_key: Text = "raw_content",
        output_key: Text = "generated_content",
        output_passages_key: ListColumn | None = None,
    ) -> Rows:
        """Look up, then ask."""
        rows = self.rows(batch, self._prompt, {"input_key": input_key})
        questions = [
            text if row is not None else None for row, text in zip(rows, batch[input_key].to_pylist(), strict=True)
        ]
        found = iter(self.retriever.search([question for question in questions if question is not None]))
        passages = [None if question is None else [one.text for one in next(found)] for question in questions]
        shown = [
            None if row is None or texts is None else {**row, "passages": "\n\n".join(texts)}
            for row, texts in zip(rows, passages, strict=True)
        ]
        answers = ask_rows(self.llm_serving, self._prompt, shown)
        columns: dict[str, Values] = {output_key: answers.column(next(iter(self._prompt.fields)))}
        if output_passages_key is not None:
            columns[output_passages_key] = pa.array(passages, pa.list_(pa.string()))
        return Rows(columns, answers.errors)
