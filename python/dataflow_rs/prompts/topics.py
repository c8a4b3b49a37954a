"""Lists of what generators from scratch write about: tables beside this module, one row per topic."""

from __future__ import annotations

from functools import cache


@cache
def topics(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table, without its heading.

    Args:
        name: file name without its ending.

    Examples:
        >>> topics("chat_topics")[0]
        ('solving a problem', 'a laptop that no longer starts')
    """
    from importlib.resources import files  # costs 3 MB, and only generators from scratch come here

    text = files("dataflow_rs.prompts").joinpath(f"{name}.tsv").read_text(encoding="utf-8")
    return tuple(tuple(line.split("\t")) for line in text.splitlines()[1:])
