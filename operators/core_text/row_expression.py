"""`RowExpression`: an expression over the columns of one row, in SQL or as a Polars expression.

An expression is accepted if every part of it is known to look at one row only. The parts are read off the expression's
own serialised form, by a list of what is allowed: what is not known is refused, so that a new version of Polars can
make the check too strict, but never too lax.
"""

from __future__ import annotations

import json
from typing import Any

from dataflow_rs.exceptions import ParameterError

_NODES = {"Column", "Literal", "BinaryExpr", "Cast", "Ternary", "Alias", "Function"}
_FAMILIES = {"StringExpr", "ListExpr", "ArrayExpr", "StructExpr", "TemporalExpr", "Sql"}
_BOOLEAN = {
    "AllHorizontal",
    "AnyHorizontal",
    "IsBetween",
    "IsFinite",
    "IsIn",
    "IsInfinite",
    "IsNan",
    "IsNotNan",
    "IsNotNull",
    "IsNull",
    "Not",
    "SqlIsIn",
}
_FUNCTIONS = {
    "Abs",
    "Ceil",
    "Clip",
    "Coalesce",
    "Exp",
    "FillNull",
    "Floor",
    "Log",
    "Log1p",
    "MaxHorizontal",
    "MinHorizontal",
    "Negate",
    "NullIf",
    "Pow",
    "Round",
    "RoundSF",
    "Sign",
    "SumHorizontal",
}
_WHOLE_COLUMN = {"ConcatVertical"}


class RowExpression:
    """An expression over the columns of one row.

    Args:
        place: what messages call it.
        given: text of SQL, or a `polars.Expr`.

    Attributes:
        text: how it is shown.
        expression: the `polars.Expr`.
        columns: names of the columns that it reads, in order.
        digest: tells it from others.

    Examples:
        >>> RowExpression("rule", "score >= 3 AND lang = 'en'").columns
        ['score', 'lang']
        >>> RowExpression("rule", "score > AVG(score)")
        Traceback (most recent call last):
        dataflow_rs.exceptions.ParameterError: rule: 'score > AVG(score)' looks at more than one row (Agg); compute it
        before, in a step of its own
    """

    def __init__(self, place: str, given: Any) -> None:
        import polars as pl

        if isinstance(given, str):
            self.text, self.expression = given, _parsed(place, given)
        elif isinstance(given, pl.Expr):
            self.text, self.expression = str(given), given
        else:
            raise ParameterError(
                f'{place}: got {given!r}; a rule is SQL text such as "score >= 3", or a Polars expression such as '
                'polars.col("score") >= 3'
            )
        try:
            tree = self.expression.meta.serialize(format="json")
        except (pl.exceptions.PolarsError, ImportError):
            raise ParameterError(
                f"{place}: {self.text!r} holds a function written in Python; write it without"
            ) from None
        culprit = _foreign(json.loads(tree))
        if culprit is not None:
            raise ParameterError(
                f"{place}: {self.text!r} looks at more than one row ({culprit}); compute it before, in a step of its "
                "own"
            )
        self.columns = list(dict.fromkeys(self.expression.meta.root_names()))
        if not self.columns:
            raise ParameterError(f"{place}: {self.text!r} names no column")
        import hashlib

        self.digest = hashlib.sha256((given if isinstance(given, str) else tree).encode()).hexdigest()


def _parsed(place: str, text: str) -> Any:
    import polars as pl

    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        raise ParameterError(f"{place}: {text!r} is no expression of SQL: {error}") from None


def _foreign(node: Any) -> str | None:
    """Return the first part of an expression that may look at more than one row."""
    if not isinstance(node, dict) or len(node) != 1:
        return str(node)[:40]
    kind, content = next((str(name), part) for name, part in node.items())
    if kind not in _NODES:
        return kind
    if kind in ("Column", "Literal"):
        return None
    if kind == "Function":
        culprit = _foreign_function(content["function"])
        return culprit or next((found for part in content["input"] if (found := _foreign(part))), None)
    if kind == "Alias":
        return _foreign(content[0])
    parts = {"BinaryExpr": ("left", "right"), "Cast": ("expr",), "Ternary": ("predicate", "truthy", "falsy")}[kind]
    return next((found for part in parts if (found := _foreign(content[part]))), None)


def _foreign_function(function: Any) -> str | None:
    name, detail = next(iter(function.items())) if isinstance(function, dict) else (function, None)
    inner = next(iter(detail)) if isinstance(detail, dict) and detail else detail
    if name == "Boolean":
        return None if inner in _BOOLEAN else f"{inner}"
    if name in _FAMILIES:
        return f"{inner}" if inner in _WHOLE_COLUMN else None
    return None if name in _FUNCTIONS else f"{name}"
