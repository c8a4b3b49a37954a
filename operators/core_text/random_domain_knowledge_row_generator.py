"""Make training examples in random domains, from nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from dataflow_rs.core.bases import Dataset
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import FromScratch, PromptTemplate, UserPrompt, ask_rows
from dataflow_rs.prompts.sft import SFTFromScratchGeneratorPrompt


@operator
class RandomDomainKnowledgeRowGenerator(FromScratch):
    """Make a new table of training examples, each in a domain that is drawn at random.

    The input is not looked at; the output takes its place and has exactly `generation_num` rows, whatever the number of
    rows before. Domains are drawn by `seed`. Examples in one domain are samples of one prompt: they differ if the
    serving's temperature is above 0. A row that could not be made has nulls and the reason in `error`.

    Args:
        llm_serving: the model that is asked, once per row.
        generation_num: rows to make, 1 or more.
        domain_keys: the domains; a text is one domain.
        prompt_template: writes an example; its input is `domain`. By default instruction, input and output.
        seed: of the drawing.
        on_error: what becomes of rows that could not be made: `keep` them with their error, `drop` them, or `raise`.

    Keys:
        output_key: receives the example: the text of a template with one field, JSON text with all fields and the
            domain otherwise.
        output_domain_key: receives the domain.
        output_error_key: receives why a row could not be made; null where it could.

    Examples:
        >>> import pyarrow as pa
        >>> from dataflow_rs.operators.core_text import RandomDomainKnowledgeRowGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing(lambda prompt: '{"instruction": "Define force.", "input": "", "output": "m a"}')
        >>> generator = RandomDomainKnowledgeRowGenerator(serving, 2, ["physics"])
        >>> generator.apply(pa.table({"any": []}))["generated_content"].to_pylist()[0]
        '{"instruction": "Define force.", "input": "", "output": "m a", "domain": "physics"}'
    """

    prompts: ClassVar[tuple[type[PromptTemplate], ...]] = (SFTFromScratchGeneratorPrompt, UserPrompt)

    generation_num: int
    domain_keys: str | list[str] | tuple[str, ...]
    prompt_template: PromptTemplate | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.generation_num < 1:
            raise ParameterError(f"{self.name}: generation_num={self.generation_num} must be at least 1")
        self._domains = [self.domain_keys] if isinstance(self.domain_keys, str) else list(self.domain_keys)
        if not self._domains or not all(domain.strip() for domain in self._domains):
            raise ParameterError(f"{self.name}(domain_keys=): there must be at least one domain, and none blank")
        prompt = self.prompt_template or SFTFromScratchGeneratorPrompt()
        if not isinstance(prompt, self.prompts):
            names = " or a ".join(cls.__name__ for cls in self.prompts)
            raise ParameterError(f"{self.name}(prompt_template=): {prompt.name} is not accepted; it must be a {names}")
        self._prompt: PromptTemplate = prompt

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def columns_read(self, keys: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - nothing
        """Return nothing: the input is not looked at."""
        return {}

    def process(
        self,
        dataset: Dataset,  # noqa: ARG002 - the input is not looked at
        output_key: Text = "generated_content",
        output_domain_key: Text = "domain",
        output_error_key: Text = "error",
    ) -> pa.Table:
        """Ask for all examples."""
        source = random.Random(self.seed)  # noqa: S311 - no secret
        domains = [source.choice(self._domains) for _ in range(self.generation_num)]
        seen: dict[str, int] = {}
        samples = []
        for domain in domains:
            samples.append(seen.get(domain, 0))
            seen[domain] = samples[-1] + 1
        answers = ask_rows(self.llm_serving, self._prompt, [{"domain": domain} for domain in domains], samples=samples)
        made = [
            None if value is None else self._content(value, domain)
            for value, domain in zip(answers.values, domains, strict=True)
        ]
        columns = {output_key: pa.array(made, pa.string()), output_domain_key: pa.array(domains, pa.string())}
        return self.table_of(columns, output_error_key, answers.errors, len(domains))

    def _content(self, value: dict[str, Any], domain: str) -> str:
        if list(self._prompt.fields.values()) == [str]:
            return str(next(iter(value.values())))
        return json.dumps({**value, "domain": domain}, ensure_ascii=False)
