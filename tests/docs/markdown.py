"""The fenced blocks of README.md and docs/."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block; `code` may be that of several blocks when this one continues another."""

    file: str
    line: int
    language: str
    code: str

    @property
    def title(self) -> str:
        return f"{self.file}:{self.line}"

    def starts_with(self, comment: str) -> bool:
        return self.code.split("\n", 1)[0].strip() == comment


def blocks(language: str) -> list[Block]:
    """Return the blocks of a language, in order.

    A Python block whose first line is `# continues` is run after the block before it, in one script.
    """
    found: list[Block] = []
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = file.read_text(encoding="utf-8")
        before = ""
        for match in FENCE.finditer(text):
            if match[1] != language:
                continue
            code = match[2]
            if code.startswith("# continues\n"):
                code = before + code
            before = code
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(file.relative_to(ROOT).as_posix(), line, language, code))
    return found
