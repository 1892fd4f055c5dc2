"""What was received from the hub, and what it has not acknowledged yet: inbox, status, outbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from agent_core.agent.journal import Journal
from agent_core.protocol.messages import Shape

Stream = Literal["status", "outbox"]
REMEMBERED = 20_000  # inbox numbers kept to recognise repeats


@dataclass(frozen=True)
class Outgoing:
    """A message kept until the hub has it for good."""

    stream: str
    sequence: int
    run_id: int
    header: str
    body: bytes


class Mailbox:
    """Numbered messages in both directions, in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._just_seen: set[int] = set()

    def has_seen(self, inbox_seq: int) -> bool:
        """Return whether an inbox message was committed before."""
        if inbox_seq in self._just_seen:
            return True
        found = self._journal.connection.execute(
            "SELECT 1 FROM inbox WHERE inbox_seq = ?", (inbox_seq,)
        ).fetchone()
        return found is not None

    def mark_seen(self, inbox_seq: int) -> bool:
        """Remember an inbox message; False when it was there."""
        with self._journal.transaction() as connection:
            fresh = connection.execute(
                "INSERT OR IGNORE INTO inbox (inbox_seq) VALUES (?)", (inbox_seq,)
            ).rowcount
            if inbox_seq % 1000 == 0:
                connection.execute(
                    "DELETE FROM inbox WHERE inbox_seq < ?", (inbox_seq - REMEMBERED,)
                )
        return fresh == 1

    def mark_seen_lazily(self, inbox_seq: int) -> None:
        """Remember an inbox message whose repeat its receiver would drop anyway."""
        self._just_seen.add(inbox_seq)

        def write() -> None:
            self.mark_seen(inbox_seq)
            self._just_seen.discard(inbox_seq)

        self._journal.lazily(write)

    def post(
        self,
        stream: Stream,
        run_id: int,
        message: Callable[[int], Shape],
        body: bytes = b"",
        needs: Iterable[int] = (),
    ) -> int:
        """Number and keep a message; it may leave once the transfers it needs are done."""
        with self._journal.transaction() as connection:
            sequence = self._next(stream)
            connection.execute(
                "INSERT INTO outgoing (stream, sequence, run_id, header, body) "
                "VALUES (?, ?, ?, ?, ?)",
                (stream, sequence, run_id, message(sequence).model_dump_json(), body),
            )
            connection.executemany(
                "INSERT OR IGNORE INTO needs (sequence, transfer_id) VALUES (?, ?)",
                [(sequence, transfer) for transfer in needs],
            )
        return sequence

    def ready(self, stream: Stream) -> list[int]:
        """Return the numbers of messages that may leave, in order."""
        rows = self._journal.connection.execute(
            "SELECT sequence FROM outgoing AS o WHERE stream = ? AND NOT (stream = 'outbox' AND "
            "EXISTS (SELECT 1 FROM needs WHERE needs.sequence = o.sequence)) ORDER BY sequence",
            (stream,),
        ).fetchall()
        return [int(row["sequence"]) for row in rows]

    def get(self, stream: Stream, sequence: int) -> Outgoing | None:
        """Return a kept message, or None once it was acknowledged."""
        row = self._journal.connection.execute(
            "SELECT stream, sequence, run_id, header, body FROM outgoing "
            "WHERE stream = ? AND sequence = ?",
            (stream, sequence),
        ).fetchone()
        return Outgoing(*tuple(row)) if row else None

    def acknowledge_lazily(self, stream: Stream, sequences: list[int]) -> None:
        """Drop soon what the hub has for good; it would only drop a repeat."""
        self._journal.lazily(lambda: self.acknowledge(stream, sequences))

    def after_lazy(self, action: Callable[[], None]) -> None:
        """Do something once what was put off so far is committed."""
        self._journal.lazily(lambda: self._journal.after_commit(action))

    def acknowledge(self, stream: Stream, sequences: list[int]) -> None:
        """Drop what the hub has for good."""
        with self._journal.transaction() as connection:
            connection.executemany(
                "DELETE FROM outgoing WHERE stream = ? AND sequence = ?",
                [(stream, sequence) for sequence in sequences],
            )

    def drop_run(self, run_id: int) -> None:
        """Drop round messages of an ended run; nobody would read them."""
        with self._journal.transaction() as connection:
            connection.execute(
                "DELETE FROM outgoing WHERE stream = 'outbox' AND run_id = ?", (run_id,)
            )
            connection.execute(
                "DELETE FROM needs WHERE NOT EXISTS (SELECT 1 FROM outgoing "
                "WHERE stream = 'outbox' AND outgoing.sequence = needs.sequence)"
            )

    def waiting(self, stream: Stream, run_id: int | None = None) -> int:
        """Return how many messages are not acknowledged, of a run or of all."""
        row = self._journal.connection.execute(
            "SELECT count(*) FROM outgoing WHERE stream = ? AND (? IS NULL OR run_id = ?)",
            (stream, run_id, run_id),
        ).fetchone()
        return int(row[0])

    def _next(self, stream: Stream) -> int:
        connection = self._journal.connection
        row = connection.execute(
            "SELECT last FROM sequences WHERE stream = ?", (stream,)
        ).fetchone()
        # A new database starts at the clock, so that it never repeats numbers which the hub has
        # seen from the one before it.
        last = int(row[0]) if row else int(time.time() * 1000)
        connection.execute(
            "INSERT INTO sequences (stream, last) VALUES (?, ?) "
            "ON CONFLICT (stream) DO UPDATE SET last = excluded.last",
            (stream, last + 1),
        )
        return last + 1
