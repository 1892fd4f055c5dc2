"""Who may do what: the one table of endpoint and role, and the accounts themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import RowMapping, func, insert, select, update

from agent_core.errors import ConflictError, ForbiddenError, NotSignedInError, UserInputError
from agent_core.hub import tables
from agent_core.hub.store import Reader, Tx
from agent_core.protocol import signing
from agent_core.protocol.records import Account


class Who(StrEnum):
    """A kind of caller, as seen from the thing that is asked for."""

    ANYONE = "anyone"  # no credential needed
    ACCOUNT = "account"  # any signed-in account; it sees its own things
    OPERATOR = "operator"  # a member of the thing's group, by role
    SCIENTIST = "scientist"
    OWNER = "owner"  # the group's owner
    SELF = "self"  # the account that the thing belongs to
    ADDRESSEE = "addressee"  # the account whose e-mail address an invitation names
    ADMIN = "admin"  # the hub's administrator
    DEVICE = "device"  # a device with a part in it


MEMBERS = frozenset({Who.OPERATOR, Who.SCIENTIST, Who.OWNER})
BUILDERS = frozenset({Who.SCIENTIST, Who.OWNER})
ANYONE = frozenset({Who.ANYONE})
ACCOUNT = frozenset({Who.ACCOUNT})
DEVICE = frozenset({Who.DEVICE})
ADMINS = frozenset({Who.ADMIN})

# A test walks this table against the application's routes with every kind of caller.
ACCESS: dict[str, frozenset[Who]] = {
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": ANYONE,
    "GET /api/v1/hub": ANYONE,
    "POST /api/v1/accounts": ANYONE,
    "POST /api/v1/sessions": ANYONE,
    "POST /api/v1/sessions/refresh": ANYONE,
    "DELETE /api/v1/sessions": ACCOUNT,
    "GET /api/v1/hub/overview": ADMINS,
    "GET /api/v1/hub/accounts": ADMINS,
    "PATCH /api/v1/hub/accounts/{account_id}": ADMINS,
    "POST /api/v1/hub/accounts/{account_id}/reset": ADMINS,
    "POST /api/v1/hub/clean-up": ADMINS,
    "POST /api/v1/accounts/reset": ANYONE,
    "GET /api/v1/me": ACCOUNT,
    "PUT /api/v1/me/owner-key": ACCOUNT,
    "POST /api/v1/invitations": frozenset({Who.OWNER, Who.ADMIN}),
    "GET /api/v1/invitations": ACCOUNT,
    "DELETE /api/v1/invitations/{invitation_id}": frozenset({Who.SELF, Who.OWNER, Who.ADMIN}),
    "GET /api/v1/invitations/mine": ACCOUNT,
    "POST /api/v1/invitations/{invitation_id}/reopen": frozenset({Who.SELF, Who.OWNER, Who.ADMIN}),
    "POST /api/v1/invitations/{invitation_id}/accept": frozenset({Who.ADDRESSEE}),
    "POST /api/v1/invitations/{invitation_id}/decline": frozenset({Who.ADDRESSEE}),
    "GET /api/v1/invitations/by-code/{code}": ANYONE,
    "POST /api/v1/invitations/accept": ACCOUNT,
    "POST /api/v1/invitations/decline": ACCOUNT,
    "GET /api/v1/collaborators": ACCOUNT,
    "POST /api/v1/devices": ACCOUNT,
    "GET /api/v1/devices": ACCOUNT,
    "PATCH /api/v1/devices/{edge_id}": frozenset({Who.SELF}),
    "DELETE /api/v1/devices/{edge_id}": frozenset({Who.SELF, Who.OWNER, Who.ADMIN}),
    "GET /api/v1/devices/{edge_id}/vitals": MEMBERS | {Who.SELF},
    "POST /api/v1/devices/renew": DEVICE,
    "PUT /api/v1/devices/datasets": DEVICE,
    "POST /api/v1/groups": ACCOUNT,
    "GET /api/v1/groups": ACCOUNT,
    "GET /api/v1/groups/{group_id}": MEMBERS,
    "PATCH /api/v1/groups/{group_id}": frozenset({Who.OWNER}),
    "PUT /api/v1/groups/{group_id}/members/{account_id}": frozenset({Who.OWNER}),
    "DELETE /api/v1/groups/{group_id}/members/{account_id}": frozenset({Who.OWNER, Who.SELF}),
    "PUT /api/v1/groups/{group_id}/devices/{edge_id}": frozenset({Who.SELF}),
    "DELETE /api/v1/groups/{group_id}/devices/{edge_id}": frozenset({Who.SELF, Who.OWNER}),
    "GET /api/v1/groups/{group_id}/topology": MEMBERS,
    "GET /api/v1/groups/{group_id}/events": MEMBERS,
    "POST /api/v1/uploads": ACCOUNT,
    "POST /api/v1/uploads/{upload_id}/complete": frozenset({Who.SELF}),
    "GET /api/v1/packages/{sha256}": MEMBERS | {Who.SELF},
    "GET /api/v1/packages/{sha256}/url": MEMBERS | {Who.SELF, Who.DEVICE},
    "POST /api/v1/applications": BUILDERS,
    "GET /api/v1/applications": ACCOUNT,
    "GET /api/v1/applications/{application_id}": MEMBERS,
    "PATCH /api/v1/applications/{application_id}": frozenset({Who.SELF, Who.OWNER}),
    "POST /api/v1/projects": BUILDERS,
    "GET /api/v1/projects": ACCOUNT,
    "GET /api/v1/projects/{project_id}": MEMBERS,
    "PATCH /api/v1/projects/{project_id}": frozenset({Who.SELF, Who.OWNER}),
    "POST /api/v1/runs": BUILDERS,
    "GET /api/v1/runs": ACCOUNT,
    "GET /api/v1/runs/{run_id}": MEMBERS,
    "PATCH /api/v1/runs/{run_id}": frozenset({Who.SELF, Who.OWNER}),
    "GET /api/v1/runs/{run_id}/plan": frozenset({Who.SELF}),
    "POST /api/v1/runs/{run_id}/start": frozenset({Who.SELF}),
    "POST /api/v1/runs/{run_id}/stop": frozenset({Who.SELF, Who.OWNER}),
    "POST /api/v1/runs/{run_id}/pause": frozenset({Who.SELF, Who.OWNER}),
    "POST /api/v1/runs/{run_id}/resume": frozenset({Who.SELF, Who.OWNER}),
    "POST /api/v1/runs/{run_id}/clone": BUILDERS,
    "GET /api/v1/runs/{run_id}/events": MEMBERS,
    "GET /api/v1/runs/{run_id}/rounds": MEMBERS,
    "GET /api/v1/runs/{run_id}/metrics": MEMBERS,
    "GET /api/v1/runs/{run_id}/system": MEMBERS,
    "GET /api/v1/runs/{run_id}/logs": MEMBERS,
    "GET /api/v1/runs/{run_id}/models": MEMBERS,
    "GET /api/v1/runs/{run_id}/models/{round_number}": MEMBERS,
    "POST /api/v1/probes": ACCOUNT | DEVICE,
    "DELETE /api/v1/runs/{run_id}/models": frozenset({Who.SELF, Who.OWNER}),
    "GET /api/v1/models": ACCOUNT,
    "POST /api/v1/telemetry": DEVICE,
    "POST /api/v1/objects": DEVICE,
    "POST /api/v1/objects/complete": DEVICE,
}

EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,189}$")


def record(row: RowMapping) -> Account:
    """Return an account's row as others see it."""
    return Account(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        is_admin=row["is_admin"],
        owner_key=row["owner_key"],
        created_at=row["created_at"],
    )


def is_first(reader: Reader) -> bool:
    """Return whether the hub has no account yet."""
    return not reader.scalar(select(func.count()).select_from(tables.accounts))


def prepared(email: str, name: str) -> tuple[str, str]:
    """Return address and name as they are kept; raises UserInputError."""
    email, name = email.strip().lower(), name.strip()
    if not EMAIL.match(email):
        raise UserInputError(
            f"'{email[:80]}' is not an e-mail address.",
            next_step="Write it as name@example.org.",
            code="input.email",
        )
    if not name or len(name) > 200:
        raise UserInputError(
            "An account needs a name of at most 200 characters.",
            next_step="Enter the name under which others should see you.",
            code="input.name",
        )
    return email, name


def check_new(reader: Reader, email: str, *, is_invited: bool) -> None:
    """Refuse an account without invitation (but the first), or with an address that is taken."""
    if not is_invited and not is_first(reader):
        raise ForbiddenError(
            "New accounts on this hub need an invitation.",
            next_step="Ask a group's owner or the hub's administrator for an invitation link.",
            code="forbidden.invitation",
        )
    taken = reader.scalar(select(tables.accounts.c.id).where(tables.accounts.c.email == email))
    if taken:
        raise ConflictError(
            f"There is already an account for {email}.",
            next_step="Sign in with it instead.",
            code="conflict.email",
        )


def create(
    tx: Tx, email: str, name: str, password_hash: str, *, admit: Callable[[int], None] | None
) -> int:
    """Make an account and return its number; every account but the first needs `admit`.

    `admit` redeems the invitation for the new account.
    """
    first = is_first(tx)
    check_new(tx, email, is_invited=admit is not None)
    statement = insert(tables.accounts).values(
        email=email, name=name, password_hash=password_hash,
        is_admin=first, owner_key="", created_at=tx.now,
    )  # fmt: skip
    number = int(tx.scalar(statement.returning(tables.accounts.c.id)))
    if admit is not None:
        admit(number)
    return number


def get(reader: Reader, account_id: int) -> Account:
    """Return an account."""
    row = reader.first(select(tables.accounts).where(tables.accounts.c.id == account_id))
    if row is None:
        raise NotSignedInError("This account does not exist any more.", code="auth.account")
    return record(row)


def by_email(reader: Reader, email: str) -> RowMapping | None:
    """Return the row of the account with an address, or None."""
    table = tables.accounts
    return reader.first(select(table).where(table.c.email == email.strip().lower()))


def set_owner_key(tx: Tx, account_id: int, public_key: str) -> Account:
    """Register the key that signs this account's packages and runs."""
    if len(signing.decode(public_key)) != 32:
        raise UserInputError(
            "This is not an Ed25519 public key.",
            next_step="Let your own SiloDesk send the key.",
            code="input.key",
        )
    accounts = tables.accounts
    tx.run(update(accounts).where(accounts.c.id == account_id).values(owner_key=public_key))
    return get(tx, account_id)
