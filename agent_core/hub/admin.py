"""What an administrator does with accounts: see them, give the role, disable, reset a password."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from sqlalchemy import delete, func, select, update

from agent_core.errors import ConflictError, ForbiddenError, NotFoundError
from agent_core.hub import sessions, tables, tokens
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Reader, Tx
from agent_core.hub.tables_admin import account_resets, disabled_accounts
from agent_core.protocol.records import Session
from agent_core.protocol.records_hub import HubAccount, Reset

RESET_S = 24 * 3600.0


def accounts(reader: Reader) -> list[HubAccount]:
    """Return every account of the hub, the newest last."""
    people, members, groups = tables.accounts, tables.members, tables.groups
    names: dict[int, list[str]] = {}
    for row in reader.all(
        select(members.c.account_id, groups.c.name)
        .join(groups, groups.c.id == members.c.group_id)
        .order_by(groups.c.name)
    ):
        names.setdefault(row["account_id"], []).append(row["name"])
    devices = tables.devices
    counts = {
        row["account_id"]: (row["count"], row["seen"])
        for row in reader.all(
            select(
                devices.c.account_id, func.count().label("count"),
                func.max(devices.c.last_seen).label("seen"),
            ).where(devices.c.revoked.is_(False)).group_by(devices.c.account_id)
        )
    }  # fmt: skip
    disabled = set(reader.scalars(select(disabled_accounts.c.account_id)))
    return [
        HubAccount(
            id=row["id"], email=row["email"], name=row["name"], is_admin=row["is_admin"],
            is_disabled=row["id"] in disabled, created_at=row["created_at"],
            groups=names.get(row["id"], []), devices=counts.get(row["id"], (0, None))[0],
            seen_at=counts.get(row["id"], (0, None))[1],
        )
        for row in reader.all(select(people).order_by(people.c.id))
    ]  # fmt: skip


def change(
    tx: Tx, by: int, account_id: int, *, is_admin: bool | None, is_disabled: bool | None
) -> HubAccount:
    """Give or take the administrator's role, disable or enable; never the caller itself."""
    known = {one.id: one for one in accounts(tx)}
    if account_id not in known:
        raise _missing()
    if account_id == by:
        raise ConflictError(
            "You cannot do this to your own account.",
            next_step="Let another administrator do it; so the hub never loses its last one.",
            code="conflict.self",
        )
    if is_admin is not None:
        people = tables.accounts
        tx.run(update(people).where(people.c.id == account_id).values(is_admin=is_admin))
    if is_disabled is True:
        tx.put(disabled_accounts, account_id=account_id, at=tx.now)
        table = tables.sessions
        tx.run(delete(table).where(table.c.account_id == account_id))
    elif is_disabled is False:
        tx.run(delete(disabled_accounts).where(disabled_accounts.c.account_id == account_id))
    return next(one for one in accounts(tx) if one.id == account_id)


def check_enabled(reader: Reader, account_id: int) -> None:
    """Raise ForbiddenError for an account that was disabled."""
    table = disabled_accounts
    if reader.scalar(select(table.c.account_id).where(table.c.account_id == account_id)):
        raise ForbiddenError(
            "This account was disabled by the hub's administrator.",
            next_step="Ask the administrator to enable it again.",
            code="forbidden.disabled",
        )


def make_reset(tx: Tx, account_id: int, hub_url: str) -> Reset:
    """Return a one-use link for a new password; an earlier one of the account ends."""
    if tx.scalar(select(tables.accounts.c.id).where(tables.accounts.c.id == account_id)) is None:
        raise _missing()
    code, until = tokens.make(), tx.now + RESET_S
    tx.put(account_resets, account_id=account_id, code_hash=tokens.digest(code), expires_at=until)
    query = urlencode({"hub": hub_url, "code": code})
    return Reset(link=f"silodesk://reset?{query}", expires_at=until)


def check_reset(reader: Reader, code: str) -> int:
    """Return the account whose password a link allows to set; raises ConflictError."""
    table = account_resets
    row = reader.first(select(table).where(table.c.code_hash == tokens.digest(code)))
    if row is None or row["expires_at"] < time.time():
        raise ConflictError(
            "This link was used already, or it has expired.",
            next_step="Ask the hub's administrator for a new one.",
            code="conflict.reset",
        )
    return int(row["account_id"])


def redeem_reset(tx: Tx, code: str, password_hash: str, settings: HubSettings) -> Session:
    """Set the password that a link allows to set, end every session, and sign in."""
    table = account_resets
    account_id = check_reset(tx, code)
    check_enabled(tx, account_id)
    tx.run(delete(table).where(table.c.account_id == account_id))
    tx.run(delete(tables.sessions).where(tables.sessions.c.account_id == account_id))
    people = tables.accounts
    tx.run(update(people).where(people.c.id == account_id).values(password_hash=password_hash))
    return sessions.open_session(tx, account_id, settings)


def _missing() -> NotFoundError:
    return NotFoundError("There is no such account.", next_step="Check the number.")
