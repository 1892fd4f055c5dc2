"""The signed-in account: sign up, in and out, and calls with its token, refreshed in time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from agent_core.agent.credentials import Credentials
from agent_core.errors import NotSignedInError
from agent_core.protocol.records import Account, Session
from agent_core.transport.rest import Rest, checked, fields

REFRESH_BEFORE_S = 60.0


class HubAccount:
    """Calls of the hub's REST in the name of the signed-in account."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._rests: dict[str, Rest] = {}
        self._refreshing = asyncio.Lock()

    @property
    def account(self) -> Account | None:
        """Return the signed-in account."""
        session = self._credentials.session
        return session.account if session else None

    @property
    def hub_url(self) -> str:
        """Return the hub that the account is signed in at."""
        return self._credentials.session_hub

    async def about(self, hub_url: str) -> dict[str, Any]:
        """Return what a hub says of itself to strangers."""
        return fields(await self.anonymous(hub_url, "GET", "/hub", timeout=(3, 10)), "version")

    async def sign_up(self, hub_url: str, **fields: Any) -> Account:
        """Make an account and sign it in."""
        known = {key: value for key, value in fields.items() if value is not None}
        answer = await self.anonymous(hub_url, "POST", "/accounts", json=known)
        return self._keep(hub_url, answer)

    async def sign_in(self, hub_url: str, email: str, password: str) -> Account:
        """Sign an account in."""
        answer = await self.anonymous(
            hub_url, "POST", "/sessions", json={"email": email, "password": password}
        )
        return self._keep(hub_url, answer)

    async def reset(self, hub_url: str, code: str, password: str) -> Account:
        """Set a new password with a one-use code."""
        answer = await self.anonymous(
            hub_url, "POST", "/accounts/reset", json={"code": code, "password": password}
        )
        return self._keep(hub_url, answer)

    async def sign_out(self) -> None:
        """Forget the session, here for sure and at the hub where it can be told."""
        if self._credentials.session is None:
            return
        try:
            await self.call("DELETE", "/sessions", timeout=(2, 5))
        except Exception:  # noqa: BLE001, S110 - the hub may be away; the session ends there by itself
            pass
        self._credentials.drop_session()

    async def anonymous(self, hub_url: str, verb: str, path: str, **options: Any) -> Any:
        """Call a hub without a credential."""
        return await asyncio.to_thread(Rest(hub_url).call, verb, path, **options)

    async def call(self, verb: str, path: str, **options: Any) -> Any:
        """Call the hub with the account's token; raises NotSignedInError where there is none."""
        session = self._credentials.need_session()
        if session.access_expires_at - REFRESH_BEFORE_S < time.time():
            session = await self._refresh(session)
        rest = self._rest()
        try:
            return await asyncio.to_thread(rest.call, verb, path, **options)
        except NotSignedInError:
            if self._credentials.session is None:
                raise
            await self._refresh(session)
            return await asyncio.to_thread(self._rest().call, verb, path, **options)

    def _rest(self) -> Rest:
        url = self._credentials.session_hub
        if url not in self._rests:
            self._rests = {url: Rest(url, self._token)}
        return self._rests[url]

    def _token(self) -> str | None:
        session = self._credentials.session
        return f"Bearer {session.access_token}" if session else None

    async def _refresh(self, stale: Session) -> Session:
        async with self._refreshing:
            present = self._credentials.need_session()
            if present.access_token != stale.access_token:
                return present  # another call has refreshed it meanwhile
            url = self._credentials.session_hub
            try:
                answer = await self.anonymous(
                    url, "POST", "/sessions/refresh", json={"refresh_token": stale.refresh_token}
                )
            except NotSignedInError as error:
                self._credentials.drop_session()
                raise NotSignedInError(
                    "The sign-in has ended.",
                    next_step="Sign in again: `silodesk login --hub URL EMAIL`.",
                    code="auth.expired",
                ) from error
            self._keep(url, answer)
            return self._credentials.need_session()

    def _keep(self, hub_url: str, answer: Any) -> Account:
        session = checked(Session, answer)
        self._credentials.keep_session(hub_url, session)
        return session.account
