"""What earlier decisions on this machine say about a new question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from agent_core.protocol.records import Approval
from agent_core.protocol.states import Role

LOOKED_BACK = 20


def last_approved(
    connection: sqlite3.Connection, application: str, role: Role, before: int | None = None
) -> Approval | None:
    """Return the last approved question of an application's role, older than `before`."""
    rows = connection.execute(
        "SELECT id, record FROM approvals WHERE application = ? AND state = 'approved' "
        "AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
        (application, before, before, LOOKED_BACK),
    ).fetchall()
    return next((one for one in _records(rows) if one.role == role), None)


def changed(last: Approval, files: Sequence[dict[str, Any]]) -> list[str]:
    """Return the paths that were added, changed or removed since a decision."""
    then = {str(file["path"]): file["sha256"] for file in last.files}
    now = {str(file["path"]): file["sha256"] for file in files}
    return sorted(path for path in now.keys() | then.keys() if then.get(path) != now.get(path))


def key_facts(connection: sqlite3.Connection, account_id: int, key: str) -> dict[str, Any]:
    """Return since when an account's key is known here, and whether it had another one."""
    rows = connection.execute(
        "SELECT id, record FROM approvals "
        "WHERE json_extract(record, '$.owner_account_id') = ? ORDER BY id",
        (account_id,),
    ).fetchall()
    seen = [one for one in _records(rows) if one.owner_key]
    same = [one.asked_at for one in seen if one.owner_key == key]
    return {
        "key_known_since": min(same) if same else None,
        "key_changed": bool(seen) and seen[-1].owner_key != key,
    }


def seen_before(connection: sqlite3.Connection, digest: str) -> dict[str, Any]:
    """Return the last decision about exactly this content."""
    row = connection.execute(
        "SELECT state, record FROM approvals WHERE content_digest = ? "
        "AND state IN ('approved', 'refused') ORDER BY id DESC LIMIT 1",
        (digest,),
    ).fetchone()
    if row is None:
        return {}
    record = Approval.model_validate_json(row["record"])
    return {"seen_before": row["state"], "seen_at": record.decided_at}


def bytes_per_round(connection: sqlite3.Connection, application: str) -> int | None:
    """Return what a round of this application sent from here when it last ran to its end."""
    row = connection.execute(
        "SELECT j.bytes_up, j.round FROM jobs j JOIN approvals a "
        "ON a.run_id = j.run_id AND a.epoch = j.epoch WHERE a.application = ? "
        "AND j.state = 'FINISHED' AND j.round > 0 ORDER BY j.ended_at DESC LIMIT 1",
        (application,),
    ).fetchone()
    return int(row["bytes_up"]) // int(row["round"]) if row else None


def _records(rows: Sequence[sqlite3.Row]) -> Iterator[Approval]:
    for row in rows:
        yield Approval.model_validate_json(row["record"]).model_copy(update={"id": row["id"]})
