"""Schemas that a user gives, schemas of several files as one, and batches that follow them exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import pyarrow as pa

from dataflow_rs.exceptions import MalformedInputError, ParameterError, nearest

GivenSchema: TypeAlias = "pa.Schema | Mapping[str, pa.DataType | str]"
"""A whole schema, or types for some columns, as Arrow types or their names (`string`, `timestamp[us]`)."""


def parse_given(schema: GivenSchema | None) -> tuple[pa.Schema | None, bool]:
    """Return the given types as a schema, and whether they are the whole schema.

    Raises:
        ParameterError: a type name is unknown, or a column comes twice.
    """
    if schema is None:
        return None, False
    if isinstance(schema, pa.Schema):
        twice = [name for name in schema.names if schema.names.count(name) > 1]
        if twice:
            raise ParameterError(f"schema: the column '{twice[0]}' comes twice")
        return schema.remove_metadata(), True
    if not isinstance(schema, Mapping):
        raise ParameterError(
            "schema: give a pyarrow.Schema or a mapping of column names to types, "
            f"not {type(schema).__module__}.{type(schema).__qualname__}"
        )
    return pa.schema([(name, _parse_type(name, kind)) for name, kind in schema.items()]), False


def _parse_type(name: str, kind: pa.DataType | str) -> pa.DataType:
    if isinstance(kind, pa.DataType):
        return kind
    try:
        return pa.type_for_alias(kind)
    except (ValueError, TypeError):
        known = ("string", "large_string", "bool", "int64", "uint64", "float64", "date32", "timestamp[us]")
        raise ParameterError(
            f"schema: column '{name}': '{kind}' is no Arrow type name{nearest(str(kind), known)}; "
            f"for example {', '.join(known)}, or a pyarrow.DataType"
        ) from None


def unify(schemas: list[tuple[str, pa.Schema]]) -> pa.Schema:
    """Return one schema for files of different schemas: columns of all, types widened where values allow.

    Args:
        schemas: file names and their schemas.

    Raises:
        MalformedInputError: a column has types in two files that no type holds.
    """
    fields: dict[str, tuple[str, pa.Field]] = {}
    for file, schema in schemas:
        for field in schema:
            known = fields.get(field.name)
            if known is None:
                fields[field.name] = (file, field)
            elif known[1].type != field.type or known[1].nullable != field.nullable:
                fields[field.name] = (file, _widen(known, file, field))
    incomplete = {name for _, schema in schemas for name in fields.keys() - set(schema.names)}
    found = {name: field for name, (_, field) in fields.items()}
    return pa.schema([f.with_nullable(True) if name in incomplete else f for name, f in found.items()])


def _widen(known: tuple[str, pa.Field], file: str, field: pa.Field) -> pa.Field:
    try:
        one, other = pa.schema([known[1]]), pa.schema([field])
        return pa.unify_schemas([one, other], promote_options="permissive").field(0)
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        raise MalformedInputError(
            f"column '{field.name}' is {known[1].type} in {known[0]} and {field.type} in {file}; no type "
            f"holds both. Pass schema={{'{field.name}': ...}}, or read the files as two sources",
            file,
        ) from None


def override(schema: pa.Schema, given: pa.Schema | None, whole: bool) -> pa.Schema:
    """Return the schema of files with the given types put in."""
    if given is None:
        return schema
    if not whole:
        new = [given.field(field.name) if field.name in given.names else field for field in schema]
        return pa.schema([*new, *(field for field in given if field.name not in schema.names)])
    unknown = [name for name in schema.names if name not in given.names]
    if unknown:
        raise ParameterError(
            f"schema: the files have the column '{unknown[0]}', which the schema lacks"
            f"{nearest(unknown[0], given.names)}; add it, or choose with columns="
        )
    return given


def select(schema: pa.Schema, columns: list[str] | None) -> pa.Schema:
    """Return the schema of some columns, in the order asked for.

    Raises:
        ParameterError: a column does not exist.
    """
    if columns is None:
        return schema
    for name in columns:
        if name not in schema.names:
            raise ParameterError(f"columns: there is no column '{name}'{nearest(name, schema.names)}")
    return pa.schema([schema.field(name) for name in columns])


def conform(batch: pa.RecordBatch, schema: pa.Schema, file: str) -> pa.RecordBatch:
    """Return a batch with exactly the columns and types of a schema; missing columns are null.

    Raises:
        MalformedInputError: a value cannot be converted without loss.
    """
    if batch.schema.equals(schema, check_metadata=True):
        return batch
    arrays: list[pa.Array] = []
    for field in schema:
        position = batch.schema.get_field_index(field.name)
        if position < 0:
            arrays.append(pa.nulls(batch.num_rows, field.type))
            continue
        array = batch.column(position)
        try:
            arrays.append(array if array.type == field.type else array.cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise MalformedInputError(
                f"{file}: column '{field.name}' cannot become {field.type} from {array.type} without loss "
                f"({error}). Pass another type in schema=",
                file,
            ) from None
    return build(arrays, schema, batch.num_rows)


def build(arrays: list[pa.Array], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    """Return a batch of arrays, one without columns too."""
    if not arrays:
        empty = pa.StructArray.from_buffers(pa.struct([]), rows, [None])
        return pa.RecordBatch.from_struct_array(empty)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def plain(kind: Any) -> Any:
    """Return the type that text is read as for a type: dictionaries and views are made afterwards."""
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.string()
    return kind
