"""Devices: bound by an account with a key of their own, renewed, shown, revoked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass

from sqlalchemy import RowMapping, Select, case, delete, insert, select, update

from agent_core.errors import ForbiddenError, NotFoundError, NotSignedInError, ProtocolError
from agent_core.hub import presence, tables, tokens
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Reader, Tx
from agent_core.hub.tables_datasets import device_datasets
from agent_core.protocol import signing
from agent_core.protocol.records import Device, Hardware
from agent_core.protocol.states import State


@dataclass(frozen=True)
class BrokerLogin:
    """What a device shows to the broker, derived and never stored."""

    edge_id: int
    account_id: int
    username: str
    password: str
    client_id: str


def broker_login(secret: bytes, row: RowMapping) -> BrokerLogin:
    """Return a device's broker login; another renewal gives another password."""
    edge_id, credential = row["edge_id"], row["credential"]
    return BrokerLogin(
        edge_id=edge_id,
        account_id=row["account_id"],
        username=f"d{edge_id}",
        password=_derive(secret, f"password:{edge_id}:{credential}"),
        client_id="silodesk-" + _derive(secret, f"client:{edge_id}:{credential}")[:24],
    )


def _derive(secret: bytes, purpose: str) -> str:
    raw = hmac.new(secret, purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def query() -> Select[tuple[object, ...]]:
    """Return the query for devices with their accounts' names."""
    return select(tables.devices, tables.accounts.c.name.label("account_name")).join(
        tables.accounts, tables.accounts.c.id == tables.devices.c.account_id
    )


def record(row: RowMapping) -> Device:
    """Return a row of `query` as people see it."""
    return Device(
        edge_id=row["edge_id"],
        device_id=row["device_id"],
        name=row["name"],
        silo=row["silo"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        public_key=row["public_key"],
        state=presence.shown_state(row),
        presence=presence.seen(row["last_seen"], row["gone"]),
        last_seen=row["last_seen"],
        running=row["running"],
        agent_version=row["agent_version"],
        hardware=Hardware.model_validate(row["hardware"]),
        created_at=row["created_at"],
        revoked=row["revoked"],
    )


def find(reader: Reader, edge_id: int) -> RowMapping:
    """Return the row of a device; raises NotFoundError."""
    row = reader.first(query().where(tables.devices.c.edge_id == edge_id))
    if row is None:
        raise NotFoundError(
            f"There is no device {edge_id}, or it is not shared with you.",
            next_step="Look the device up in the list of devices.",
        )
    return row


@dataclass(frozen=True)
class Shown:
    """Whose token was shown, and whether the one before it may be forgotten now."""

    edge_id: int
    ends_previous: bool


def edge_of(reader: Reader, token: str, *, or_former: bool = False) -> Shown:
    """Return the device behind a token; raises where it is unknown or expired.

    `or_former` takes the token before the last renewal too, until the new one is used: the answer
    with that may have been lost.
    """
    table, digest = tables.devices, tokens.digest(token)
    is_meant = table.c.token_hash == digest
    if or_former:
        is_meant |= table.c.previous_hash == digest
    row = reader.first(
        select(
            table.c.edge_id, table.c.revoked, table.c.token_hash, table.c.previous_hash,
            case(
                (table.c.token_hash == digest, table.c.token_expires_at),
                else_=table.c.previous_until,
            ).label("expires_at"),
        ).where(is_meant)
    )  # fmt: skip
    if row is None or row["revoked"]:
        raise NotSignedInError(
            "The hub does not know this device (any more).",
            next_step="Bind the device again, if its owner agrees.",
            code="auth.device",
        )
    if row["expires_at"] < time.time():
        raise NotSignedInError(
            "The device's credential has expired.",
            next_step="Bind the device again.",
            code="auth.expired",
        )
    has_previous = row["previous_hash"] is not None
    return Shown(int(row["edge_id"]), has_previous and row["token_hash"] == digest)


def end_previous(tx: Tx, edge_id: int, token: str) -> None:
    """Forget the token before this one, where this one is still the newest."""
    table = tables.devices
    tx.run(
        update(table)
        .where(table.c.edge_id == edge_id, table.c.token_hash == tokens.digest(token))
        .values(previous_hash=None, previous_until=None)
    )


@dataclass(frozen=True)
class Claim:
    """What a device says of itself when it is bound, signed by its key."""

    device_id: str
    name: str
    silo: str
    public_key: str
    signature: str
    hardware: Hardware
    agent_version: str


def bind(tx: Tx, account_id: int, claim: Claim, settings: HubSettings) -> tuple[int, str]:
    """Bind a device and return its edge id and token.

    The same device of the same account keeps its edge id and gets new credentials.
    """
    signed = {
        "device_id": claim.device_id,
        "public_key": claim.public_key,
        "account_id": account_id,
    }
    try:
        signing.verify(claim.public_key, claim.signature, signed)
    except ProtocolError as error:
        raise ForbiddenError(
            "The device's signature does not prove that it holds its key.",
            next_step="Bind it from the device itself.",
            code="forbidden.signature",
        ) from error
    table = tables.devices
    token = tokens.make()
    values = {
        "name": claim.name,
        "silo": claim.silo,
        "public_key": claim.public_key,
        "token_hash": tokens.digest(token),
        "token_expires_at": tx.now + settings.device_s,
        "previous_hash": None,
        "previous_until": None,
        "agent_version": claim.agent_version[:50],
        "hardware": claim.hardware.model_dump(mode="json"),
        "revoked": False,
    }
    known = tx.scalar(
        select(table.c.edge_id).where(
            table.c.account_id == account_id, table.c.device_id == claim.device_id
        )
    )
    if known:
        tx.run(
            update(table)
            .where(table.c.edge_id == known)
            .values(**values, credential=table.c.credential + 1)
        )
        edge_id = int(known)
    else:
        statement = insert(table).values(
            **values, device_id=claim.device_id, account_id=account_id, credential=1,
            state=State.IDLE.value, last_seen=None, gone=False, running=[],
            created_at=tx.now, next_inbox=1,
        )  # fmt: skip
        edge_id = int(tx.scalar(statement.returning(table.c.edge_id)))
    tx.changed("device", edge_id, account=account_id)
    return edge_id, token


def renew(tx: Tx, edge_id: int, shown: str, settings: HubSettings) -> str:
    """Give a device a new token and a new broker password; return the token.

    The token that it showed can renew again, no longer than it was good, until the new one is used.
    """
    table = tables.devices
    token, digest = tokens.make(), tokens.digest(shown)
    is_newest = table.c.token_hash == digest
    tx.run(
        update(table)
        .where(table.c.edge_id == edge_id)
        .values(
            previous_hash=digest,
            previous_until=case(
                (is_newest, table.c.token_expires_at), else_=table.c.previous_until
            ),
            token_hash=tokens.digest(token),
            token_expires_at=tx.now + settings.device_s,
            credential=table.c.credential + 1,
        )
    )
    return token


def change(tx: Tx, edge_id: int, name: str | None, silo: str | None) -> None:
    """Rename a device or its silo."""
    values = {k: v for k, v in {"name": name, "silo": silo}.items() if v}
    table = tables.devices
    if values:
        tx.run(update(table).where(table.c.edge_id == edge_id).values(**values))
        changed(tx, edge_id)


def revoke(tx: Tx, edge_id: int) -> None:
    """Take a device's credentials away and everything that waits for it."""
    table = tables.devices
    changed(tx, edge_id)
    tx.run(
        update(table)
        .where(table.c.edge_id == edge_id)
        .values(
            revoked=True,
            gone=True,
            token_hash=tokens.digest(tokens.make()),
            previous_hash=None,
            previous_until=None,
        )
    )
    tx.run(delete(tables.group_devices).where(tables.group_devices.c.edge_id == edge_id))
    tx.run(delete(tables.inbox).where(tables.inbox.c.edge_id == edge_id))
    tx.run(delete(device_datasets).where(device_datasets.c.edge_id == edge_id))


def changed(tx: Tx, edge_id: int) -> None:
    """Tell the account and the groups of a device that it changed."""
    table, shared = tables.devices, tables.group_devices
    account = tx.scalar(select(table.c.account_id).where(table.c.edge_id == edge_id))
    if account is not None:
        tx.changed("device", edge_id, account=account)
    for group_id in tx.scalars(select(shared.c.group_id).where(shared.c.edge_id == edge_id)):
        tx.changed("device", edge_id, group=group_id)


def is_visible(reader: Reader, account_id: int, edge_id: int) -> bool:
    """Return whether a device is the account's own or in one of its groups."""
    table = tables.devices
    found = reader.scalar(
        select(table.c.edge_id).where(
            table.c.edge_id == edge_id,
            (table.c.account_id == account_id) | table.c.edge_id.in_(_in_groups_of(account_id)),
        )
    )
    return found is not None


def is_governed(reader: Reader, account_id: int, edge_id: int) -> bool:
    """Return whether the account owns all groups that a device is in, and there is one."""
    shared, table = tables.group_devices, tables.groups
    owners = reader.scalars(
        select(table.c.owner_id)
        .join(shared, shared.c.group_id == table.c.id)
        .where(shared.c.edge_id == edge_id)
    )
    return bool(owners) and set(owners) == {account_id}


def _in_groups_of(account_id: int) -> Select[tuple[int]]:
    shared, members = tables.group_devices, tables.members
    return (
        select(shared.c.edge_id)
        .join(members, members.c.group_id == shared.c.group_id)
        .where(members.c.account_id == account_id)
    )


def visible(reader: Reader, account_id: int) -> list[Device]:
    """Return an account's devices and those in its groups."""
    table = tables.devices
    rows = reader.all(
        query()
        .where((table.c.account_id == account_id) | table.c.edge_id.in_(_in_groups_of(account_id)))
        .order_by(table.c.edge_id)
    )
    return [record(row) for row in rows]
