"""Let a model work through text files that are longer than its context."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from dataflow_rs.core.bases import RowOperator
from dataflow_rs.core.keys import Text
from dataflow_rs.core.registry import operator
from dataflow_rs.core.results import RowError, Rows
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.prompts import Answers, InstructionPrompt, Prompted, PromptTemplate, RewritePrompt, ask_rows
from dataflow_rs.prompts.rows import is_blank

_BREAKS = tuple(re.compile(pattern) for pattern in (r"\n[ \t]*\n\s*", r"\n", r"[.!?。！？][\"')\]]*\s*", r"\s+"))


@operator
class ChunkedPromptedGenerator(Prompted, RowOperator):
    r"""Read the text file that each row names, ask a model about it piece by piece, and write a file of its replies.

    A text that is too long is halved until each piece fits, at the paragraph, line, sentence or word end nearest to the
    middle; nothing of it is lost. All pieces of a batch are asked about together. The replies are joined by `separator`
    and written, in one step, into a file whose name is that of the input without its ending and with `suffix`. Where
    the file cannot be read, or one of its pieces failed, nothing is written, the path is null, and the run's errors say
    why. A blank file is not asked about; its output is empty.

    A finished step is reused as long as the paths are the same: the library does not look whether the files' content
    has changed.

    Args:
        llm_serving: the model that is asked.
        system_prompt: the instruction, sent as the system message with every piece.
        json_schema: JSON schema that every reply must follow.
        max_chunk_len: most tokens of `enc` per piece; without `enc`, most characters. 1 or more.
        enc: tokenizer that counts: a known name, or the path of its file; None: characters are counted.
        separator: goes between the replies.
        suffix: of the files that are written.
        output_dir: folder of the files that are written; None: beside the input.
        on_error: what happens to a row that failed: `keep` it with a null path, `drop` it, or `raise`.

    Keys:
        input_path_key: path of the text file, UTF-8.
        output_path_key: receives the path of the file of replies.

    Examples:
        >>> import pyarrow as pa
        >>> from pathlib import Path
        >>> from dataflow_rs.operators.core_text import ChunkedPromptedGenerator
        >>> from dataflow_rs.testing import FakeServing
        >>> _ = Path("a.b.txt").write_text("one two\n\nthree four")
        >>> generator = ChunkedPromptedGenerator(FakeServing(lambda text: text.upper()), max_chunk_len=10)
        >>> paths = generator.apply(pa.table({"path": ["a.b.txt"]}))["output_path"].to_pylist()
        >>> paths, Path(paths[0]).read_text()
        (['a.b_output.txt'], 'ONE TWO\nTHREE FOUR')
    """

    system_prompt: str = "Carry out the user's request. Reply with the result and nothing else."
    json_schema: Mapping[str, Any] | None = None
    max_chunk_len: int = 128_000
    enc: str | None = None
    separator: str = "\n"
    suffix: str = "_output.txt"
    output_dir: str | None = None

    def __post_init__(self) -> None:
        if self.max_chunk_len < 1:
            raise ParameterError(f"{self.name}: max_chunk_len={self.max_chunk_len} must be at least 1")
        if not self.suffix or os.sep in self.suffix:
            raise ParameterError(f"{self.name}: suffix={self.suffix!r} must be the end of a file name")
        self._prompt: InstructionPrompt = RewritePrompt(self.system_prompt, schema=self.json_schema)

    def templates(self) -> Sequence[PromptTemplate]:
        """Return the template that is rendered."""
        return (self._prompt,)

    def problems(self) -> list[str]:
        """Return why the step could not run, a tokenizer that is not there included."""
        try:
            self._length()
        except ParameterError as error:
            return [*super().problems(), f"{self.name}(enc=): {error}"]
        return super().problems()

    def roles(self, keys: Any) -> dict[str, Any]:
        """Return the column of the path; the text is what the file holds."""
        bound = super().roles(keys)
        return {**bound, "text": bound["path"]} if "path" in bound else bound

    def process(
        self, batch: pa.RecordBatch, input_path_key: Text = "path", output_path_key: Text = "output_path"
    ) -> Rows:
        """Read all files, ask about all pieces, and write all files."""
        paths = batch[input_path_key].to_pylist()
        errors: dict[int, RowError] = {}
        pieces: list[tuple[int, str]] = []
        for row, path in enumerate(paths):
            try:
                text = "" if is_blank(path) else Path(path).read_text(encoding="utf-8")
            except (OSError, ValueError) as problem:
                errors[row] = RowError(type(problem).__name__, f"{path} cannot be read: {problem}")
                continue
            pieces.extend((row, piece) for piece in chunks(text, self.max_chunk_len, self._length()) if piece.strip())
        answers = ask_rows(self.llm_serving, self._prompt, [{"text": piece.strip()} for _, piece in pieces])
        for position, error in reversed(answers.errors.items()):
            errors[pieces[position][0]] = error
        replies = _by_row(answers, [row for row, _ in pieces])
        written = [
            None if is_blank(path) or row in errors else self._write(Path(path), replies.get(row, []))
            for row, path in enumerate(paths)
        ]
        return Rows({output_path_key: written}, dict(sorted(errors.items())))

    def _length(self) -> Callable[[str], int]:
        """Return what measures a piece."""
        if self.enc is None:
            return len
        from dataflow_rs.core.tokenizers import load_tokenizer

        count: Callable[[str], int] = load_tokenizer(self.enc).count_text
        return count

    def _write(self, source: Path, replies: Sequence[str]) -> str:
        """Write the replies beside the source, all at once, and return the path."""
        folder = source.parent if self.output_dir is None else Path(self.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / (source.stem + self.suffix)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        unfinished.write_text(self.separator.join(replies), encoding="utf-8")
        unfinished.replace(target)
        return str(target)


def chunks(text: str, limit: int, length: Callable[[str], int] = len) -> list[str]:
    r"""Halve a text until each piece is no longer than a limit; joined, the pieces are the text.

    Args:
        text: the text.
        limit: greatest length of a piece.
        length: measures a piece; a shorter piece must not be longer by it. A single character is never halved.

    Examples:
        >>> chunks("one two\n\nthree four", 10)
        ['one two\n\n', 'three four']
    """
    found: list[str] = []
    todo = [text]
    while todo:
        piece = todo.pop()
        if len(piece) <= 1 or length(piece) <= limit:
            found.append(piece)
            continue
        at = _middle(piece)
        todo += [piece[at:], piece[:at]]
    return found


def _middle(text: str) -> int:
    """Return where to cut: the best kind of break in the middle half, the nearest to the middle of that kind."""
    half = len(text) // 2
    low, high = len(text) // 4, len(text) - len(text) // 4
    for kind in _BREAKS:
        ends = [found.end() for found in kind.finditer(text, low, high) if 0 < found.end() < len(text)]
        if ends:
            return min(ends, key=lambda end: abs(end - half))
    return max(half, 1)


def _by_row(answers: Answers, rows: Sequence[int]) -> dict[int, list[str]]:
    """Return row -> its replies, in order."""
    found: dict[int, list[str]] = {}
    for row, value in zip(rows, answers.values, strict=True):
        if value is not None:
            found.setdefault(row, []).append(value["reply"])
    return found
