"""The agent's own log file: rotated, and without secrets."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from agent_core.telemetry.clean_log import CleanFormatter

SIZE = 5 * 1024 * 1024
KEPT = 3


def log_to(path: Path) -> None:
    """Write the process's log to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8"
    )
    handler.setFormatter(CleanFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
