"""A growing column of float64 values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FIRST_ROOM = 64  # a run has dozens of columns, and most are short


class Numbers:
    """Hold values that grow at the end."""

    def __init__(self) -> None:
        self._values = np.empty(FIRST_ROOM, np.float64)
        self._size = 0

    def __len__(self) -> int:
        """Return the number of values."""
        return self._size

    @property
    def values(self) -> Floats:
        """Return the values, without copying."""
        return self._values[: self._size]

    def extend(self, values: Floats) -> None:
        """Append values; earlier ones stay where they are."""
        needed = self._size + len(values)
        if needed > len(self._values):
            # A quarter more: all columns of a long run would hold much that nobody needs.
            grown = np.empty(needed + needed // 4, np.float64)
            grown[: self._size] = self.values
            self._values = grown
        self._values[self._size : needed] = values
        self._size = needed

    def replace(self, values: Floats) -> None:
        """Set all values anew."""
        self._size = 0
        self.extend(values)
