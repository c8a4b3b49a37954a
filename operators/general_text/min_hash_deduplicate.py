"""Near-duplicates of earlier texts, by MinHash and locality-sensitive hashing."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from dataflow_rs import _native
from dataflow_rs.core.bases import Dataset, DatasetOperator
from dataflow_rs.core.keys import Integer, Number, Text
from dataflow_rs.core.native_text import Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import Verdict
from dataflow_rs.core.validation import check_share
from dataflow_rs.dedup.clusters import MEMORY_MB, memory_bytes, minhash_settings
from dataflow_rs.dedup.stages import StageLines
from dataflow_rs.exceptions import ParameterError

SCHEMA = pa.schema(
    [
        pa.field("keep", pa.bool_(), nullable=False),
        pa.field("duplicate_of", pa.uint64()),
        pa.field("similarity", pa.float64()),
    ]
)
"""What both searches answer for every row."""


@operator
class MinHashDeduplicateFilter(DatasetOperator):
    """Drop texts that are nearly the same as another one.

    A text is seen as the set of its n-grams, and a signature of `num_perm` numbers stands for the set. Texts whose
    signatures share a band are candidates; candidates whose sets have a Jaccard similarity of at least the threshold
    are duplicates. Duplicates, and duplicates of duplicates, form a cluster, of which one text stays: the one of
    highest priority, of equal ones the first. The judged value is the true similarity to the text that stays, which the
    detail names by its row; through a chain of duplicates it can be below the threshold.

    The result depends on the texts and these parameters only, not on memory, threads or batches; which texts form a
    cluster does not depend on the order of rows either.

    Args:
        num_perm: length of a signature, from 2 to 4096; longer finds more and is slower.
        threshold: Jaccard similarity from which texts are duplicates, from 0 to 1.
        use_n_gram: whether texts are compared by n-grams; False compares sets of single characters or words, which
            makes anagrams equal.
        ngram: characters or words per n-gram; shorter texts are compared as a whole.
        shingle: what an n-gram is made of, "character" or "word".
        normalization: what is done to a text first: "exact" (nothing), "whitespace" (runs of whitespace are one space),
            "lower" (that in lower case), "words" (lower-case letters and digits, without punctuation) or "ccnet".
        bands: number of bands; together with `rows`. By default chosen for the threshold, see `recall`.
        rows: signature positions per band; together with `bands`.
        recall: share of the duplicates exactly at the threshold that bands find, at least; from 0 to less than 1.
        verify: whether candidates are compared by their true similarity; None: yes, but not with the profile, where it
            is the similarity that signatures estimate. Without it, texts that share a band are duplicates, bands are
            chosen as datasketch does, and no similarity is known.
        memory_mb: bound of the buffers, in MB; what does not fit goes to temporary files. Besides them, 4 bytes per row
            are needed (12 with priorities).
        spill_folder: where temporary files go, about 1.5 times the size of the texts; by default the system's place.
        profile: reproduce the verdicts of a published tool, faults included: in row order, each text that shares a band
            with a kept one is dropped. It goes with n-grams of characters of unchanged texts.

    Keys:
        input_key: column of texts to compare.
        input_keys: several columns of texts, compared as one; exactly one of the two keys is given.
        input_priority_key: column of numbers, larger is better; null is below all of them. By default the first text of
            a cluster stays.
        output_key: column for the label, 1 for rows that stay; by default none is written.
        output_cluster_key: column for the cluster of a row, named by its first row; null where a text is alone.
        output_size_key: column for the number of rows in the cluster; 1 where a text is alone.

    Missing texts:
        Null stays and is a duplicate of nothing. A text without an n-gram (empty, blank or short) is a duplicate of
        equal texts only. Of several columns a null counts as empty, unless all are null.

    Differences:
        open-dataflow 1.0.13 does not verify, keeps texts that are duplicates of dropped ones, and its result depends on
        the order of rows. With `profile="open-dataflow-1.0.13"` the verdicts equal its own with datasketch 1.6.5.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13; A. Broder, "On the resemblance and containment
        of documents" (1997).

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["the same text", "another one", "the same text"]})
        >>> kept, drops = MinHashDeduplicateFilter().apply(texts, input_key="text", return_drops=True)
        >>> kept["text"].to_pylist(), drops["detail"].to_pylist()
        (['the same text', 'another one'], ['duplicate of row 0 (similarity 1.00)'])
    """

    num_perm: int = 128
    threshold: float = 0.9
    use_n_gram: bool = True
    ngram: int = 5
    shingle: Literal["character", "word"] = "character"
    normalization: Literal["exact", "whitespace", "lower", "words", "ccnet"] = "exact"
    bands: int | None = None
    rows: int | None = None
    recall: float = 0.95
    verify: bool | None = None
    memory_mb: int = MEMORY_MB
    spill_folder: str | None = None
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_share(self.name, threshold=self.threshold)
        memory_bytes(self.memory_mb)
        if self.profile is None:
            self._settings()
            return
        changed = (self.shingle, self.normalization, self.bands, self.rows) != ("character", "exact", None, None)
        if changed:
            raise ParameterError(
                f"{self.name}: profile='{self.profile}' goes with n-grams of characters of unchanged texts: leave out "
                "shingle, normalization, bands and rows"
            )
        self._published_index()

    def column_mistakes(self, columns: dict[str, pa.DataType | None], keys: dict[str, Any]) -> list[str]:
        """Check that exactly one of the input keys is given, besides the columns."""
        mistakes = super().column_mistakes(columns, keys)
        if (keys["input_key"] is None) == (keys["input_keys"] is None):
            mistakes.insert(0, f"{self.name}: give exactly one of input_key and input_keys")
        clusters = ("input_priority_key", "output_cluster_key", "output_size_key")
        if self.profile is not None and any(keys[name] is not None for name in clusters):
            mistakes.append(f"{self.name}: with profile='{self.profile}' there are no clusters: leave out {clusters}")
        return mistakes

    def process(
        self,
        dataset: Dataset,
        input_key: Text | None = None,
        input_keys: list[Text] | None = None,
        input_priority_key: Number | None = None,
        output_key: Integer | None = None,
        output_cluster_key: Integer | None = None,
        output_size_key: Integer | None = None,
    ) -> Verdict:
        """Compare the texts of all rows."""
        if self.profile is None:
            found = self._search(dataset, input_key, input_keys, input_priority_key)
        else:
            found = self._search_as_published(dataset, input_key, input_keys)
        keep = found["keep"]
        columns = {} if output_key is None else {output_key: keep.cast(pa.int64())}
        if output_cluster_key is not None:
            columns[output_cluster_key] = found["cluster"].cast(pa.int64())
        if output_size_key is not None:
            columns[output_size_key] = found["size"].fill_null(1).cast(pa.int64())
        return Verdict(
            keep=keep,
            value=found["similarity"],
            threshold=self.threshold,
            detail=_detail(found, dataset),
            columns=columns,
        )

    def _search(
        self, dataset: Dataset, input_key: str | None, input_keys: list[str] | None, priority: str | None
    ) -> pa.Table:
        search = _native.MinHashSearch(self._settings(), memory=memory_bytes(self.memory_mb), folder=self.spill_folder)
        for batch in dataset.batches():
            search.add(_texts(batch, input_key, input_keys), None if priority is None else _priorities(batch[priority]))
        return pa.Table.from_batches([pa.record_batch(search.run(StageLines(self.name), every_row=True))])

    def _search_as_published(self, dataset: Dataset, input_key: str | None, input_keys: list[str] | None) -> pa.Table:
        index = self._published_index()
        batches = (_texts(batch, input_key, input_keys) for batch in dataset.batches())
        return pa.Table.from_batches([pa.record_batch(index.insert(texts)) for texts in batches], SCHEMA)

    def _settings(self) -> _native.MinHashSettings:
        return minhash_settings(
            shingle=self.shingle,
            normalization=self.normalization,
            ngram=self.ngram if self.use_n_gram else 1,
            num_perm=self.num_perm,
            threshold=self.threshold,
            bands=self.bands,
            rows=self.rows,
            recall=self.recall,
            verify=self.verify is not False,
        )

    def _published_index(self) -> _native.MinHashIndex:
        try:
            return _native.MinHashIndex(
                num_perm=self.num_perm,
                threshold=self.threshold,
                ngram=self.ngram,
                use_n_gram=self.use_n_gram,
                verify=self.verify is True,
            )
        except OverflowError:
            raise ParameterError(
                f"{self.name}: num_perm={self.num_perm} and ngram={self.ngram} must not be negative"
            ) from None


def _priorities(column: pa.Array) -> pa.Array:
    """Return a column of numbers as one of the two types that are compared."""
    return column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.float64())


def _texts(batch: pa.RecordBatch, input_key: str | None, input_keys: list[str] | None) -> pa.Array:
    """Return the texts to compare, those of several columns each below its name."""
    if input_keys is None:
        return batch[input_key]
    import pyarrow.compute as pc  # costs 11 MB, which one column does not need

    parts: list[Any] = []
    missing = pa.repeat(True, batch.num_rows)
    for name in input_keys:
        texts = batch[name].cast(pa.large_string())
        missing = pc.and_(missing, texts.is_null())
        separator = "\n" if parts else ""
        parts += [pa.scalar(f"{separator}{name}:\n", pa.large_string()), pc.fill_null(texts, "")]
    joined = pc.binary_join_element_wise(*parts, pa.scalar("", pa.large_string()))
    return pc.if_else(missing, pa.scalar(None, pa.large_string()), joined)


def _detail(found: pa.Table, dataset: Dataset) -> pa.Array:
    """Return for duplicates the id of the row they repeat and how similar they are to it, with two decimals."""
    positions, similarity = found["duplicate_of"].to_pylist(), found["similarity"].to_pylist()
    ids = iter(dataset.row_ids([position for position in positions if position is not None]))
    return pa.array(
        (
            None if position is None else f"duplicate of row {next(ids)}{_similarity(share)}"
            for position, share in zip(positions, similarity, strict=True)
        ),
        pa.string(),
    )


def _similarity(share: float | None) -> str:
    return "" if share is None else f" (similarity {share:.2f})"
