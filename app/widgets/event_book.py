"""A run's events: columns and one stretch of text, for a run may have a hundred thousand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from agent_core.protocol.records import RunEvent
from app.widgets.row_table import RowTable

_COLUMNS = np.dtype([("at", "f8"), ("start", "i8"), ("length", "i4"), ("kind", "i4"),
                     ("level", "i4")], align=True)  # fmt: skip


class Event(NamedTuple):
    """One event as it is shown."""

    at: float
    kind: str
    level: str
    text: str


class EventBook:
    """Keep events by their time; of those at the same moment the later told is the newer."""

    def __init__(self) -> None:
        self._table = RowTable(_COLUMNS)
        self._text = bytearray()  # UTF-8, in the order in which events came
        self._names: list[str] = []  # of the few kinds and levels
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self._table)

    def add(self, events: Iterable[RunEvent]) -> None:
        """Add events, in any order."""
        for one in events:
            text = one.text.encode("utf-8", "replace")
            place = int(np.searchsorted(self._table.rows["at"], one.at, "right"))
            kind, level = self._number(one.kind), self._number(one.level)
            self._table.insert(place, (one.at, len(self._text), len(text), kind, level))
            self._text += text

    def newest(self, place: int) -> Event:
        """Return an event by its place, 0 for the newest; raises IndexError."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        at, start, length, kind, level = self._table.rows[-1 - place].tolist()
        text = self._text[start : start + length].decode()
        return Event(at, self._names[kind], self._names[level], text)

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._names)
            self._names.append(name)
        return self._numbers[name]
