"""Finding a moment in a log file whose lines begin with ascending times."""

from __future__ import annotations

import re

from app.widgets.log_view_file import LogFile

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)?[T ]?(?P<clock>[0-2]\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?)"
)
_NEAR = 200  # lines without a time that may follow each other (a traceback)


def key_of(text: str) -> tuple[str, str] | None:
    """Return day and time of a text in a form that orders; the day may be empty."""
    found = _TIME.search(text[:80])
    if found is None:
        return None
    return found["day"] or "", found["clock"].replace(",", ".")


def row_at_time(file: LogFile, wanted: str) -> int | None:
    """Return the first line at or after a time, the last line, or None without any time.

    Times are compared as they are written; without a day, the time of day alone is compared.
    """
    asked = key_of(wanted)
    if asked is None or not len(file):
        return None
    low, high = 0, len(file)
    seen = False
    while low < high:
        middle = (low + high) // 2
        found = _timed(file, middle, high)
        if found is None:
            high = middle
            continue
        seen = True
        row, key = found
        if _before(key, asked):
            low = row + 1
        else:
            high = middle
    return min(low, len(file) - 1) if seen else None


def _timed(file: LogFile, row: int, end: int) -> tuple[int, tuple[str, str]] | None:
    for place in range(row, min(end, row + _NEAR)):
        key = key_of(file.text(place))
        if key is not None:
            return place, key
    return None


def _before(key: tuple[str, str], asked: tuple[str, str]) -> bool:
    return key < asked if key[0] and asked[0] else key[1] < asked[1]
