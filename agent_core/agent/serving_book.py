"""Prediction servers in the journal: what runs, what ended and why, and the hash of each token."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from agent_core.agent.journal import Journal
from agent_core.protocol.records_models import Serving

ENDED_KEPT = 20


class ServingBook:
    """The rows of the table `servings`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, serving: Serving) -> str:
        """Enter a server and return its token, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO servings (id, token, record) VALUES (?, ?, ?)",
                (serving.id, digest(token), serving.model_dump_json()),
            )
            connection.execute(
                "DELETE FROM servings WHERE id IN (SELECT id FROM servings WHERE "
                "record ->> 'state' = 'ended' ORDER BY record ->> 'started_at' DESC "
                "LIMIT -1 OFFSET ?)",
                (ENDED_KEPT,),
            )
        return token

    def keep(self, serving: Serving) -> None:
        """Write a changed record."""
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE servings SET record = ? WHERE id = ?",
                (serving.model_dump_json(), serving.id),
            )

    def new_token(self, serving_id: str) -> str:
        """Replace a server's token."""
        token = secrets.token_urlsafe(32)
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE servings SET token = ? WHERE id = ?", (digest(token), serving_id)
            )
        return token

    def is_token(self, serving_id: str, token: str) -> bool:
        """Return whether this is a server's token."""
        row = self._journal.connection.execute(
            "SELECT token FROM servings WHERE id = ?", (serving_id,)
        ).fetchone()
        return row is not None and hmac.compare_digest(str(row["token"]), digest(token))

    def all(self) -> list[Serving]:
        """Return every server, the newest first."""
        rows = self._journal.connection.execute(
            "SELECT record FROM servings ORDER BY record ->> 'started_at' DESC"
        ).fetchall()
        return [Serving.model_validate_json(row["record"]) for row in rows]

    def remove(self, serving_id: str) -> None:
        """Forget a server."""
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM servings WHERE id = ?", (serving_id,))

    def port(self) -> int:
        """Return the port that the address had the last time, so that it stays."""
        return int(self._journal.get("serving_port", "0"))

    def keep_port(self, port: int) -> None:
        """Remember the port."""
        self._journal.put("serving_port", str(port))


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
