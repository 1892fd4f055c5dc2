"""Log records on their way into the log store."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

from app.widgets.log_view_store import Line, to_lines


def parse_logs(items: list[dict[str, Any]]) -> list[Line]:
    """Return the lines of log records."""
    lines: list[Line] = []
    for item in items:
        lines += to_lines(
            float(item["at"]),
            int(item["edge_id"]),
            str(item.get("level") or "INFO"),
            str(item.get("source") or "job"),
            str(item.get("text") or ""),
        )
    return lines


_CLOCK = re.compile(r"^(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,3}))?)?$")


def moment_of(text: str, start: float) -> float | None:
    """Return a typed time, on the day the run began where no day is named; None if it is none."""
    text = text.strip()
    found = _CLOCK.match(text)
    if found is None:
        try:
            return datetime.fromisoformat(text).astimezone().timestamp()
        except ValueError:
            return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    day = time.localtime(start)
    at = datetime(day.tm_year, day.tm_mon, day.tm_mday, hour, minute, second).astimezone()
    moment = at.timestamp() + int((found[4] or "0").ljust(3, "0")) / 1000
    # A time of day before the run's first minute is one of the day after.
    return moment if moment >= start - 60 else moment + 86_400
