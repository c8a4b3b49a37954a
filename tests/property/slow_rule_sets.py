"""The published rule sets as plain Python over lists of words; what a word is comes from outside."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}


def is_punctuation(char: str, terminal: frozenset[str]) -> bool:
    listed = "«´»–—’“”„…∶━►、〈〉《》「」【】％（），１：；～"
    control = unicodedata.category(char) == "Cc" and char not in "\t\n"
    ascii_punctuation = char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    return control or ascii_punctuation or char in listed or char in terminal


def gopher_quality(text: str, words: list[str], terminal: frozenset[str], least: int = 3) -> str | None:
    """Return the first reason to drop a text, with `min_doc_words=least`."""
    real = [word for word in words if any(not is_punctuation(char, terminal) for char in word)]
    if len(real) < least:
        return "gopher_short_doc"
    mean = sum(map(len, real)) / len(real)
    if mean < 3:
        return "gopher_below_avg_threshold"
    if mean > 10:
        return "gopher_above_avg_threshold"
    if text.count("#") / len(words) > 0.1:
        return "gopher_too_many_hashes"
    if (text.count("...") + text.count("…")) / len(words) > 0.1:
        return "gopher_too_many_ellipsis"
    lines = text.splitlines()
    if sum(line.lstrip().startswith(("•", "-")) for line in lines) / len(lines) > 0.9:
        return "gopher_too_many_bullets"
    if sum(line.rstrip().endswith(("...", "…")) for line in lines) / len(lines) > 0.3:
        return "gopher_too_many_end_ellipsis"
    if sum(any(char.isalpha() for char in word) for word in words) / len(words) < 0.8:
        return "gopher_below_alpha_threshold"
    if len(STOP_WORDS & set(words)) < 2:
        return "gopher_enough_stop_words"
    return None


def repeated(pieces: list[str]) -> tuple[int, int]:
    """Return how many pieces occurred before, and their characters."""
    again = [piece for at, piece in enumerate(pieces) if piece in pieces[:at]]
    return len(again), sum(map(len, again))


def gopher_repetition(text: str, words: list[str]) -> str | None:
    """Return the first reason to drop a text."""
    if not text:
        return "empty"
    for name, pieces in (("para", re.split(r"\n{2,}", text.strip())), ("line", re.split(r"\n+", text))):
        count, chars = repeated(pieces)
        if count / len(pieces) > 0.3:
            return f"dup_{name}_frac"
        if chars / len(text) > 0.2:
            return f"dup_{name}_char_frac"
    for n, most in ((2, 0.2), (3, 0.18), (4, 0.16)):
        sequences = [" ".join(words[at : at + n]) for at in range(len(words) - n + 1)]
        if sequences:
            top, count = Counter(sequences).most_common(1)[0]
            if len(top) * count / len(text) > most:
                return f"top_{n}_gram"
    for n, most in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10)):
        if repeated_chars(words, n) / len(text) > most:
            return f"duplicated_{n}_n_grams"
    return None


def repeated_chars(words: list[str], n: int) -> int:
    """Return the characters of sequences that were met before, which are passed over."""
    met: set[tuple[str, ...]] = set()
    at = chars = 0
    while at + n <= len(words):
        sequence = tuple(words[at : at + n])
        if sequence in met:
            chars += sum(map(len, sequence))
            at += n
        else:
            met.add(sequence)
            at += 1
    return chars


def fine_web_quality(text: str, words: list[str], terminal: frozenset[str]) -> str | None:
    """Return the first reason to drop a text."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return "empty"
    if sum(line.endswith(tuple(terminal)) for line in lines) / len(lines) < 0.12:
        return "line_punct_ratio"
    if sum(len(line) <= 30 for line in lines) / len(lines) > 0.67:
        return "short_line_ratio"
    if repeated(lines)[1] / len(text.replace("\n", "")) > 0.01:
        return "char_dup_ratio"
    if text.count("\n") / len(words) > 0.3:
        return "list_ratio"
    return None
