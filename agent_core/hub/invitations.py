"""Invitations: links that are used once, expire, and can be taken back."""

from __future__ import annotations

import time
from urllib.parse import quote

from sqlalchemy import RowMapping, Select, insert, select, update

from agent_core.errors import ConflictError, ForbiddenError, NotFoundError
from agent_core.hub import group_events, groups, tables, tokens
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.records import Group, Invitation
from agent_core.protocol.records_places import GroupEventKind


def link(hub_url: str, code: str) -> str:
    """Return the link that the desktop and `silodesk join` take."""
    return f"silodesk://join?hub={quote(hub_url, safe='')}&code={quote(code, safe='')}"


def query() -> Select[tuple[object, ...]]:
    """Return the query for invitations with the names that belong to them."""
    table = tables.invitations
    return (
        select(
            table,
            tables.groups.c.name.label("group_name"),
            tables.groups.c.owner_id.label("group_owner"),
            tables.accounts.c.name.label("inviter"),
        )
        .join(tables.accounts, tables.accounts.c.id == table.c.invited_by)
        .outerjoin(tables.groups, tables.groups.c.id == table.c.group_id)
    )


def record(row: RowMapping, now: float, url: str = "") -> Invitation:
    """Return a row of `query` as people see it."""
    is_late = row["state"] == "open" and row["expires_at"] < now
    return Invitation(
        id=row["id"],
        link=url,
        group_id=row["group_id"],
        group_name=row["group_name"] or "",
        email=row["email"],
        role=row["role"],
        state="expired" if is_late else row["state"],
        invited_by=row["inviter"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


def create(
    tx: Tx, inviter: int, group_id: int | None, email: str, role: str, valid_s: float
) -> tuple[int, str]:
    """Make an invitation and return its number and its code."""
    code = tokens.make(24)
    table = tables.invitations
    statement = insert(table).values(
        code_hash=tokens.digest(code), group_id=group_id, email=email.strip().lower(), role=role,
        state="open", invited_by=inviter, accepted_by=None, created_at=tx.now,
        expires_at=tx.now + valid_s,
    )  # fmt: skip
    number = int(tx.scalar(statement.returning(table.c.id)))
    tx.changed("invitation", number, account=inviter)
    _tell_addressee(tx, email, number)
    if group_id is not None:
        who = group_events.name_of(tx, inviter)
        group_events.add(tx, group_id, "invited", who=who, detail=email.strip().lower())
    return number, code


def _tell_addressee(tx: Tx, email: str, number: int) -> None:
    people = tables.accounts
    account = tx.scalar(select(people.c.id).where(people.c.email == email.strip().lower()))
    if email and account is not None:
        tx.changed("invitation", number, account=account)


def by_number(reader: Reader, number: int) -> RowMapping:
    """Return the row of an invitation; raises NotFoundError."""
    row = reader.first(query().where(tables.invitations.c.id == number))
    if row is None:
        raise _unknown()
    return row


def by_code(reader: Reader, code: str) -> RowMapping:
    """Return the row of the invitation with this code; raises NotFoundError."""
    row = reader.first(query().where(tables.invitations.c.code_hash == tokens.digest(code)))
    if row is None:
        raise _unknown()
    return row


def redeem(tx: Tx, code: str, account_id: int, email: str) -> Group | None:
    """Let an account in by a code and return its group (None for the hub as such).

    The same account may redeem its own code again, as long as it is in: the first answer may
    have been lost.
    """
    return _redeem(tx, by_code(tx, code), account_id, email)


def check(reader: Reader, code: str, email: str) -> None:
    """Refuse a code that would not let a new account with this address in."""
    row = by_code(reader, code)
    _must_be_open(row, time.time())
    _must_be_for(row, email)


def accept(tx: Tx, number: int, account_id: int, email: str) -> Group:
    """Let an account in by an invitation that is addressed to it."""
    group = _redeem(tx, addressed(tx, number, email), account_id, email)
    if group is None:
        raise _unknown()
    return group


def addressed(reader: Reader, number: int, email: str) -> RowMapping:
    """Return the row of an invitation to exactly this address; raises NotFoundError."""
    row = by_number(reader, number)
    if not row["email"] or row["email"] != email.lower() or row["group_id"] is None:
        raise _unknown()
    return row


def for_me(reader: Reader, email: str, now: float) -> list[Invitation]:
    """Return the open invitations to groups that are addressed to an account."""
    table = tables.invitations
    rows = reader.all(
        query()
        .where(
            table.c.email == email.lower(),
            table.c.group_id.is_not(None),
            table.c.state == "open",
            table.c.expires_at >= now,
        )
        .order_by(table.c.id.desc())
    )
    return [record(row, now) for row in rows]


def _redeem(tx: Tx, row: RowMapping, account_id: int, email: str) -> Group | None:
    if row["state"] == "accepted" and row["accepted_by"] == account_id:
        if row["group_id"] is None:
            return None
        if groups.has_member(tx, row["group_id"], account_id):
            return groups.record(tx, row["group_id"])
    _must_be_open(row, tx.now)
    _must_be_for(row, email)
    _close(tx, row, "accepted", account_id)
    group_id = row["group_id"]
    if group_id is None:
        return None
    if tx.add_new(tables.members, group_id=group_id, account_id=account_id, role=row["role"]):
        who = group_events.name_of(tx, account_id)
        group_events.add(tx, group_id, "joined", who=who, detail=row["role"], account_id=account_id)
    return groups.record(tx, group_id)


def decline(tx: Tx, code: str, email: str) -> Invitation:
    """Turn an invitation down."""
    return decline_row(tx, by_code(tx, code), email)


def decline_row(tx: Tx, row: RowMapping, email: str) -> Invitation:
    """Turn the invitation of a row of `query` down."""
    _must_be_open(row, tx.now)
    _must_be_for(row, email)
    _close(tx, row, "declined", None)
    _tell_group(tx, row, "declined")
    return record(by_number(tx, row["id"]), tx.now)


def revoke(tx: Tx, row: RowMapping) -> Invitation:
    """Take an invitation back."""
    _must_be_open(row, tx.now)
    _close(tx, row, "revoked", None)
    _tell_group(tx, row, "revoked")
    return record(by_number(tx, row["id"]), tx.now)


def reopen(tx: Tx, row: RowMapping) -> Invitation:
    """Undo that an invitation was taken back; its link is good again."""
    if row["state"] != "revoked" or row["expires_at"] < tx.now:
        raise ConflictError(
            "This invitation cannot be opened again.",
            next_step="Make a new link.",
            code="conflict.invitation",
        )
    _close(tx, row, "open", None)
    _tell_group(tx, row, "reopened")
    return record(by_number(tx, row["id"]), tx.now)


def _tell_group(tx: Tx, row: RowMapping, kind: GroupEventKind) -> None:
    if row["group_id"] is not None:
        group_events.add(tx, row["group_id"], kind, detail=row["email"])


def _close(tx: Tx, row: RowMapping, state: str, account_id: int | None) -> None:
    table = tables.invitations
    tx.run(update(table).where(table.c.id == row["id"]).values(state=state, accepted_by=account_id))
    tx.changed("invitation", row["id"], account=row["invited_by"])
    _tell_addressee(tx, row["email"], row["id"])


def _must_be_open(row: RowMapping, now: float) -> None:
    if row["state"] == "open" and row["expires_at"] >= now:
        return
    words = {"accepted": "was already used", "declined": "was declined", "revoked": "was revoked"}
    raise ConflictError(
        f"This invitation {words.get(row['state'], 'has expired')}.",
        next_step="Ask for a new one.",
        code="conflict.invitation",
    )


def _must_be_for(row: RowMapping, email: str) -> None:
    if row["email"] and row["email"] != email.lower():
        raise ForbiddenError(
            "This invitation is for another e-mail address.",
            next_step=f"Sign in as {row['email']}, or ask for an invitation of your own.",
            code="forbidden.invitation",
        )


def _unknown() -> NotFoundError:
    return NotFoundError(
        "There is no such invitation.",
        next_step="Paste the whole link as you received it.",
        code="missing.invitation",
    )
