"""Accounts, sessions, and what the hub says of itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import StringConstraints

from agent_core.errors import NotSignedInError, SiloDeskError
from agent_core.hub import accounts, admin, groups, hashing, invitations, sessions
from agent_core.hub.routes.depends import PREFIX, Body, CallerDep, HubDep
from agent_core.hub.store import Tx
from agent_core.protocol.records import Account, Page, Session
from agent_core.protocol.records_places import Collaborator

router = APIRouter(prefix=PREFIX, tags=["accounts"])

SIGN_UPS = 4  # times as many failures as at signing in: a whole office may share one address

_Short = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]*$")]
_Secret = Annotated[str, StringConstraints(max_length=1000)]


class SignUp(Body):
    email: _Short
    name: _Short
    password: _Secret
    code: _Short = ""


class SignIn(Body):
    email: _Short
    password: _Secret


class Refresh(Body):
    refresh_token: _Secret


class OwnerKey(Body):
    public_key: _Short


@router.get("/hub")
def about(hub: HubDep) -> dict[str, Any]:
    """Say the hub's name and version, and whether it waits for its first account."""
    instance = hub.instance
    with hub.store.read() as reader:
        return {
            "name": hub.settings.name,
            "id": instance,
            "version": version("silodesk"),
            "first_account": accounts.is_first(reader),
        }


@router.post("/accounts", status_code=201)
def sign_up(body: SignUp, request: Request, hub: HubDep) -> Session:
    """Make an account and sign it in."""
    email, name = accounts.prepared(body.email, body.name)
    hashing.check_length(body.password)
    key = f"sign-up|{_host(request)}"
    hub.brake.check(key, SIGN_UPS)
    try:
        with hub.store.read() as reader:  # before the slow part, which not everyone may ask for
            if body.code:
                invitations.check(reader, body.code, email)
            accounts.check_new(reader, email, is_invited=bool(body.code))
    except SiloDeskError:
        hub.brake.failed(key)
        raise
    password_hash = hashing.hashed(body.password)
    with hub.store.write() as tx:

        def admit(number: int, tx: Tx = tx) -> None:
            invitations.redeem(tx, body.code, number, email)

        number = accounts.create(tx, email, name, password_hash, admit=admit if body.code else None)
        return sessions.open_session(tx, number, hub.settings)


@router.post("/sessions", status_code=201)
def sign_in(body: SignIn, request: Request, hub: HubDep) -> Session:
    """Sign an account in."""
    key = f"{body.email.strip().lower()}|{_host(request)}"
    hub.brake.check(key)
    with hub.store.read() as reader:
        row = accounts.by_email(reader, body.email)
    is_right = hashing.is_right(body.password, row["password_hash"] if row else None)
    if row is None or not is_right:
        hub.brake.failed(key)
        raise NotSignedInError(
            "The e-mail address or the password is wrong.",
            next_step="Check both; after some failures the hub makes you wait.",
            code="auth.password",
        )
    hub.brake.passed(key)
    with hub.store.write() as tx:
        admin.check_enabled(tx, row["id"])
        return sessions.open_session(tx, row["id"], hub.settings)


@router.post("/sessions/refresh", status_code=201)
def refresh(body: Refresh, hub: HubDep) -> Session:
    """Exchange a refresh token for new tokens."""
    with hub.store.write() as tx:
        session = sessions.refresh(tx, body.refresh_token, hub.settings)
    if session is None:
        raise NotSignedInError(
            "The session has ended.", next_step="Sign in again.", code="auth.refresh"
        )
    return session


@router.delete("/sessions", status_code=204)
def sign_out(caller: CallerDep, hub: HubDep) -> None:
    """End the session."""
    with hub.store.write() as tx:
        sessions.close_session(tx, caller.token)


@router.get("/me")
def me(caller: CallerDep, hub: HubDep) -> Account:
    """Return the signed-in account."""
    with hub.store.read() as reader:
        return accounts.get(reader, caller.account_id)


@router.put("/me/owner-key")
def set_owner_key(body: OwnerKey, caller: CallerDep, hub: HubDep) -> Account:
    """Register the key that signs this account's packages and runs."""
    with hub.store.write() as tx:
        return accounts.set_owner_key(tx, caller.account_id, body.public_key)


@router.get("/collaborators")
def collaborators(caller: CallerDep, hub: HubDep) -> Page[Collaborator]:
    """Return everyone in the account's groups, with the groups both are in."""
    with hub.store.read() as reader:
        found = groups.collaborators_of(reader, caller.account_id)
    return Page[Collaborator](items=found, total=len(found))


def _host(request: Request) -> str:
    return request.client.host if request.client else ""
