"""`Call`: a distinct request on its way through an exchange."""

from __future__ import annotations

from typing import Any

from dataflow_rs.serving.types import Completion, Request, Usage


class Call:
    """A distinct request on its way.

    Attributes:
        uses: how many of the requests taken so far are this one and have not been handed out.
        end: how it ended.
        spent: what earlier rounds of it cost; the last faulty reply.
        reserved: tokens set aside for the round under way.
    """

    __slots__ = ("call", "end", "handed_out", "key", "request", "reserved", "rounds", "spent", "uses")

    def __init__(self, key: str, call: dict[str, Any], request: Request) -> None:
        self.key = key
        self.call: dict[str, Any] | None = call
        self.request: Request | None = request
        self.uses = self.rounds = 0
        self.handed_out = False
        self.end: Completion | None = None
        self.spent: Completion | None = None
        self.reserved: Usage | None = None
