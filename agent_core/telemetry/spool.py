"""What the hub has not acknowledged yet: numbered records in the agent's own database.

Numbers of a stream have no gaps, also where records had to be dropped: those never get a number.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from typing import Any

from agent_core.protocol.records import TelemetryBatch

BUDGET = 256 * 1024 * 1024  # bytes of waiting records, all streams together
BATCH_BYTES = 4 * 1024 * 1024  # of one batch, before compression
# How far over the budget a stream may still write: curves matter more than lines, and a round's
# record is small and exists once.
_PATIENCE = {"logs": 1.0, "system": 1.0, "metrics": 2.0, "rounds": 1e9, "models": 1e9}

_TABLES = """
CREATE TABLE IF NOT EXISTS spool_streams (
    stream TEXT PRIMARY KEY,
    last INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    untold INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool_records (
    stream TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (stream, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool_epoch (
    epoch TEXT NOT NULL
);
"""


class Spool:
    """Numbered streams in a connection that the caller owns; all calls from its thread."""

    def __init__(self, connection: sqlite3.Connection, budget: int = BUDGET) -> None:
        """Create the tables where they are missing."""
        self._connection = connection
        self._budget = budget
        for statement in _TABLES.split(";"):
            # One by one: executescript would commit a transaction that the caller has open.
            if statement.strip():
                connection.execute(statement)
        if connection.execute("SELECT 1 FROM spool_epoch").fetchone() is None:
            # One that numbered before it had an epoch goes on without: the hub knows it so.
            has_numbered = connection.execute("SELECT 1 FROM spool_streams").fetchone()
            self._name("" if has_numbered else secrets.token_hex(8))

    @property
    def epoch(self) -> str:
        """Return what tells this spool's numbers from those of the one before it."""
        (found,) = self._connection.execute("SELECT epoch FROM spool_epoch").fetchone()
        return str(found)

    def append(self, stream: str, records: Sequence[dict[str, Any]], now: float) -> int:
        """Number and keep records inside the caller's transaction; return the last number.

        Over the disk budget records are dropped and counted; the count is told in the log stream
        as soon as there is room again.
        """
        last, _, _, untold = self._state(stream)
        if not records:
            return last
        self._begin(stream)
        if self._waiting_bytes() >= self._budget * _PATIENCE[stream]:
            self._connection.execute(
                "UPDATE spool_streams SET dropped = dropped + ?, untold = untold + ? "
                "WHERE stream = ?",
                (len(records), len(records), stream),
            )
            return last
        texts = [_text(record) for record in records]
        if untold and stream == "logs":
            texts.insert(0, _text(_notice(records[0], untold, now)))
        rows = [(stream, last + index, text) for index, text in enumerate(texts, 1)]
        self._connection.executemany("INSERT INTO spool_records VALUES (?, ?, ?)", rows)
        self._connection.execute(
            "UPDATE spool_streams SET last = ?, bytes = bytes + ?, untold = 0 WHERE stream = ?",
            (last + len(rows), sum(len(text) for text in texts), stream),
        )
        return last + len(rows)

    def batch(self, stream: str, limit: int) -> TelemetryBatch | None:
        """Return the oldest records that wait, or None; nothing changes by reading."""
        _, acknowledged, waiting, _ = self._state(stream)
        if not waiting:
            return None
        rows = self._connection.execute(
            "SELECT record FROM spool_records WHERE stream = ? AND sequence > ? "
            "ORDER BY sequence LIMIT ?",
            (stream, acknowledged, limit),
        )
        records: list[dict[str, Any]] = []
        size = 0
        for (text,) in rows:
            size += len(text)
            if records and size > BATCH_BYTES:
                break
            records.append(json.loads(text))
        if not records:
            return None
        content = {
            "stream": stream, "first_sequence": acknowledged + 1, "records": records,
            "spool": self.epoch,
        }  # fmt: skip
        return TelemetryBatch.model_validate(content)

    def acknowledge(self, stream: str, highest: int) -> int:
        """Forget what the hub has; return how many records still wait.

        A hub that has more than was ever numbered here knew this device with an earlier database;
        what waits is then numbered on from there, else the hub would take it for repeats.
        """
        last, acknowledged, _, _ = self._state(stream)
        self._begin(stream)
        if highest > last:
            self._number_on(stream, acknowledged, last, highest)
        elif highest > acknowledged:
            where = "stream = ? AND sequence <= ?"
            (size,) = self._connection.execute(
                f"SELECT coalesce(sum(length(record)), 0) FROM spool_records WHERE {where}",  # noqa: S608
                (stream, highest),
            ).fetchone()
            self._connection.execute(
                f"DELETE FROM spool_records WHERE {where}",  # noqa: S608
                (stream, highest),
            )
            self._connection.execute(
                "UPDATE spool_streams SET acknowledged = ?, bytes = max(bytes - ?, 0) "
                "WHERE stream = ?",
                (highest, size, stream),
            )
        last, acknowledged, _, _ = self._state(stream)
        return last - acknowledged

    def go_back(self, stream: str, highest: int) -> None:
        """Number what waits on from what the hub has, which is less than it acknowledged once.

        A hub restored from a backup would wait for ever for what is not here any more.
        """
        last, acknowledged, _, _ = self._state(stream)
        if highest < acknowledged:
            self._number_on(stream, acknowledged, last, highest)

    def waiting(self) -> dict[str, int]:
        """Return how many records of each stream wait for the hub."""
        rows = self._connection.execute("SELECT stream, last - acknowledged FROM spool_streams")
        return {str(stream): int(count) for stream, count in rows if count}

    def dropped(self) -> dict[str, int]:
        """Return how many records of each stream were ever dropped for want of room."""
        rows = self._connection.execute("SELECT stream, dropped FROM spool_streams")
        return {str(stream): int(count) for stream, count in rows if count}

    def forget(self) -> None:
        """Forget everything: another hub numbers anew."""
        self._connection.execute("DELETE FROM spool_records")
        self._connection.execute("DELETE FROM spool_streams")
        self._connection.execute("DELETE FROM spool_epoch")
        self._name(secrets.token_hex(8))

    def _name(self, epoch: str) -> None:
        self._connection.execute("INSERT INTO spool_epoch (epoch) VALUES (?)", (epoch,))

    def _state(self, stream: str) -> tuple[int, int, int, int]:
        """Return the last and the acknowledged number, how many wait, and the untold drops."""
        row = self._connection.execute(
            "SELECT last, acknowledged, untold FROM spool_streams WHERE stream = ?", (stream,)
        ).fetchone()
        if row is None:
            return 0, 0, 0, 0
        last, acknowledged, untold = row
        return int(last), int(acknowledged), int(last) - int(acknowledged), int(untold)

    def _begin(self, stream: str) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO spool_streams (stream) VALUES (?)", (stream,)
        )

    def _waiting_bytes(self) -> int:
        (total,) = self._connection.execute("SELECT sum(bytes) FROM spool_streams").fetchone()
        return int(total or 0)

    def _number_on(self, stream: str, acknowledged: int, last: int, highest: int) -> None:
        shift = highest - acknowledged
        # By way of negative numbers: a key may not meet one that is still to be moved.
        for change in (0, shift):
            self._connection.execute(
                "UPDATE spool_records SET sequence = ? - sequence WHERE stream = ?",
                (change, stream),
            )
        self._connection.execute(
            "UPDATE spool_streams SET last = ?, acknowledged = ? WHERE stream = ?",
            (last + shift, highest, stream),
        )


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def _notice(record: dict[str, Any], untold: int, now: float) -> dict[str, Any]:
    text = f"{untold} log lines were dropped: the hub was away and the disk budget was used up."
    return {**record, "at": now, "level": "WARNING", "source": "agent", "text": text}
