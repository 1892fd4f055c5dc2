"""Signing in and out: access and refresh tokens, and the brake on guessing."""

from __future__ import annotations

import threading
import time
from collections import deque

from sqlalchemy import RowMapping, delete, insert, or_, select, update

from agent_core.errors import LimitError, NotSignedInError
from agent_core.hub import accounts, tables, tokens
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.records import Session

KEPT = 10_000  # addresses whose failures are remembered


class Brake:
    """Count failures per key; after some in a window, further tries are refused unheard."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, key: str, times: int = 1) -> None:
        """Raise LimitError when this key failed too often; `times` the usual limit is allowed."""
        with self._lock:
            failures = self._fresh(key)
            if len(failures) < self._limit * times:
                return
            wait = int(failures[0] + self._window_s - time.monotonic()) + 1
        raise LimitError(
            "There were too many failed tries to sign in.",
            next_step=f"Wait {max(1, wait // 60)} minutes, then try again.",
            code="limit.sign_in",
            retry_after_s=wait,
        )

    def failed(self, key: str) -> None:
        """Count a failure."""
        with self._lock:
            if len(self._failures) >= KEPT:
                self._failures.pop(next(iter(self._failures)))
            self._fresh(key).append(time.monotonic())

    def passed(self, key: str) -> None:
        """Forget the failures of a key."""
        with self._lock:
            self._failures.pop(key, None)

    def _fresh(self, key: str) -> deque[float]:
        failures = self._failures.setdefault(key, deque())
        while failures and failures[0] < time.monotonic() - self._window_s:
            failures.popleft()
        return failures


def open_session(tx: Tx, account_id: int, settings: HubSettings) -> Session:
    """Return fresh tokens for an account; its expired sessions go."""
    sessions = tables.sessions
    tx.run(
        delete(sessions).where(
            sessions.c.account_id == account_id, sessions.c.refresh_expires_at < tx.now
        )
    )
    access, refresh = tokens.make(), tokens.make()
    tx.run(
        insert(sessions).values(
            account_id=account_id,
            access_hash=tokens.digest(access),
            access_expires_at=tx.now + settings.access_s,
            refresh_hash=tokens.digest(refresh),
            refresh_expires_at=tx.now + settings.refresh_s,
            previous_hash="",
            rotated_at=tx.now,
        )
    )
    return Session(
        account=accounts.get(tx, account_id),
        access_token=access,
        refresh_token=refresh,
        access_expires_at=tx.now + settings.access_s,
    )


def refresh(tx: Tx, refresh_token: str, settings: HubSettings) -> Session | None:
    """Return new tokens for a refresh token, or None when it is not good (any more).

    A token that was already exchanged means that two hold it: the session ends, except within
    a grace time, in which the first answer may just have been lost.
    """
    sessions = tables.sessions
    hashed = tokens.digest(refresh_token)
    row = tx.first(
        select(sessions).where(
            or_(sessions.c.refresh_hash == hashed, sessions.c.previous_hash == hashed)
        )
    )
    if row is None or row["refresh_expires_at"] < tx.now:
        return None
    is_used = row["refresh_hash"] != hashed
    if is_used and row["rotated_at"] + settings.refresh_grace_s < tx.now:
        tx.run(delete(sessions).where(sessions.c.id == row["id"]))
        return None
    access, following = tokens.make(), tokens.make()
    tx.run(
        update(sessions)
        .where(sessions.c.id == row["id"])
        .values(
            access_hash=tokens.digest(access),
            access_expires_at=tx.now + settings.access_s,
            refresh_hash=tokens.digest(following),
            refresh_expires_at=tx.now + settings.refresh_s,
            previous_hash=hashed,
            rotated_at=row["rotated_at"] if is_used else tx.now,
        )
    )
    return Session(
        account=accounts.get(tx, row["account_id"]),
        access_token=access,
        refresh_token=following,
        access_expires_at=tx.now + settings.access_s,
    )


def close_session(tx: Tx, access_token: str) -> None:
    """End the session of an access token."""
    sessions = tables.sessions
    tx.run(delete(sessions).where(sessions.c.access_hash == tokens.digest(access_token)))


def account_of(reader: Reader, access_token: str) -> RowMapping:
    """Return the account behind an access token; raises NotSignedInError."""
    sessions, people = tables.sessions, tables.accounts
    row = reader.first(
        select(people, sessions.c.access_expires_at)
        .join(sessions, sessions.c.account_id == people.c.id)
        .where(sessions.c.access_hash == tokens.digest(access_token))
    )
    if row is None:
        raise NotSignedInError(
            "The hub does not know this session.",
            next_step="Sign in again.",
            code="auth.unknown",
        )
    if row["access_expires_at"] < time.time():
        raise NotSignedInError(
            "The session has expired.", next_step="Sign in again.", code="auth.expired"
        )
    return row
