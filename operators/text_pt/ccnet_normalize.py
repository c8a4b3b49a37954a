"""The normalisation that CCNet's language models were trained on, line by line.

Lower case, decomposed and without accents, every digit 0, punctuation of other scripts as in ASCII
(`ccnet_punctuation.tsv`, Moses' table, with its full-width 1 that became a quotation mark), no control characters.
Source: cc_net/text_normalizer.py of CCNet (G. Wenzek et al., 2020).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

DIGIT = re.compile(r"\d")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@lru_cache(maxsize=1)
def _punctuation() -> dict[int, str]:
    lines = Path(__file__).with_name("ccnet_punctuation.tsv").read_text(encoding="utf-8").split("\n")
    pairs = (line.split("\t") for line in lines if line)
    return {ord(char): replacement for char, replacement in pairs}


def normalize(line: str) -> str:
    """Return a line as CCNet's models know it.

    Examples:
        >>> normalize("  Été 2024 — «Déjà vu»… ")
        'ete 0000  -  "deja vu"...'
    """
    line = line.strip().lower()
    if not line.isascii():
        decomposed = unicodedata.normalize("NFD", line)
        line = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
    return CONTROL.sub("", DIGIT.sub("0", line).translate(_punctuation()))
