"""Totals, histograms and quantiles of token counts, per source, that can be merged in any order.

Every number is a whole number: sums are exact, and quantiles come from counts of buckets whose width is at most 1/64
of their values (as in HdrHistogram and DDSketch). So the statistics of two halves of a data set, merged, are those of
the whole, bit for bit, whatever the halves, the order and the machine - which sketches that sample, such as KLL or
t-digest, cannot promise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataflow_rs.exceptions import MalformedInputError, ParameterError

FORMAT = "dataflow-rs token statistics 1"
STEPS = 64
"""Buckets per power of two; below this every count has its own."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def bucket_of(value: int) -> int:
    """Return the bucket of a whole number, 0 or more.

    Examples:
        >>> [bucket_of(value) for value in (0, 63, 64, 127, 128, 129, 130)]
        [0, 63, 64, 127, 128, 128, 129]
    """
    shift = max(value.bit_length() - 7, 0)
    return shift * STEPS + (value >> shift)


def smallest_of(bucket: int) -> int:
    """Return the smallest number of a bucket.

    Examples:
        >>> [smallest_of(bucket_of(value)) for value in (0, 63, 129, 1000)]
        [0, 63, 128, 1000]
    """
    if bucket < 2 * STEPS:
        return bucket
    shift = bucket // STEPS - 1
    return (bucket - shift * STEPS) << shift


@dataclass
class TokenSummary:
    """Statistics of the texts of one source.

    Args:
        rows: number of rows.
        missing: rows without a text.
        tokens: sum of the token counts.
        words: sum of the words between whitespace.
        characters: sum of the characters.
        bytes: sum of the bytes of UTF-8.
        min_tokens: smallest token count; None without texts.
        max_tokens: largest token count; None without texts.
        buckets: bucket -> number of texts.
    """

    rows: int = 0
    missing: int = 0
    tokens: int = 0
    words: int = 0
    characters: int = 0
    bytes: int = 0
    min_tokens: int | None = None
    max_tokens: int | None = None
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, text: str | None, tokens: int | None) -> None:
        """Count a row."""
        self.rows += 1
        if text is None or tokens is None:
            self.missing += 1
            return
        self.tokens += tokens
        self.words += len(text.split())
        self.characters += len(text)
        self.bytes += len(text.encode())
        self.min_tokens = tokens if self.min_tokens is None else min(self.min_tokens, tokens)
        self.max_tokens = tokens if self.max_tokens is None else max(self.max_tokens, tokens)
        self.buckets[bucket_of(tokens)] += 1

    def merge(self, other: TokenSummary) -> None:
        """Add the rows of another summary."""
        for name in ("rows", "missing", "tokens", "words", "characters", "bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        lows = [low for low in (self.min_tokens, other.min_tokens) if low is not None]
        highs = [high for high in (self.max_tokens, other.max_tokens) if high is not None]
        self.min_tokens, self.max_tokens = min(lows, default=None), max(highs, default=None)
        self.buckets.update(other.buckets)

    def quantile(self, share: float) -> int | None:
        """Return the token count that a share of the texts stays below, at most 1/64 too small; None without texts."""
        texts = self.rows - self.missing
        if not texts or self.min_tokens is None or self.max_tokens is None:
            return None
        place = min(int(share * texts), texts - 1)
        for bucket in sorted(self.buckets):
            place -= self.buckets[bucket]
            if place < 0:
                return max(self.min_tokens, min(smallest_of(bucket), self.max_tokens))
        raise AssertionError("every text is in a bucket")

    def row(self) -> dict[str, Any]:
        """Return the summary as one row of a table: sums, means, shares and quantiles."""
        texts = self.rows - self.missing
        units = {"word": self.words, "character": self.characters, "byte": self.bytes}
        return {
            "rows": self.rows,
            "missing": self.missing,
            "tokens": self.tokens,
            "words": self.words,
            "characters": self.characters,
            "bytes": self.bytes,
            "mean_tokens": self.tokens / texts if texts else None,
            "min_tokens": self.min_tokens,
            **{f"p{round(share * 100):02}_tokens": self.quantile(share) for share in QUANTILES},
            "max_tokens": self.max_tokens,
            **{f"tokens_per_{unit}": self.tokens / count if count else None for unit, count in units.items()},
        }

    def histogram(self) -> list[tuple[int, int, int]]:
        """Return (from, below, texts) for every power of two that has texts; 0 has a place of its own."""
        powers: Counter[int] = Counter()
        for bucket, texts in self.buckets.items():
            powers[smallest_of(bucket).bit_length()] += texts
        return [((1 << power) >> 1, 1 << power, powers[power]) for power in sorted(powers)]


@dataclass
class TokenStatistics:
    """Statistics of a data set, per source.

    Args:
        tokenizer: name of the tokenizer.
        fingerprint: digest of its vocabulary; only statistics of one vocabulary can be merged.
        sources: name of the source -> its statistics; None is the name of rows without one.

    Examples:
        >>> first, second = (TokenStatistics("words", "0") for _ in range(2))
        >>> first.add([("web", "a b", 2), ("web", "a", 1)])
        >>> second.add([("book", "a b c", 3)])
        >>> first.merge(second)
        >>> total = first.total()
        >>> total.rows, total.tokens, total.quantile(0.5)
        (3, 6, 2)
    """

    tokenizer: str
    fingerprint: str
    sources: dict[str | None, TokenSummary] = field(default_factory=dict)

    def add(self, rows: Iterable[tuple[str | None, str | None, int | None]]) -> None:
        """Count rows: source, text, number of tokens."""
        for source, text, tokens in rows:
            self.sources.setdefault(source, TokenSummary()).add(text, tokens)

    def merge(self, other: TokenStatistics) -> None:
        """Add the rows of other statistics.

        Raises:
            ParameterError: they were counted with another vocabulary.
        """
        if other.fingerprint != self.fingerprint:
            raise ParameterError(
                f"token statistics of '{self.tokenizer}' and '{other.tokenizer}' cannot be merged: "
                f"the vocabularies differ"
            )
        for source, summary in other.sources.items():
            self.sources.setdefault(source, TokenSummary()).merge(summary)

    def total(self) -> TokenSummary:
        """Return the statistics of all sources together."""
        total = TokenSummary()
        for summary in self.sources.values():
            total.merge(summary)
        return total

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per source, by name, and the total last, whose source is `*`."""
        for source in sorted(self.sources, key=lambda name: (name is None, name or "")):
            yield {"source": source, **self.sources[source].row()}
        yield {"source": "*", **self.total().row()}

    def cost(self, price_per_million: float) -> float:
        """Return what a model asks for reading all tokens once.

        Args:
            price_per_million: its price of a million input tokens, in any currency.

        Examples:
            >>> statistics = TokenStatistics("words", "0")
            >>> statistics.add([(None, "...", 3_000_000)])
            >>> statistics.cost(2.5)
            7.5
        """
        return self.total().tokens * price_per_million / 1_000_000

    def write(self, path: str | Path) -> None:
        """Write the statistics as JSON, to be read and merged elsewhere."""
        sources = [
            {"source": source, **vars(summary), "buckets": sorted(summary.buckets.items())}
            for source, summary in sorted(self.sources.items(), key=lambda item: (item[0] is None, item[0] or ""))
        ]
        content = {"format": FORMAT, "tokenizer": self.tokenizer, "fingerprint": self.fingerprint, "sources": sources}
        Path(path).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> TokenStatistics:
        """Read what `write` wrote.

        Raises:
            MalformedInputError: the file is something else.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise KeyError(content["format"])
            sources = {entry["source"]: _summary(entry) for entry in content["sources"]}
            return cls(content["tokenizer"], content["fingerprint"], sources)
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedInputError(f"{path} does not hold token statistics: {error!r}") from None


def _summary(entry: Mapping[str, Any]) -> TokenSummary:
    values = {name: value for name, value in entry.items() if name not in ("source", "buckets")}
    return TokenSummary(**values, buckets=Counter({int(bucket): texts for bucket, texts in entry["buckets"]}))
