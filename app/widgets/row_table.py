"""Rows of columns that grow: for what a run may have a hundred thousand of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FIRST_ROOM = 64


class RowTable:
    """Hold rows in an order of their own; `rows` are those that are filled."""

    def __init__(self, columns: np.dtype[Any]) -> None:
        self._table = np.zeros(FIRST_ROOM, columns)
        self._count = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    @property
    def rows(self) -> npt.NDArray[Any]:
        """Return the rows, without copying."""
        return self._table[: self._count]

    def insert(self, place: int, row: tuple[Any, ...]) -> None:
        """Put a row before the one that stands at a place, or at the end."""
        if self._count == len(self._table):
            more = np.zeros(max(FIRST_ROOM, self._count // 4), self._table.dtype)
            self._table = np.concatenate([self._table, more])
        if place < self._count:
            self._table[place + 1 : self._count + 1] = self._table[place : self._count].copy()
        self._table[place] = row
        self._count += 1
