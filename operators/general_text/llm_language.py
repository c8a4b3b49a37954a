"""Keep texts in given languages, as a model names them."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import FilterOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Prompted, PromptTemplate, ask_rows
from dataflow_rs.prompts.pretraining import LanguagePrompt


@operator
class LLMLanguageFilter(Prompted, FilterOperator):
    """Let a model name the language of each text, and keep the texts in the allowed ones.

    The code is read from the reply whatever its case and the punctuation around it, so that `EN.` is `en`; the detail
    in the drop log is the language that was found. A null or blank text is not sent and is dropped by the rule `empty`.

    Args:
        llm_serving: the model that is asked.
        allowed_languages: ISO 639-1 codes, lower case; None: English.
        max_input_chars: longest part of a text, from its beginning, that is shown to the model; None: all.
        on_error: what happens to a row whose call failed: `keep` it without a label, `drop` it, or `raise`.

    Keys:
        input_key: the text.
        output_key: receives the code of the language.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.general_text import LLMLanguageFilter
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(['{"language": "EN"}', '{"language": "de"}'])
        >>> table = pa.table({"text": ["Good morning.", "Guten Morgen."]})
        >>> LLMLanguageFilter(serving).apply(table).to_pylist()
        [{'text': 'Good morning.', 'language_label': 'en'}]
    """

    prompt: ClassVar[PromptTemplate] = LanguagePrompt()

    allowed_languages: list[str] | tuple[str, ...] | None = None
    max_input_chars: int | None = 2000

    def __post_init__(self) -> None:
        if self.max_input_chars is not None and self.max_input_chars < 1:
            raise ParameterError(f"{self.name}: max_input_chars={self.max_input_chars} must be at least 1")
        self._allowed = frozenset(("en",) if self.allowed_languages is None else self.allowed_languages)
        for code in self._allowed:
            if len(code) != 2 or not code.islower():
                raise ParameterError(f"{self.name}(allowed_languages=): {code!r} is no ISO 639-1 code such as 'en'")

    def process(self, batch: pa.RecordBatch, input_key: Text = "text", output_key: Text = "language_label") -> Verdict:
        """Ask for the language of each text."""
        rows: list[dict[str, Any] | None] = [
            None if row is None else {"text": row["text"][: self.max_input_chars]}
            for row in self.rows(batch, self.prompt, {"input_key": input_key})
        ]
        answers = ask_rows(self.llm_serving, self.prompt, rows)
        found = answers.column("language")
        return Verdict(
            keep=[language in self._allowed for language in found],
            rule=["empty" if language is None else "language" for language in found],
            detail=found,
            columns={output_key: found},
            errors=answers.errors,
        )
