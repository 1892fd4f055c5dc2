"""Standing approvals: exactly this content, in the runs of one group, in one role, until a date."""

from __future__ import annotations

import json
import time
from typing import Any

from agent_core.agent.journal import Journal
from agent_core.errors import NotFoundError, UserInputError
from agent_core.protocol.records_data import DatasetUse

ANY_GROUP, ANY_ROLE = 0, ""  # of what was allowed by its digest alone, beforehand


class StandingApprovals:
    """What may run without a question, in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def allow(
        self,
        content_digest: str,
        by: str,
        expires_at: float | None = None,
        application: str = "",
        data: str = "default",
        dataset: DatasetUse | None = None,
        group_id: int = ANY_GROUP,
        role: str = ANY_ROLE,
    ) -> None:
        """Give a standing approval for exactly this content; raises UserInputError."""
        if len(content_digest) != 64 or set(content_digest) - set("0123456789abcdef"):
            raise UserInputError(
                f"'{content_digest[:80]}' is not a content digest.",
                next_step="Copy it from `silodesk package inspect FILE`.",
            )
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO standing (content_digest, group_id, role, application, "
                "expires_at, allowed_by, allowed_at, dataset) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    content_digest, group_id, role, application, expires_at, by, time.time(),
                    dataset.model_dump_json() if dataset else "" if data == "default" else "null",
                ),
            )  # fmt: skip

    def disallow(
        self, content_digest: str, group_id: int | None = None, role: str | None = None
    ) -> None:
        """Take approvals of a content back, of every group and role where none is named."""
        with self._journal.transaction() as connection:
            gone = connection.execute(
                "DELETE FROM standing WHERE content_digest = ? AND (? IS NULL OR group_id = ?) "
                "AND (? IS NULL OR role = ?)",
                (content_digest, group_id, group_id, role, role),
            ).rowcount
        if not gone:
            raise NotFoundError(
                "There is no standing approval for this content.",
                next_step="See `silodesk approval list --standing`.",
            )

    def all(self) -> list[dict[str, Any]]:
        """Return the standing approvals that hold."""
        rows = self._journal.connection.execute(
            "SELECT content_digest, group_id, role, application, expires_at, allowed_by AS 'by', "
            "allowed_at, dataset FROM standing WHERE expires_at IS NULL OR expires_at > ? "
            "ORDER BY allowed_at DESC",
            (time.time(),),
        ).fetchall()
        return [{**row, **_data_of(row["dataset"])} for row in map(dict, rows)]

    def covering(
        self, content_digest: str, group_id: int, role: str | None = None
    ) -> dict[str, Any] | None:
        """Return what covers a content in a group, the closest first; any role where none is."""
        found = [
            one
            for one in self.all()
            if one["content_digest"] == content_digest
            and one["group_id"] in (ANY_GROUP, group_id)
            and (role is None or one["role"] in (ANY_ROLE, role))
        ]
        return next(iter(sorted(found, key=lambda one: one["group_id"] == ANY_GROUP)), None)


def _data_of(text: str) -> dict[str, Any]:
    """Return how a standing approval decides a job's data."""
    if not text:
        return {"data": "default", "dataset": None}
    found = json.loads(text)
    return {"data": "chosen" if found else "none", "dataset": found}
