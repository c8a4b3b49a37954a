"""The rules of the text operators as slow, obvious Python: what the native kernels must agree with.

Each rule is a function of a text and its parameters that returns (kept, value); each refiner returns the new text.
`published` is the behaviour with `profile="open-dataflow-1.0.13"`. `TextRules` names them by operator.
"""

from __future__ import annotations

import re
import string
import unicodedata
from pathlib import Path
from typing import Any

import regex

FLAGS = Path(__file__).parents[2] / "crates/dfrs-text/src/refiners/html_flags.txt"
Judged = tuple[bool, "float | None"]
NOTHING: Judged = (False, None)
ENTITIES = ["nbsp", "lt", "gt", "amp", "quot", "apos", "hellip", "ndash", "mdash", "lsquo", "rsquo", "ldquo", "rdquo"]
BULLETS = "\u2022\u2023\u25b6\u25c0\u25e6\u25a0\u25a1\u25aa\u25ab"
EAST_ASIAN = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
UNSPACED = re.compile(f"[{EAST_ASIAN}\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff]")


def lines_of(text: str) -> list[str]:
    return [line for line in re.findall(r"[^\n]*\n|[^\n]+$", text) if line.strip()]


def word_number(text: str, *, min_words: int, max_words: int) -> Judged:
    count = len(text.split())
    return min_words <= count < max_words, count


def char_number(text: str, *, threshold: int) -> Judged:
    if not text:
        return NOTHING
    count = len(text.strip().replace(" ", "").replace("\n", "").replace("\t", ""))
    return count >= threshold, count


def colon_end(text: str) -> Judged:
    return (not text.endswith(":"), float(text.endswith(":"))) if text else NOTHING


def content_null(text: str) -> Judged:
    return text.strip() != "", float(text.strip() == "")


def curly_bracket(text: str, *, threshold: float) -> Judged:
    if not text:
        return NOTHING
    share = (text.count("{") + text.count("}")) / len(text)
    return share < threshold, share


def mean_word_length(text: str, *, min_length: float, max_length: float, published: bool) -> Judged:
    words = text.split()
    if not words:
        return NOTHING
    mean = sum(len(word) for word in words) / len(words)
    mean = round(mean, 2) if published else mean
    return min_length <= mean < max_length, mean


def symbol_word_ratio(text: str, *, threshold: float) -> Judged:
    tokens = regex.findall(r"\w+|[^\w\s]+", text)
    if not tokens:
        return NOTHING
    ratio = (text.count("#") + text.count("...") + text.count("\u2026")) / len(tokens)
    return ratio < threshold, ratio


def sentence_number(text: str, *, min_sentences: int, max_sentences: int, published: bool) -> Judged:
    if not text:
        return NOTHING
    marks = ".!?" if published else ".!?\u3002\uff01\uff1f\uff61"
    count = len(re.findall(rf"\b[^{marks}\n]+[{marks}]*", text))
    return min_sentences <= count <= max_sentences, count


def line_end_with_ellipsis(text: str, *, threshold: float) -> Judged:
    lines = lines_of(text)
    if not lines:
        return NOTHING
    share = sum(line.rstrip().endswith(("...", "\u2026")) for line in lines) / len(lines)
    return share < threshold, share


def line_start_with_bulletpoint(text: str, *, threshold: float, published: bool) -> Judged:
    lines = [line.strip() for line in lines_of(text)]
    if not lines:
        return NOTHING
    pattern = rf"[{BULLETS}\u2013]" if published else rf"[{BULLETS}]|(?:[-*+\u00b7\u2013]|[0-9]{{1,3}}[.)])(?:\s|$)"
    share = sum(re.match(pattern, line) is not None for line in lines) / len(lines)
    return share <= threshold, share


def line_with_javascript(text: str, *, threshold: int) -> Judged:
    without = str.maketrans("", "", string.punctuation)
    lines = []
    for line in lines_of(text):
        normal = re.sub(r"\s+", " ", line.translate(without).lower().strip())
        if normal:
            lines.append(unicodedata.normalize("NFD", normal))
    if not lines:
        return NOTHING
    others = len(lines) - sum("javascript" in line for line in lines)
    return len(lines) <= 3 or others >= threshold, others


def lorem_ipsum(text: str, *, threshold: float) -> Judged:
    if not text:
        return NOTHING
    share = text.lower().count("lorem ipsum") / len(text.lower())
    return share <= threshold, share


def unique_words(text: str, *, threshold: float) -> Judged:
    words = text.lower().split()
    if not words:
        return NOTHING
    share = len(set(words)) / len(words)
    return share > threshold, share


def no_punc(text: str, *, threshold: int, published: bool) -> Judged:
    if not text:
        return NOTHING
    separators = "\u2013.!?,;\u2022/|\u2026\n"
    if not published:
        separators += ":\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f\uff61\uff64"
        text = re.sub(f"([{EAST_ASIAN}])", r" \1 ", text)
    longest = max(len(piece.split()) for piece in re.split(f"[{re.escape(separators)}]", text))
    return longest <= threshold, longest


def html_entity(text: str, *, published: bool) -> Judged:
    if not text:
        return NOTHING
    semicolon = "" if published else "[;\uff1b]"
    found = re.search(f"[&\uff06](?:{'|'.join(ENTITIES)}){semicolon}", text) is not None
    return not found, float(found)


def special_character(text: str, *, published: bool) -> Judged:
    if not text:
        return NOTHING
    patterns = ["&#247;", "[\ufffd\u25a1]", r"\{/U\}"]
    if published:
        patterns += ["u200e", r"\? :", r"U\+26[0-F][0-D]", r"U\+273[3-4]", r"U\+1F[3-6][0-4][0-F]", r"U\+1F6[8-F][0-F]"]
    else:
        patterns += ["[\u200e\u00f7\u2600-\u26ff\u2733\u2734\U0001f300-\U0001f64f\U0001f680-\U0001f6ff]"]
    found = any(re.search(pattern, text) for pattern in patterns)
    return not found, float(found)


def watermark(text: str, *, watermarks: list[str]) -> Judged:
    found = any(mark in text for mark in watermarks)
    return (not found, float(found)) if text else NOTHING


def capital_words(text: str, *, threshold: float, use_tokenizer: bool) -> Judged:
    if not text:
        return NOTHING
    words = regex.findall(r"\w+|[^\w\s]+", text) if use_tokenizer else text.split()
    share = sum(word.isupper() for word in words) / len(words) if words else 0.0
    return share <= threshold, share


def blocklist(text: str, *, words: list[str], threshold: int, use_tokenizer: bool, published: bool) -> Judged:
    if not text:
        return NOTHING
    lowered = text.lower()
    if published:
        blocked = set(words)
        count = sum(token in blocked for token in lowered.split())
        return count <= threshold, count
    spans = set()
    for word in filter(lowered.__contains__, words):
        anywhere = UNSPACED.search(word) or not re.search(r"\w", word)
        for found in re.finditer(f"(?={re.escape(word)})", lowered):
            start, stop = found.start(), found.start() + len(word)
            if anywhere or (is_end(lowered[:start][::-1], use_tokenizer) and is_end(lowered[stop:], use_tokenizer)):
                spans.add((stop, start))
    count = end = 0
    for stop, start in sorted(spans):
        count += start >= end
        end = stop
    return count <= threshold, count


def is_end(neighbours: str, use_tokenizer: bool) -> bool:
    """Whether a word ends before these characters."""
    return re.match(r"\w" if use_tokenizer else r"[^\w\s]*\w", neighbours) is None


EMOJI = (
    r"[\p{Emoji_Presentation}\u2600-\u26ff\u2702-\u27b0\U0001f1e0-\U0001f1ff\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    r"\U0001f900-\U0001faff]"
)
ON_REQUEST = r"(?:(?=\p{Emoji})(?!\p{ASCII})(?!\p{Emoji_Presentation}).)"
REST = rf"(?:[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|\u200d+(?:{EMOJI}|{ON_REQUEST})?)*"
SEQUENCE = regex.compile(rf"(?:{EMOJI}|{ON_REQUEST}\ufe0f|[0-9#*]\ufe0f?\u20e3){REST}")
PUBLISHED_EMOJI = "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff\u2702-\u27b0]"


def remove_emoji(text: str, *, published: bool) -> str:
    return re.sub(PUBLISHED_EMOJI, "", text) if published else str(SEQUENCE.sub("", text))


NAME = "[A-Za-z][A-Za-z0-9:._-]*"
BLANK = r"[ \t\r]"
ATTRIBUTE = r"[^\s\"'<>/=]+"
VALUE = rf"{BLANK}*={BLANK}*(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'=<>`]+)"
FLAG = rf"(?i:{'|'.join(FLAGS.read_text().split())})(?=[\s\"'<>/=])"
ALONE = rf"(?:[@#:*\[(]{ATTRIBUTE}|[@#:*\[(]|{FLAG}|(?=[^\s\"'<>/=]*-){ATTRIBUTE})"
TAG = re.compile(
    rf"<!--.*?-->|<[!?]{NAME}[^<>\n]*>|</{NAME}{BLANK}*>|<{NAME}(?:{BLANK}+(?:{ATTRIBUTE}{VALUE}|{ALONE}))*{BLANK}*/?>"
)


def html_url_remover(text: str, *, published: bool) -> str:
    if published:
        return re.sub("<.*?>", "", re.sub(r"https?://\S+[\r\n]*", "", text))
    return TAG.sub("", re.sub(r"https?://\S+|\b(?:ftps?://|www\.)\S+", "", text))


def remove_extra_spaces(text: str, *, keep_lines: bool) -> str:
    if not keep_lines:
        return " ".join(text.split())
    return re.sub(r"\s+", lambda spaces: "\n" * min(spaces[0].count("\n"), 2) or " ", text.strip())


def judge(name: str, text: str, parameters: dict[str, Any]) -> Any:
    """Apply the rule or refiner of that name, with the parameters of its operator."""
    arguments = dict(parameters)
    if "profile" in arguments:
        arguments["published"] = arguments.pop("profile") is not None
    return globals()[name](text, **arguments)
