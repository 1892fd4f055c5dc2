"""The agent's own log file: rotated, and without secrets."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from agent_core.telemetry.redact import redact

SIZE = 5 * 1024 * 1024
KEPT = 3


class _Clean(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line without secrets."""
        return redact(super().format(record))


def log_to(path: Path) -> None:
    """Write the process's log to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8"
    )
    handler.setFormatter(_Clean("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
