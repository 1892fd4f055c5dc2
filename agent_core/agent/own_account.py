"""The agent's own methods about accounts, this device and invitations."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.agent.account import HubAccount
from agent_core.agent.addresses import clean_hub_url, parse_link
from agent_core.agent.credentials import Credentials
from agent_core.agent.parts import Parts
from agent_core.agent.status import as_json
from agent_core.errors import ConflictError, NotSignedInError, SiloDeskError, UserInputError
from agent_core.keys import public_text
from agent_core.protocol.records import Account
from agent_core.settings import Settings
from agent_core.transport.rest import checked


class AccountMethods:
    """Sign up, in and out; bind and unbind; join by link."""

    def __init__(
        self,
        parts: Parts,
        account: HubAccount,
        credentials: Credentials,
        owner_key: Callable[[], Ed25519PrivateKey],
        change_settings: Callable[..., Settings],
    ) -> None:
        self._parts = parts
        self._account = account
        self._credentials = credentials
        self._owner_key = owner_key
        self._change_settings = change_settings

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "hub.about": self.about,
            "account.sign_up": self.sign_up,
            "account.sign_in": self.sign_in,
            "account.sign_out": self.sign_out,
            "account.reset": self.reset,
            "device.bind": self.bind,
            "device.unbind": self.unbind,
            "invitations.read": self.read,
            "invitations.join": self.join,
            "invitations.decline": self.decline,
        }

    async def about(self, hub_url: str) -> dict[str, Any]:
        """Return name and version of a hub."""
        return await self._account.about(clean_hub_url(hub_url))

    async def sign_up(
        self, hub_url: str, email: str, name: str, password: str, code: str | None = None
    ) -> dict[str, Any]:
        """Make an account and sign it in here."""
        url = self._usable(hub_url)
        fields = {"email": email, "name": name, "password": password, "code": code}
        account = await self._account.sign_up(url, **fields)
        return as_json(await self._settle(url, account))

    async def sign_in(self, hub_url: str, email: str, password: str) -> dict[str, Any]:
        """Sign an account in here."""
        url = self._usable(hub_url)
        account = await self._account.sign_in(url, email, password)
        return as_json(await self._settle(url, account))

    async def reset(self, link: str, password: str) -> dict[str, Any]:
        """Choose a new password with an administrator's one-use link, and sign in here."""
        hub_url, code = parse_link(link, "reset")
        url = self._usable(hub_url)
        account = await self._account.reset(url, code, password)
        return as_json(await self._settle(url, account))

    async def sign_out(self) -> dict[str, Any]:
        """Forget the account; the device stays bound."""
        await self._account.sign_out()
        return {}

    async def bind(self, silo: str = "", name: str = "") -> dict[str, Any]:
        """Bind this machine under a silo's and a device's name."""
        settings = self._parts.settings()
        silo = silo.strip() or settings.silo or platform.node()
        name = name.strip() or settings.device_name or platform.node()
        device = await self._parts.binding.bind(silo, name, has_jobs=bool(self._parts.book.live()))
        self._change_settings(silo=silo, device_name=name)
        return as_json(device)

    async def unbind(self) -> dict[str, Any]:
        """Give this device's place at the hub up."""
        if self._parts.book.live():
            raise ConflictError(
                "Jobs still run on this machine.",
                next_step="Stop them first (`silodesk status` shows them), or wait for their end.",
            )
        await self._parts.binding.unbind()
        return {}

    async def read(self, link: str) -> dict[str, Any]:
        """Return what an invitation link offers."""
        hub_url, code = parse_link(link)
        about = await self._account.about(hub_url)
        invitation = await self._account.anonymous(
            hub_url, "GET", f"/invitations/by-code/{quote(code, safe='')}"
        )
        return {**invitation, "hub_url": hub_url, "hub_name": about.get("name", "")}

    async def join(
        self,
        link: str,
        silo: str,
        device_name: str,
        email: str | None = None,
        name: str | None = None,
        password: str | None = None,
    ) -> dict[str, Any]:
        """Accept an invitation, bind this device and put it into the group."""
        hub_url, code = parse_link(link)
        url = self._usable(hub_url)
        if self._account.account is None or self._account.hub_url != url:
            await self._enter(url, code, email, name, password)
        group = await self._account.call("POST", "/invitations/accept", json={"code": code})
        device = await self.bind(silo, device_name)
        await self._account.call("PUT", f"/groups/{group['id']}/devices/{device['edge_id']}")
        return dict(await self._account.call("GET", f"/groups/{group['id']}"))

    async def decline(self, link: str) -> dict[str, Any]:
        """Turn an invitation down."""
        hub_url, code = parse_link(link)
        body = {"code": code}
        if self._account.account is not None and self._account.hub_url == hub_url:
            await self._account.call("POST", "/invitations/decline", json=body)
        else:
            await self._account.anonymous(hub_url, "POST", "/invitations/decline", json=body)
        return {}

    async def _enter(
        self, url: str, code: str, email: str | None, name: str | None, password: str | None
    ) -> None:
        if not email or not password:
            await self._must_be_open(url, code)
            raise UserInputError(
                "Joining needs an account on that hub.",
                next_step="Give an e-mail address, a name and a password, or sign in first.",
                code="input.account",
            )
        try:
            await self.sign_up(url, email, name or email.split("@", maxsplit=1)[0], password, code)
        except ConflictError as error:
            try:
                await self.sign_in(url, email, password)  # this person may have an account there
            except NotSignedInError:
                if error.code == "conflict.email":
                    raise
                raise error from None  # it is the invitation that cannot be used

    async def _must_be_open(self, url: str, code: str) -> None:
        """Say first that an invitation is of no use any more, before asking for an account."""
        found = await self._account.anonymous(
            url, "GET", f"/invitations/by-code/{quote(code, safe='')}"
        )
        words = {"open": "", "accepted": "was already used", "expired": "has expired"}
        why = words.get(found["state"], f"was {found['state']}")
        if why:
            raise ConflictError(
                f"This invitation {why}.",
                next_step=f"Ask {found['invited_by']} for a new one; if it was you who used it, "
                "sign in instead.",
                code="conflict.invitation",
            )

    async def _settle(self, url: str, account: Account) -> Account:
        """Register this machine's owner key and remember the hub."""
        self._change_settings(hub_url=url)
        public = public_text(await asyncio.to_thread(self._owner_key))
        if account.owner_key != public:
            answer = await self._account.call("PUT", "/me/owner-key", json={"public_key": public})
            account = checked(Account, answer)
            session = self._credentials.need_session()
            self._credentials.keep_session(url, session.model_copy(update={"account": account}))
        try:
            about = await self._account.about(url)
            self._parts.journal.put("hub_name", str(about.get("name") or ""))
        except SiloDeskError:
            pass  # the name is only for show
        return account

    def _usable(self, hub_url: str) -> str:
        url = clean_hub_url(hub_url)
        bound = self._credentials.binding_hub
        if bound and bound != url and self._parts.book.live():
            raise ConflictError(
                f"Jobs of the hub {bound} still run on this machine.",
                next_step="Stop them first, or wait until they end.",
            )
        return url
