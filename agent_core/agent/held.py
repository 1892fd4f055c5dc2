"""Messages for jobs that do not run yet, kept in the journal until they do."""

from __future__ import annotations

from agent_core.agent.journal import Journal
from agent_core.protocol.messages import Peer, RoundMessage


class Held:
    """Held messages by job, in the order of their arrival."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, job_id: str, name: str, message: RoundMessage | Peer, body: bytes) -> None:
        """Keep a message; the same name again changes nothing."""
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO held (delivery_id, job_id, position, header, body) VALUES "
                "(?, ?, (SELECT coalesce(max(position), 0) + 1 FROM held), ?, ?)",
                (f"{job_id}/{name}", job_id, message.model_dump_json(), body),
            )

    def first(self, job_id: str) -> tuple[int, RoundMessage | Peer, bytes] | None:
        """Return a job's oldest message with its position."""
        row = self._journal.connection.execute(
            "SELECT position, header, body FROM held WHERE job_id = ? ORDER BY position LIMIT 1",
            (job_id,),
        ).fetchone()
        return (row["position"], _parse(row["header"]), bytes(row["body"])) if row else None

    def done(self, position: int) -> None:
        """Forget one message."""
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM held WHERE position = ?", (position,))

    def drop(self, job_id: str) -> None:
        """Forget a job's messages."""
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM held WHERE job_id = ?", (job_id,))


def _parse(header: str) -> RoundMessage | Peer:
    kind = Peer if '"kind":"peer"' in header else RoundMessage
    return kind.model_validate_json(header)
