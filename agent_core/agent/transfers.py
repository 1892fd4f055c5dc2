"""What has to go to the object store, and which tensor files each run still uses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agent_core.agent.journal import Journal
from agent_core.protocol.messages import INLINE

KEPT_ROUNDS = 2  # as hub.blobs.KEEP_ROUNDS
FILES_KEPT = 3  # of each direction; more than worker.channel.BLOBS_KEPT


@dataclass(frozen=True)
class Transfer:
    """An object to upload; `record` is what to report once it is there (models)."""

    id: int
    run_id: int
    kind: Literal["blob", "model"]
    round: int
    sha256: str
    size: int
    record: dict[str, Any] | None


class Transfers:
    """Uploads to do, in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(
        self,
        run_id: int,
        kind: Literal["blob", "model"],
        round_number: int,
        sha256: str,
        size: int,
        record: dict[str, Any] | None = None,
    ) -> int | None:
        """Enter an upload and return its id, or None where the same was done already.

        The hub keeps a tensor for KEPT_ROUNDS rounds after the last one that named it.
        """
        with self._journal.transaction() as connection:
            if kind == "blob" and self._is_known(run_id, round_number, sha256):
                return None
            connection.execute(
                "INSERT OR IGNORE INTO transfers (run_id, kind, round, sha256, size, record) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, kind, round_number, sha256, size, json.dumps(record) if record else ""),
            )
            row = connection.execute(
                "SELECT id, done FROM transfers "
                "WHERE run_id = ? AND kind = ? AND round = ? AND sha256 = ?",
                (run_id, kind, round_number, sha256),
            ).fetchone()
        return None if row["done"] else int(row["id"])

    def _is_known(self, run_id: int, round_number: int, sha256: str) -> bool:
        row = self._journal.connection.execute(
            "SELECT 1 FROM transfers WHERE run_id = ? AND kind = 'blob' AND sha256 = ? "
            "AND done = 1 AND round BETWEEN ? AND ?",
            (run_id, sha256, round_number - KEPT_ROUNDS + 1, round_number),
        ).fetchone()
        return row is not None

    def reopen(self, sequence: int) -> None:
        """Upload again, unless the hub has it, what a message in the outbox names."""
        with self._journal.transaction() as connection:
            row = connection.execute(
                "SELECT run_id, header FROM outgoing WHERE stream = 'outbox' AND sequence = ?",
                (sequence,),
            ).fetchone()
            if row is None:
                return
            blobs = json.loads(row["header"])["blobs"]
            for sha256 in [blob["sha256"] for blob in blobs if blob["url"] != INLINE]:
                newest = connection.execute(
                    "SELECT id FROM transfers WHERE run_id = ? AND kind = 'blob' AND sha256 = ? "
                    "ORDER BY round DESC LIMIT 1",
                    (row["run_id"], sha256),
                ).fetchone()
                if newest is not None:
                    connection.execute("UPDATE transfers SET done = 0 WHERE id = ?", tuple(newest))
                    connection.execute(
                        "INSERT OR IGNORE INTO needs (sequence, transfer_id) VALUES (?, ?)",
                        (sequence, newest["id"]),
                    )

    def ready(self) -> list[Transfer]:
        """Return the uploads that are not done, oldest first.

        A model whose bytes go up as tensors comes after them, and need not go up again.
        """
        rows = self._journal.connection.execute(
            "SELECT id, run_id, kind, round, sha256, size, record FROM transfers AS mine "
            "WHERE done = 0 AND NOT (kind = 'model' AND EXISTS (SELECT 1 FROM transfers AS other "
            "WHERE other.run_id = mine.run_id AND other.sha256 = mine.sha256 "
            "AND other.kind = 'blob' AND other.done = 0)) ORDER BY id"
        ).fetchall()
        return [
            Transfer(
                id=row["id"],
                run_id=row["run_id"],
                kind=row["kind"],
                round=row["round"],
                sha256=row["sha256"],
                size=row["size"],
                record=json.loads(row["record"]) if row["record"] else None,
            )
            for row in rows
        ]

    def waiting(self, run_id: int) -> int:
        """Return how many uploads of a run are not done."""
        row = self._journal.connection.execute(
            "SELECT count(*) FROM transfers WHERE run_id = ? AND done = 0", (run_id,)
        ).fetchone()
        return int(row[0])

    def finish(self, transfer_id: int) -> None:
        """Note that an object is there; messages that waited for it may leave."""
        with self._journal.transaction() as connection:
            connection.execute("UPDATE transfers SET done = 1 WHERE id = ?", (transfer_id,))
            connection.execute("DELETE FROM needs WHERE transfer_id = ?", (transfer_id,))

    def drop(self, transfer: Transfer) -> int:
        """Give an upload up, and the messages that wait for it; return how many those were."""
        with self._journal.transaction() as connection:
            dropped = connection.execute(
                "DELETE FROM outgoing WHERE stream = 'outbox' AND sequence IN "
                "(SELECT sequence FROM needs WHERE transfer_id = ?)",
                (transfer.id,),
            ).rowcount
            connection.execute("DELETE FROM needs WHERE transfer_id = ?", (transfer.id,))
            connection.execute("DELETE FROM transfers WHERE id = ?", (transfer.id,))
        return dropped

    def drop_blobs(self, run_id: int) -> None:
        """Forget the tensors that an ended run has not uploaded."""
        with self._journal.transaction() as connection:
            connection.execute(
                "DELETE FROM transfers WHERE run_id = ? AND kind = 'blob'", (run_id,)
            )

    def drop_run(self, run_id: int) -> None:
        """Forget a run's uploads."""
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM transfers WHERE run_id = ?", (run_id,))
            connection.execute("DELETE FROM blobs WHERE run_id = ?", (run_id,))

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once what was changed here is committed."""
        self._journal.after_commit(action)

    def is_named(self, run_id: int, sha256: str) -> bool:
        """Return whether a message named this tensor, or an upload of it waits."""
        row = self._journal.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM blobs WHERE run_id = ? AND sha256 = ?) OR EXISTS "
            "(SELECT 1 FROM transfers WHERE run_id = ? AND sha256 = ? AND done = 0)",
            (run_id, sha256, run_id, sha256),
        ).fetchone()
        return bool(row[0])

    def name_blobs(
        self, run_id: int, direction: Literal["in", "out"], sha256s: list[str]
    ) -> list[str]:
        """Note that a message names these tensors; return those whose files may go.

        A sender brings a tensor again once BLOBS_KEPT others were named since its last naming, so
        a few more than that are kept, and what still has to be uploaded.
        """
        with self._journal.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO blobs (run_id, direction, sha256) VALUES (?, ?, ?)",
                [(run_id, direction, sha256) for sha256 in sha256s],
            )
            rows = connection.execute(
                "SELECT position, sha256 FROM blobs WHERE run_id = ? AND direction = ? AND sha256 "
                "NOT IN (SELECT sha256 FROM transfers WHERE run_id = ? AND done = 0) "
                "ORDER BY position DESC LIMIT -1 OFFSET ?",
                (run_id, direction, run_id, max(FILES_KEPT, len(sha256s))),
            ).fetchall()
            connection.executemany(
                "DELETE FROM blobs WHERE position = ?", [(row["position"],) for row in rows]
            )
            return [
                row["sha256"]
                for row in rows
                if not connection.execute(
                    "SELECT 1 FROM blobs WHERE run_id = ? AND sha256 = ?", (run_id, row["sha256"])
                ).fetchone()
            ]
