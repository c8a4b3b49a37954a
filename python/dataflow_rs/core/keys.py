"""Column types that an operator declares for its `input_*` and `output_*` arguments.

A key is the name of a column, so its Python type is always `str`; the annotation says what the column holds, which is
what `compile()` checks and what the docs and the JSON schema show:

    def process(self, batch, input_key: Text = "text", output_key: Integer = "words"): ...

A plain `str` annotation means a column of any type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import pyarrow as pa
import pyarrow.types as pat

Holds = Literal["text", "integer", "number", "boolean", "list", "any"]


@dataclass(frozen=True)
class ColumnType:
    """What a key's column holds.

    Args:
        holds: the family of Arrow types.
        rewrites: the operator writes the column that this input key names.
    """

    holds: Holds = "any"
    rewrites: bool = False

    def accepts(self, dtype: pa.DataType | None) -> bool:
        """Whether a column of this Arrow type fits; an unknown type (None) and null columns always do."""
        if dtype is None or self.holds == "any" or pat.is_null(dtype):
            return True
        if pat.is_dictionary(dtype):
            dtype = dtype.value_type
        if self.holds == "text":
            return bool(pat.is_string(dtype) or pat.is_large_string(dtype) or pat.is_string_view(dtype))
        if self.holds == "integer":
            return bool(pat.is_integer(dtype))
        if self.holds == "number":
            return bool(pat.is_integer(dtype) or pat.is_floating(dtype) or pat.is_decimal(dtype))
        if self.holds == "boolean":
            return bool(pat.is_boolean(dtype))
        return bool(pat.is_list(dtype) or pat.is_large_list(dtype) or pat.is_fixed_size_list(dtype))

    @property
    def arrow_type(self) -> pa.DataType | None:
        """The Arrow type of a column that an operator writes; None when only the data tell."""
        return {
            "text": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "list": None,
            "any": None,
        }[self.holds]


Text: TypeAlias = Annotated[str, ColumnType("text")]
"""A column of strings."""
RewrittenText: TypeAlias = Annotated[str, ColumnType("text", rewrites=True)]
"""A column of strings that the operator changes in place; its Arrow type stays."""
Integer: TypeAlias = Annotated[str, ColumnType("integer")]
"""A column of whole numbers."""
Number: TypeAlias = Annotated[str, ColumnType("number")]
"""A column of whole or floating-point numbers."""
Boolean: TypeAlias = Annotated[str, ColumnType("boolean")]
"""A column of truth values."""
ListColumn: TypeAlias = Annotated[str, ColumnType("list")]
"""A column of lists."""
