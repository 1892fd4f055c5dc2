"""For the hub's administrator: health, storage, accounts, cleaning up."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from agent_core.hub import admin, hashing
from agent_core.hub.callers import Caller
from agent_core.hub.leftovers import clean_up
from agent_core.hub.overview import overview
from agent_core.hub.routes.depends import PREFIX, Body, CallerDep, HubDep
from agent_core.hub.state import Hub
from agent_core.protocol.records import Page, Session
from agent_core.protocol.records_hub import HubAccount, HubOverview, Leftover, Reset

router = APIRouter(prefix=PREFIX, tags=["admin"])

Kind = Literal["uploads", "tensors", "packages"]


class AccountChange(Body):
    is_admin: bool | None = None
    is_disabled: bool | None = None


class CleanUp(Body):
    kinds: list[Kind] = Field(default_factory=list, max_length=10)
    dry_run: bool = True


class NewPassword(Body):
    code: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]*$")]
    password: Annotated[str, StringConstraints(max_length=1000)]


def _only_admins(caller: Caller, hub: Hub) -> None:
    with hub.store.read() as reader:
        caller.check(reader, "hub", is_seen=True)


@router.get("/hub/overview")
def show(caller: CallerDep, hub: HubDep) -> HubOverview:
    """Return the hub's health, storage and numbers."""
    _only_admins(caller, hub)
    return overview(hub)


@router.get("/hub/accounts")
def list_accounts(caller: CallerDep, hub: HubDep) -> Page[HubAccount]:
    """Return every account."""
    _only_admins(caller, hub)
    with hub.store.read() as reader:
        found = admin.accounts(reader)
    return Page[HubAccount](items=found, total=len(found))


@router.patch("/hub/accounts/{account_id}")
def change(account_id: int, body: AccountChange, caller: CallerDep, hub: HubDep) -> HubAccount:
    """Give or take the administrator's role, disable or enable an account."""
    _only_admins(caller, hub)
    with hub.store.write() as tx:
        return admin.change(
            tx, caller.account_id, account_id,
            is_admin=body.is_admin, is_disabled=body.is_disabled,
        )  # fmt: skip


@router.post("/hub/accounts/{account_id}/reset", status_code=201)
def reset(account_id: int, caller: CallerDep, hub: HubDep) -> Reset:
    """Make a one-use link with which the person chooses a new password."""
    _only_admins(caller, hub)
    with hub.store.write() as tx:
        return admin.make_reset(tx, account_id, hub.url)


@router.post("/hub/clean-up")
def tidy(body: CleanUp, caller: CallerDep, hub: HubDep) -> Page[Leftover]:
    """Return what nobody needs any more; without `dry_run` it is deleted."""
    _only_admins(caller, hub)
    found = clean_up(hub, frozenset(body.kinds), dry_run=body.dry_run)
    return Page[Leftover](items=found, total=len(found))


@router.post("/accounts/reset", status_code=201)
def redeem(body: NewPassword, hub: HubDep) -> Session:
    """Set a new password with a one-use code, and sign in."""
    hashing.check_length(body.password)
    with hub.store.read() as reader:  # before the slow part, which not everyone may ask for
        admin.check_reset(reader, body.code)
    password_hash = hashing.hashed(body.password)
    with hub.store.write() as tx:
        return admin.redeem_reset(tx, body.code, password_hash, hub.settings)
