"""The closed rounds of a run: columns, for a run may close a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent_core.protocol.records import RoundRecord
from app.widgets.row_table import RowTable

_COLUMNS = np.dtype(
    [("round", "i8"), ("started_at", "f8"), ("closed_at", "f8"), ("bytes_up", "i8"),
     ("answered", "i4"), ("asked", "i4"), ("is_late", "?")],
    align=True,  # numpy searches a column that is not aligned only after it copied it
)  # fmt: skip


class ClosedRound(NamedTuple):
    """One closed round."""

    round: int
    started_at: float
    closed_at: float
    bytes_up: int
    answered: int
    asked: int
    is_late: bool  # its deadline closed it
    missing: tuple[int, ...]  # edge ids that gave no good answer

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.closed_at - self.started_at


class RoundBook:
    """Keep closed rounds by their number, ascending."""

    def __init__(self) -> None:
        self.changes = 0  # how often rounds were added
        self._table = RowTable(_COLUMNS)
        self._missing: dict[int, tuple[int, ...]] = {}  # of the few rounds that lacked someone

    def __len__(self) -> int:
        """Return the number of closed rounds."""
        return len(self._table)

    def __contains__(self, number: int) -> bool:
        """Return whether a round is closed."""
        return self.find(number) is not None

    def add(self, records: Iterable[RoundRecord]) -> None:
        """Add rounds; one that is known already is as it was told last."""
        self.changes += 1
        for one in records:
            row = (
                one.round, one.started_at, one.closed_at, one.bytes_up,
                one.answered, one.asked, one.closed_by == "deadline",
            )  # fmt: skip
            place = len(self) if one.round > self.last else self._place(one.round)
            if place < len(self) and self.numbers[place] == one.round:
                self._table.rows[place] = row
            else:
                self._table.insert(place, row)
            if one.missing:
                self._missing[one.round] = tuple(one.missing)
            else:
                self._missing.pop(one.round, None)

    def _place(self, number: int) -> int:
        """Return where a round stands, or would stand."""
        return int(np.searchsorted(self.numbers, number))

    def find(self, number: int) -> ClosedRound | None:
        """Return a round, or None where it is not closed."""
        place = self._place(number)
        if place >= len(self) or self.numbers[place] != number:
            return None
        told: tuple[Any, ...] = self._table.rows[place].tolist()
        return ClosedRound._make((*told, self._missing.get(number, ())))

    # --- columns ---
    def _column(self, name: str) -> npt.NDArray[Any]:
        return self._table.rows[name]

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """Return the rounds' numbers."""
        return self._column("round")

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """Return how long each took."""
        taken: npt.NDArray[np.float64] = self._column("closed_at") - self._column("started_at")
        return taken

    def newest_seconds(self, count: int = 7) -> list[float]:
        """Return how long each of the newest rounds took."""
        newest: list[float] = self.seconds[-count:].tolist()
        return newest

    @property
    def late(self) -> npt.NDArray[np.bool_]:
        """Return which of them their deadline closed."""
        return self._column("is_late")

    @property
    def bytes_up(self) -> npt.NDArray[np.int64]:
        """Return the bytes that were sent in each."""
        return self._column("bytes_up")

    @property
    def last(self) -> int:
        """Return the highest number, 0 where no round is closed."""
        return int(self.numbers[-1]) if len(self) else 0

    @property
    def last_closed_at(self) -> float:
        """Return when the newest closed, 0 where no round is closed."""
        return float(self._column("closed_at").max()) if len(self) else 0.0
