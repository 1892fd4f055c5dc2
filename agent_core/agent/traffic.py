"""Counting what goes over the wire, by day and kind."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from agent_core.agent.journal import Journal

Kind = Literal["updates", "metrics", "logs", "other"]


@dataclass(frozen=True)
class Today:
    """The bytes of the present day (UTC)."""

    up: int = 0
    down: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)  # sent: what left this machine


class Traffic:
    """Byte counts in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, kind: Kind, up: int = 0, down: int = 0) -> None:
        """Count bytes that went out or came in."""
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO traffic (day, kind, up, down) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (day, kind) DO UPDATE SET up = up + excluded.up, "
                "down = down + excluded.down",
                (_today(), kind, up, down),
            )

    def today(self) -> Today:
        """Return today's counts."""
        rows = self._journal.connection.execute(
            "SELECT kind, up, down FROM traffic WHERE day = ?", (_today(),)
        ).fetchall()
        return Today(
            up=sum(row["up"] for row in rows),
            down=sum(row["down"] for row in rows),
            by_kind={row["kind"]: row["up"] for row in rows},
        )


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()
