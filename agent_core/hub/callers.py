"""The caller of an endpoint, and whether the table in accounts.py lets it through."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from agent_core.errors import ForbiddenError, NotFoundError, NotSignedInError
from agent_core.hub import accounts, devices, sessions, tables
from agent_core.hub.accounts import MEMBERS, Who
from agent_core.hub.store import Reader
from agent_core.protocol.records import Account


@dataclass(frozen=True)
class Caller:
    """Who asks at which endpoint: an account, a device, or nobody known."""

    allowed: frozenset[Who]
    account: Account | None = None
    edge_id: int = 0
    token: str = ""
    ends_previous: bool = False  # a device shows its renewed token: the former one is over

    @property
    def account_id(self) -> int:
        """Return the account's number; raises NotSignedInError for anyone else."""
        if self.account is None:
            raise NotSignedInError(
                "This needs a signed-in account.", next_step="Sign in.", code="auth.missing"
            )
        return self.account.id

    def group_role(self, reader: Reader, group_id: int | None) -> Who | None:
        """Return the account's role in a group, or None for a stranger."""
        if self.account is None or group_id is None:
            return None
        members = tables.members
        role = reader.scalar(
            select(members.c.role).where(
                members.c.group_id == group_id, members.c.account_id == self.account.id
            )
        )
        return Who(role) if role else None

    def check(
        self,
        reader: Reader,
        thing: str,
        *,
        group_id: int | None = None,
        owner_id: int | None = None,
        is_seen: bool = False,
    ) -> None:
        """Let pass whom the table allows for a thing of this group and owner.

        A stranger hears that it does not exist; one who sees it, that it is forbidden.
        """
        me = self.account
        role = self.group_role(reader, group_id)
        is_self = me is not None and owner_id is not None and owner_id == me.id
        is_admin = me is not None and me.is_admin
        if (
            (role in self.allowed)
            or (is_self and Who.SELF in self.allowed)
            or (is_admin and Who.ADMIN in self.allowed)
        ):
            return
        if role or is_self or is_seen:
            raise forbidden(thing)
        raise missing(thing)


def missing(thing: str) -> NotFoundError:
    """Return the error for what does not exist, or not for this caller."""
    return NotFoundError(
        f"There is no such {thing}, or it is not shared with you.",
        next_step="Check the number, or ask the group's owner to add you.",
    )


def forbidden(thing: str) -> ForbiddenError:
    """Return the error for what is seen and not allowed."""
    return ForbiddenError(
        f"Your role does not allow this for the {thing}.",
        next_step="Ask the group's owner to do it or to change your role.",
    )


def identify(
    reader: Reader, authorization: str, allowed: frozenset[Who], *, or_former: bool = False
) -> Caller:
    """Return who holds the credential; raises where the endpoint is for others only.

    `or_former` lets a device in by the token before its last renewal.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if Who.ANYONE in allowed:
        return Caller(allowed)
    is_for_accounts = bool(allowed - {Who.DEVICE})
    if scheme.lower() == "bearer" and token:
        account = accounts.record(sessions.account_of(reader, token))
        if not is_for_accounts:
            raise ForbiddenError("This is for devices only.", code="forbidden.device")
        return Caller(allowed, account, token=token)
    if scheme.lower() == "device" and token:
        shown = devices.edge_of(reader, token, or_former=or_former)
        if Who.DEVICE not in allowed:
            raise ForbiddenError("This is for accounts only.", code="forbidden.account")
        return Caller(allowed, None, shown.edge_id, token, shown.ends_previous)
    raise NotSignedInError(
        "This needs a credential.",
        next_step="Sign in." if is_for_accounts else "Bind the device first.",
        code="auth.missing",
    )


__all__ = ["MEMBERS", "Caller", "forbidden", "identify", "missing"]
