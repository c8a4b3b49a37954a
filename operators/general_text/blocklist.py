"""An upper bound on the number of blocked words."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.exceptions import ParameterError, nearest

FOLDER = Path(__file__).with_name("blocklists")
ENDING = ".txt"


@lru_cache(maxsize=1)
def languages() -> list[str]:
    """Return the codes of the block lists, sorted."""
    files = (FOLDER).iterdir()
    return sorted(file.name.removesuffix(ENDING) for file in files if file.name.endswith(ENDING))


@lru_cache(maxsize=4)
def words(language: str) -> list[str]:
    """Return the words and phrases of a block list."""
    file = FOLDER / f"{language}{ENDING}"
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line]


@operator
class BlocklistFilter(NativeFilter):
    """Drop texts with more than a few words of a block list.

    Words are compared in lower case, without punctuation around them; phrases are words with one space in
    between. Entries in scripts without spaces (Chinese, Japanese, Thai ...) and symbols count anywhere, and
    occurrences that overlap count once. The judged value is the number of occurrences; the detail is the
    first of them. The lists are those of `blocklists/README.md`.

    Args:
        language: code of the list, for example `en`, `zh` or `de`; see `blocklists/`.
        threshold: largest number of occurrences that stays; None is off.
        use_tokenizer: whether punctuation inside a word separates as well, so that `word` counts in
            `word-like`.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, the empty text with the rule `empty`.

    Differences:
        Punctuation around words is ignored and phrases are found; the published rule compares what
        `str.split` yields, so that `word,` and every phrase pass, and nearly all Chinese. With
        `use_tokenizer=True` it asks NLTK's `word_tokenize`, which needs a download; that is not reproduced.
        With `profile="open-dataflow-1.0.13"` the published rule applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["A bastard, a real bastard!", "One bastard"]})
        >>> BlocklistFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['One bastard']
    """

    language: str = "en"
    threshold: int | None = 1
    use_tokenizer: bool = False
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        known = languages()
        if self.language not in known:
            raise ParameterError(
                f"{self.name}: there is no block list for language='{self.language}'{nearest(self.language, known)}; "
                f"there are: {', '.join(known)}"
            )
        if self.profile is not None and self.use_tokenizer:
            raise ParameterError(
                f"{self.name}: profile='{self.profile}' goes with use_tokenizer=False only, because NLTK's "
                "word_tokenize is not reproduced"
            )

    def native_parameters(self) -> dict[str, Any]:
        """Return the parameters with the words instead of the language."""
        parameters = self.parameters
        language = parameters.pop("language")
        return {**parameters, "words": words(language)}
