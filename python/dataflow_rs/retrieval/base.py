"""`Retriever`: finds the passages of a collection that belong to a question.

A retriever of your own derives from `Retriever` and writes one method, `search()`. Those of the library read their
passages from a column of files or a list, which is part of what determines a step's result: the content, not its name.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dataflow_rs.core.component import Component
from dataflow_rs.core.keys import ColumnType
from dataflow_rs.exceptions import ColumnError, DataFlowError, ParameterError, nearest
from dataflow_rs.storage.formats import open_source
from dataflow_rs.storage.sources import Source


@dataclass(frozen=True)
class Passage:
    """A passage that was found.

    Args:
        text: the passage.
        score: how well it fits, in the retriever's own unit; higher is better.
        row: its position in the collection, from 0.
    """

    text: str
    score: float
    row: int


class Retriever(Component):
    """Base of retrievers.

    Examples:
        >>> from dataflow_rs.retrieval import Passage, Retriever
        >>> class SameRetriever(Retriever):
        ...     '''Find the question itself.'''
        ...     def search(self, queries):
        ...         return [[Passage(query, 1.0, 0)] for query in queries]
        >>> SameRetriever().search(["why?"])[0][0].text
        'why?'
    """

    @abstractmethod
    def search(self, queries: Sequence[str]) -> list[list[Passage]]:
        """Return the passages for each query, best first; none where nothing fits."""


class Collection:
    """The passages of a retriever: a column of files, or a list of texts.

    Args:
        owner: name of the retriever, for messages.
        source: a path, a glob or a list of these with a known ending; with `column=None` the texts themselves.
        column: the column of text; None: `source` is the texts.
    """

    def __init__(self, owner: str, source: str | Sequence[str], column: str | None) -> None:
        if column is None and isinstance(source, str):
            raise ParameterError(f"{owner}: column=None needs a list of texts as the source, not {source!r}")
        self._owner, self._column = owner, column
        self._source: Source = open_source(pa.table({"text": list(source)}) if column is None else source)

    def texts(self) -> list[str]:
        """Return the passages; null is an empty text, so that positions stay.

        Raises:
            ColumnError: the column is not there or holds no text.
        """
        name = self._checked()
        return [text or "" for batch in self._source.batches() for text in batch[name].to_pylist()]

    def identity(self) -> str:
        """Return a digest of the content."""
        return self._source.content_digest()

    def problems(self) -> list[str]:
        """Return why the passages could not be read."""
        try:
            self._checked()
        except DataFlowError as error:
            return [str(error)]
        return []

    def _checked(self) -> str:
        name, schema = self._column or "text", self._source.schema
        if name not in schema.names:
            raise ColumnError(
                f"{self._owner}(column=): there is no column '{name}'{nearest(name, schema.names)}; columns: "
                f"{', '.join(schema.names)}"
            )
        if not ColumnType("text").accepts(schema.field(name).type):
            raise ColumnError(f"{self._owner}(column=): '{name}' holds {schema.field(name).type}, no text")
        return name


class CollectionRetriever(Retriever):
    """Base of the retrievers that search a column of files or a list of texts.

    Args:
        source: a path, a glob or a list of these, read like any source; with `column=None` a list of texts.
        column: the column of text; None: `source` is the texts themselves.
        top_k: most passages per query, 1 or more.
    """

    source: str | list[str] | tuple[str, ...]
    column: str | None = "text"
    top_k: int = 3

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise ParameterError(f"{self.name}: top_k={self.top_k} must be at least 1")
        self._opened: Collection | None = None

    @property
    def collection(self) -> Collection:
        """The passages, not yet read."""
        if self._opened is None:
            self._opened = Collection(self.name, self.source, self.column)
        return self._opened

    def identity(self) -> dict[str, Any]:
        """Return the settings and the content of the passages, whatever their files are called."""
        settings = super().identity()
        servings = {name: part.identity() for name, part in self.parameters.items() if isinstance(part, Component)}
        parameters = {**settings["parameters"], **servings, "source": self.collection.identity()}
        return {**settings, "parameters": parameters}

    def check(self) -> list[str]:
        """Return why the passages could not be read."""
        try:
            return self.collection.problems()
        except DataFlowError as error:
            return [str(error)]
