"""Invitations."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from agent_core.errors import ConflictError
from agent_core.hub import invitations, tables
from agent_core.hub.callers import missing
from agent_core.hub.routes.depends import (
    PREFIX,
    Body,
    CallerDep,
    HubDep,
    Limit,
    page_limit,
    page_of,
)
from agent_core.protocol.records import Group, Invitation, Page

router = APIRouter(prefix=f"{PREFIX}/invitations", tags=["invitations"])


class NewInvitation(Body):
    group_id: int | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]*$")] = ""
    role: Literal["scientist", "operator"] = "operator"
    expires_in_s: float | None = Field(default=None, gt=0, le=90 * 86400)


class Code(Body):
    code: Annotated[str, StringConstraints(max_length=200)]


@router.post("", status_code=201)
def create(body: NewInvitation, caller: CallerDep, hub: HubDep) -> Invitation:
    """Make an invitation; its link is in this answer only."""
    with hub.store.write() as tx:
        if body.group_id is None:
            caller.check(tx, "hub", is_seen=True)
        else:
            caller.check(tx, "group", group_id=body.group_id)
        number, code = invitations.create(
            tx, caller.account_id, body.group_id, body.email, body.role,
            body.expires_in_s or hub.settings.invitation_s,
        )  # fmt: skip
        row = invitations.by_number(tx, number)
        return invitations.record(row, tx.now, invitations.link(hub.url, code))


@router.get("")
def list_own(
    caller: CallerDep, hub: HubDep, cursor: str = "", limit: Limit = None
) -> Page[Invitation]:
    """Return the invitations that the account made, and those of groups it owns."""
    table = tables.invitations
    mine = (table.c.invited_by == caller.account_id) | (
        tables.groups.c.owner_id == caller.account_id
    )
    with hub.store.read() as reader:
        rows, more, total = page_of(
            reader, invitations.query().where(mine), table.c.id, cursor, page_limit(hub, limit)
        )
    now = time.time()
    items = [invitations.record(row, now) for row in rows]
    return Page[Invitation](items=items, next_cursor=more, total=total)


@router.get("/mine")
def list_for_me(caller: CallerDep, hub: HubDep) -> Page[Invitation]:
    """Return the open invitations that are addressed to the account."""
    if caller.account is None:
        raise missing("invitation")
    with hub.store.read() as reader:
        found = invitations.for_me(reader, caller.account.email, time.time())
    return Page[Invitation](items=found, total=len(found))


@router.delete("/{invitation_id}")
def revoke(invitation_id: int, caller: CallerDep, hub: HubDep) -> Invitation:
    """Take an invitation back."""
    with hub.store.write() as tx:
        row = invitations.by_number(tx, invitation_id)
        caller.check(tx, "invitation", group_id=row["group_id"], owner_id=row["invited_by"])
        return invitations.revoke(tx, row)


@router.post("/{invitation_id}/reopen")
def reopen(invitation_id: int, caller: CallerDep, hub: HubDep) -> Invitation:
    """Undo that an invitation was taken back."""
    with hub.store.write() as tx:
        row = invitations.by_number(tx, invitation_id)
        caller.check(tx, "invitation", group_id=row["group_id"], owner_id=row["invited_by"])
        return invitations.reopen(tx, row)


@router.post("/{invitation_id}/accept")
def accept_mine(invitation_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Join the group of an invitation that is addressed to the account."""
    if caller.account is None:
        raise missing("invitation")
    with hub.store.write() as tx:
        email = caller.account.email
        return invitations.accept(tx, invitation_id, caller.account_id, email)


@router.post("/{invitation_id}/decline")
def decline_mine(invitation_id: int, caller: CallerDep, hub: HubDep) -> Invitation:
    """Turn an invitation down that is addressed to the account."""
    if caller.account is None:
        raise missing("invitation")
    with hub.store.write() as tx:
        email = caller.account.email
        row = invitations.addressed(tx, invitation_id, email)
        return invitations.decline_row(tx, row, email)


@router.get("/by-code/{code}")
def read(code: str, hub: HubDep) -> Invitation:
    """Return the invitation behind a link, before anyone is signed in."""
    with hub.store.read() as reader:
        return invitations.record(invitations.by_code(reader, code), time.time())


@router.post("/accept")
def accept(body: Code, caller: CallerDep, hub: HubDep) -> Group:
    """Join the invitation's group."""
    if caller.account is None:
        raise missing("invitation")
    with hub.store.write() as tx:
        group = invitations.redeem(tx, body.code, caller.account_id, caller.account.email)
        if group is None:
            raise ConflictError(
                "This invitation is for a new account on this hub, and you have one.",
                next_step="Pass it on, or ask for an invitation to a group.",
                code="conflict.invitation",
            )
        return group


@router.post("/decline")
def decline(body: Code, caller: CallerDep, hub: HubDep) -> Invitation:
    """Turn an invitation down."""
    with hub.store.write() as tx:
        email = caller.account.email if caller.account else ""
        return invitations.decline(tx, body.code, email)
