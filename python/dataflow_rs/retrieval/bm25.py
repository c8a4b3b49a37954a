"""`BM25Retriever`: passages by the words they share with a question.

Source: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the inverse
document frequency is the one of Lucene, `ln(1 + (n - d + 0.5) / (d + 0.5))`, which is never negative.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.retrieval.base import CollectionRetriever, Passage

_WORD = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)


@component
class BM25Retriever(CollectionRetriever):
    """Find passages by the words they share with the query, weighted by BM25.

    Words are compared in lower case, without punctuation; Chinese and Japanese characters are words of their own. The
    index is built in memory with the first search. Equal scores are decided by the order of the collection.

    Args:
        source: a path, a glob or a list of these, read like any source; with `column=None` a list of texts.
        column: the column of text; None: `source` is the texts themselves.
        top_k: most passages per query, 1 or more.
        k1: how much a word counts that comes again, 0 and above.
        b: how much long passages are held back, from 0 to 1.

    Examples:
        >>> from dataflow_rs.retrieval import BM25Retriever
        >>> retriever = BM25Retriever(["Cats purr.", "Dogs bark at cats.", "Rain falls."], column=None, top_k=1)
        >>> [passage.text for passage in retriever.search(["Why do dogs bark?"])[0]]
        ['Dogs bark at cats.']
    """

    k1: float = 1.2
    b: float = 0.75

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise ParameterError(f"{self.name}: k1={self.k1} must be at least 0, b={self.b} lie between 0 and 1")
        self._index: _Index | None = None

    def search(self, queries: Sequence[str]) -> list[list[Passage]]:
        """Return the passages for each query, best first; those without a common word are none."""
        if self._index is None:
            self._index = _Index.of(self.collection.texts())
        return [self._found(query, self._index) for query in queries]

    def _found(self, query: str, index: _Index) -> list[Passage]:
        scores: dict[int, float] = {}
        for word, wanted in Counter(words(query)).items():
            postings = index.postings.get(word, ())
            weight = wanted * math.log(1 + (len(index.texts) - len(postings) + 0.5) / (len(postings) + 0.5))
            for row, count in postings:
                held = self.k1 * (1 - self.b + self.b * index.lengths[row] / index.mean)
                scores[row] = scores.get(row, 0.0) + weight * count * (self.k1 + 1) / (count + held)
        best = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))[: self.top_k]
        return [Passage(index.texts[row], score, row) for row, score in best]


@dataclass(frozen=True)
class _Index:
    texts: list[str]
    lengths: list[int]
    mean: float
    postings: dict[str, list[tuple[int, int]]]

    @classmethod
    def of(cls, texts: list[str]) -> _Index:
        postings: dict[str, list[tuple[int, int]]] = {}
        lengths = []
        for row, text in enumerate(texts):
            counts = Counter(words(text))
            lengths.append(counts.total())
            for word, count in counts.items():
                postings.setdefault(word, []).append((row, count))
        return cls(texts, lengths, max(sum(lengths) / max(len(lengths), 1), 1.0), postings)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; a Chinese or Japanese character is a word.

    Examples:
        >>> words("It's 3 p.m., 你好")
        ['it', 's', '3', 'p', 'm', '你', '好']
    """
    return _WORD.findall(text.lower())
