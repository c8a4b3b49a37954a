"""Build HTML and SVG so that nothing unescaped can get in: whatever is not `Html` already is escaped.

Texts of a data set are not to be trusted. Every one of them reaches the page through `element` or `join`, which escape
it; control characters, which HTML cannot hold, become their visible symbols.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_CONTROLS |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD) | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_VOID = frozenset({"br", "circle", "line", "meta", "path", "rect"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""Return a text with control characters replaced by their symbols; tabs and line ends stay.

    Examples:
        >>> visible("a\x00b\x1b[31m")
        'a␀b␛[31m'
    """
    return text.translate(_CONTROLS)


def escape(text: object) -> Html:
    """Return a value as HTML; `Html` stays as it is.

    Examples:
        >>> escape("<script>")
        '&lt;script&gt;'
    """
    return text if isinstance(text, Html) else Html(html.escape(visible(str(text))))


def join(parts: Iterable[object]) -> Html:
    """Return the parts one after the other, each escaped."""
    return Html("".join(escape(part) for part in parts if part is not None))


def element(name: str, *children: object, **attributes: object) -> Html:
    """Return an element.

    Args:
        name: tag name.
        *children: its content; texts are escaped, None is left out.
        **attributes: `class_` stands for `class`, other underscores for hyphens; None is left out.

    Examples:
        >>> element("td", "a < b", class_="text")
        '<td class="text">a &lt; b</td>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}>" if name in ("br", "meta") else f"<{name}{given}/>")
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def table(caption: str, head: list[str], rows: Iterable[Iterable[object]], numeric: Iterable[int] = ()) -> Html:
    """Return a table with a caption, column heads, and the first cell of each row as the row's head.

    Args:
        caption: says what the table shows.
        head: the heads of the columns.
        rows: the cells.
        numeric: positions of columns that are aligned to the right.
    """
    right = set(numeric)

    def cell(position: int, value: object) -> Html:
        name = "td" if position else "th"
        classes = ["number"] if position in right else ["wide"] if position else []
        classes += ["none"] if position and str(value) in ("-", "0") else []
        return element(
            name,
            value,
            class_=" ".join(classes) or None,
            scope=None if position else "row",
            data_label=head[position] if position else None,
        )

    heads = [element("th", text, scope="col", class_="number" if i in right else None) for i, text in enumerate(head)]
    body = [element("tr", *(cell(i, value) for i, value in enumerate(row))) for row in rows]
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *heads)),
            element("tbody", *body),
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex="0",
    )
