"""This machine as a device of the hub: bound, renewed before its credentials end, unbound."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.agent.account import HubAccount
from agent_core.agent.credentials import Credentials
from agent_core.agent.journal import Journal
from agent_core.agent.machine import agent_version, device_id, hardware
from agent_core.errors import ConflictError, NotSignedInError, SiloDeskError
from agent_core.paths import Home
from agent_core.protocol import signing
from agent_core.protocol.records import Binding, Device, Page
from agent_core.transport.rest import Rest, checked

log = logging.getLogger(__name__)

RENEW_AFTER = 0.6  # of a credential's life
RETRY_S = 60.0


class DeviceBinding:
    """Bind, renew and unbind this device, and call the hub in its name."""

    def __init__(
        self,
        home: Home,
        journal: Journal,
        credentials: Credentials,
        account: HubAccount,
        key: Callable[[], Ed25519PrivateKey],
        sandbox: str,
        forget_spool: Callable[[], None],
    ) -> None:
        self._home = home
        self._journal = journal
        self._credentials = credentials
        self._account = account
        self._key = key
        self._sandbox = sandbox
        self._forget_spool = forget_spool
        self._rest: tuple[str, Rest] | None = None
        self._changing = asyncio.Lock()
        self.changed = asyncio.Event()  # set whenever the binding is another one

    @property
    def current(self) -> Binding | None:
        """Return the binding."""
        return self._credentials.binding

    async def bind(self, silo: str, name: str, *, has_jobs: bool) -> Device:
        """Bind this machine to the signed-in account's hub; again gives new credentials."""
        session = self._credentials.need_session()
        key = await asyncio.to_thread(self._key)
        public = signing.encode(key.public_key().public_bytes_raw())
        own_id = device_id(self._home)
        claim = {"device_id": own_id, "public_key": public, "account_id": session.account.id}
        body = {
            "device_id": own_id,
            "name": name,
            "silo": silo,
            "public_key": public,
            "signature": signing.sign(key, claim),
            "hardware": hardware(self._home, self._sandbox).model_dump(mode="json"),
            "agent_version": agent_version(),
        }
        async with self._changing:
            answer = await self._account.call("POST", "/devices", json=body)
            hub = self._account.hub_url
            return self._take(hub, checked(Binding, answer), has_jobs).device

    async def renew(self) -> None:
        """Get new credentials with the present ones, else through the signed-in account."""
        async with self._changing:
            binding = self._credentials.need_binding()
            try:
                answer = await asyncio.to_thread(self.rest().call, "POST", "/devices/renew")
            except NotSignedInError:
                if not await self._may_bind_again(binding):
                    raise
            else:
                hub = self._credentials.binding_hub
                self._take(hub, checked(Binding, answer), has_jobs=True)
                return
        await self.bind(binding.device.silo, binding.device.name, has_jobs=True)

    async def _may_bind_again(self, binding: Binding) -> bool:
        """Return whether this device only lost its credentials, and was not revoked."""
        session = self._credentials.session
        if (
            session is None
            or self._credentials.session_hub != self._credentials.binding_hub
            or session.account.id != binding.device.account_id
        ):
            return False
        known = checked(Page[Device], await self._account.call("GET", "/devices")).items
        return any(
            device.edge_id == binding.device.edge_id
            and device.device_id == binding.device.device_id
            and not device.revoked
            for device in known
        )

    async def unbind(self) -> None:
        """Take the device's credentials back at the hub (where it answers) and forget them."""
        binding = self._credentials.need_binding()
        try:
            await self._account.call("DELETE", f"/devices/{binding.device.edge_id}", timeout=(2, 5))
        except SiloDeskError as error:
            log.warning("The hub was not told that this device left: %s", error)
        self._credentials.drop_binding()
        self._announce()

    def rest(self) -> Rest:
        """Return the hub's REST in the name of the device."""
        self._credentials.need_binding()
        hub = self._credentials.binding_hub
        if self._rest is None or self._rest[0] != hub:
            self._rest = (hub, Rest(hub, self._token))
        return self._rest[1]

    async def call(self, verb: str, path: str, **options: Any) -> Any:
        """Call the hub in the name of the device."""
        return await asyncio.to_thread(self.rest().call, verb, path, **options)

    async def keep_renewed(self) -> None:
        """Renew credentials before they end, for as long as the agent lives."""
        while True:
            binding = self._credentials.binding
            pause = RETRY_S if binding is None else self._until_renewal(binding)
            if binding is not None and pause <= 0:
                try:
                    await self.renew()
                    continue
                except SiloDeskError as error:
                    log.warning("The device's credentials were not renewed: %s", error)
                    pause = RETRY_S
            await asyncio.sleep(min(pause, 3600.0))

    def _until_renewal(self, binding: Binding) -> float:
        taken_at = float(self._journal.get("binding_taken_at", "0") or 0)
        life = max(binding.expires_at - taken_at, 1.0)
        return taken_at + RENEW_AFTER * life - time.time()

    def met(self, instance: str) -> None:
        """Take which hub answers a heartbeat, by this device's own credentials.

        One that was restored from a backup knows the device still and is another one all the same.
        """
        binding = self._credentials.binding
        if binding is None or not instance or binding.hub == instance:
            return
        was_known = bool(binding.hub)
        found = binding.model_copy(update={"hub": instance})
        hub = self._credentials.binding_hub
        with self._journal.transaction():
            if was_known:
                self._journal.meet_restored_hub()
            self._journal.put("binding", _identity(hub, found))
        self._credentials.keep_binding(hub, found)
        if was_known:
            log.warning("The hub was restored from a backup; what waits here goes to it again.")

    def _take(self, hub: str, binding: Binding, has_jobs: bool) -> Binding:
        identity, known = _identity(hub, binding), self._journal.get("binding")
        goes_on = self._goes_on(hub, binding)
        is_same = known in ("", identity)
        if known == _place(hub, binding):  # from before hubs had an identity
            is_same = goes_on or self._credentials.binding is None
        with self._journal.transaction():
            if not is_same and goes_on:
                self._journal.meet_restored_hub()
            elif not is_same:
                if has_jobs:
                    raise ConflictError(
                        "Jobs of the former hub still run on this machine.",
                        next_step="Stop them first, or wait until they end.",
                    )
                self._journal.forget_hub()
                self._forget_spool()
            self._journal.put("binding", identity)
            self._journal.put("binding_taken_at", str(time.time()))
        self._credentials.keep_binding(hub, binding)
        self._announce()
        return binding

    def _goes_on(self, hub: str, now: Binding) -> bool:
        """Return whether a hub was restored from a backup that holds this very device.

        A new hub at the same address counts from 1 again, but makes its devices anew.
        """
        before = self._credentials.binding
        return (
            before is not None
            and self._credentials.binding_hub == hub
            and before.device.edge_id == now.device.edge_id
            and before.device.created_at == now.device.created_at
        )

    def _token(self) -> str | None:
        binding = self._credentials.binding
        return f"Device {binding.device_token}" if binding else None

    def _announce(self) -> None:
        self.changed.set()


def _place(hub: str, binding: Binding) -> str:
    return f"{hub}|{binding.device.edge_id}"


def _identity(hub: str, binding: Binding) -> str:
    return f"{_place(hub, binding)}|{binding.hub}" if binding.hub else _place(hub, binding)
