"""All operators of the library, by domain; importing this package registers them."""

from __future__ import annotations

if __name__ != "dataflow_rs.operators":
    raise ImportError(
        f"the operators were imported as '{__name__}'; import them as 'dataflow_rs.operators', because a second copy "
        "would register every operator twice"
    )

from dataflow_rs.operators import conversations, core_text, general_text, reasoning, text_pt, text_sft

__all__ = ["conversations", "core_text", "general_text", "reasoning", "text_pt", "text_sft"]
