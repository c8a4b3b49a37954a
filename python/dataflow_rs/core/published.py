"""What the published rule sets of the field have in common: the tools they come from, and what a word is."""

from __future__ import annotations

from typing import Literal, TypeAlias

DatatroveProfile: TypeAlias = Literal["datatrove-0.10"]
"""The tool and version whose verdicts a rule set reproduces."""

Segmentation: TypeAlias = Literal["whitespace", "word_punct"]
"""What a word is.

- `whitespace`: what stands between whitespace, as `str.split` cuts; punctuation belongs to its word, contractions and
  numbers stay whole.
- `word_punct`: runs of word characters and runs of everything else, as NLTK's `WordPunctTokenizer` cuts; punctuation is
  a word of its own, contractions and decimals fall apart.
"""

STOP_WORDS_OF_GOPHER = ("the", "be", "to", "of", "and", "that", "have", "with")
"""The stop words of Gopher's rule (Rae et al. 2021, appendix A.1)."""
