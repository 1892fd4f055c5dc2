"""How agent and hub write their own log lines: without secrets."""

from __future__ import annotations

import logging

from agent_core.telemetry.redact import redact

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class CleanFormatter(logging.Formatter):
    """A formatter that takes out what looks like a secret, in exceptions too."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line without secrets."""
        return redact(super().format(record))
