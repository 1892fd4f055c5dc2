"""Counting what goes over the wire, by quarter of an hour and kind."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from agent_core.agent.house_rules_probe import midnight
from agent_core.agent.journal import Journal
from agent_core.protocol.records_rules import TrafficHistory, TrafficPoint

Kind = Literal["updates", "metrics", "logs", "other"]
SLOT_S = 900  # every zone's midnight is the begin of one
HOUR_S = 3600
KEPT_S = 40 * 86400


@dataclass(frozen=True)
class Today:
    """The bytes since local midnight."""

    up: int = 0
    down: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)  # sent: what left this machine


class Traffic:
    """Byte counts in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._cleared = 0  # the slot in which old counts were dropped last

    def add(self, kind: Kind, up: int = 0, down: int = 0) -> None:
        """Count bytes that went out or came in."""
        slot = int(time.time()) // SLOT_S
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO traffic_slots (slot, kind, up, down) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (slot, kind) DO UPDATE SET up = up + excluded.up, "
                "down = down + excluded.down",
                (slot, kind, up, down),
            )
            if slot > self._cleared:
                self._cleared = slot
                connection.execute(
                    "DELETE FROM traffic_slots WHERE slot < ?", (slot - KEPT_S // SLOT_S,)
                )

    def today(self, now: float | None = None) -> Today:
        """Return the counts since local midnight."""
        rows = self._journal.connection.execute(
            "SELECT kind, sum(up) AS up, sum(down) AS down FROM traffic_slots "
            "WHERE slot >= ? GROUP BY kind",
            (int(midnight(now)[0]) // SLOT_S,),
        ).fetchall()
        return Today(
            up=sum(row["up"] for row in rows),
            down=sum(row["down"] for row in rows),
            by_kind={row["kind"]: row["up"] for row in rows},
        )

    def history(self, hours: int, now: float | None = None) -> TrafficHistory:
        """Return the counts of the last hours, this one included, oldest first."""
        moment = time.time() if now is None else now
        first = int(moment) // HOUR_S - hours + 1
        per_hour = HOUR_S // SLOT_S
        rows = self._journal.connection.execute(
            "SELECT slot / ? AS hour, sum(up) AS up, sum(down) AS down FROM traffic_slots "
            "WHERE slot >= ? GROUP BY 1",
            (per_hour, first * per_hour),
        ).fetchall()
        found = {row["hour"]: (row["up"], row["down"]) for row in rows}
        points = []
        for hour in range(first, first + hours):
            up, down = found.get(hour, (0, 0))
            points.append(TrafficPoint(at=float(hour * HOUR_S), up=up, down=down))
        return TrafficHistory(points=points, day_began=midnight(moment)[0])
