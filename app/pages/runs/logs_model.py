"""Log records on their way into the log store."""

from __future__ import annotations

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
