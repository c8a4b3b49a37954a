"""Structs inside structs on their way into native code.

arrow-rs 59 applies the offset of a sliced struct twice to the structs inside it, and panics.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pat


def unsliced(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose columns of structs inside structs begin at their first value."""
    for position, kind in enumerate(batch.schema.types):
        if struct_in_struct(kind):
            every = pa.array(range(batch.num_rows), pa.int64())
            batch = batch.set_column(position, batch.schema.field(position), batch.column(position).take(every))
    return batch


def struct_in_struct(kind: pa.DataType) -> bool:
    """Whether a type holds a struct inside a struct, at any depth."""
    if not pat.is_nested(kind):
        return False
    inner = [kind.field(position).type for position in range(kind.num_fields)]
    direct = pat.is_struct(kind) and any(pat.is_struct(item) for item in inner)
    return direct or any(struct_in_struct(item) for item in inner)
