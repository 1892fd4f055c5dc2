"""The users of an external Mosquitto, through its dynamic-security plugin."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections.abc import Sequence
from typing import Any

from agent_core.errors import ServiceError, UnreachableError
from agent_core.hub.nats_config import DeviceLogin
from agent_core.protocol.topics import HUB_SUBSCRIPTIONS, device_topics, ui_topic
from agent_core.transport.mqtt import MqttLink

CONTROL = "$CONTROL/dynamic-security/v1"
ANSWERS = f"{CONTROL}/response"
ANSWER_BOUND_S = 15.0
HUB_USER = HUB_ROLE = "silodesk-hub"
DEVICE_ROLE = "silodesk-device-"
_HUB_SPEAKS = ("flserver_agent/#", "silodesk/#")
_NOT_THERE = {"Client not found", "Role not found"}
_THERE = {"Role already exists", "Client already exists"}

Command = dict[str, Any]


class MosquittoBroker:
    """Speak to the plugin as its administrator, which the operator named in the hub's address."""

    def __init__(
        self, host: str, port: int, username: str, password: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._link = MqttLink(
            host, port, username, password, f"silodesk-control-{secrets.token_hex(8)}",
            self._answered, tls=tls, clean=True,
        )  # fmt: skip
        self._waiting: dict[str, asyncio.Future[list[Command]]] = {}
        self._names: dict[int, str] = {}  # edge id -> username

    async def start(self, hub_password: str) -> None:
        """Connect, make HUB_USER with the hub's own topics, and learn which devices are known.

        The hub's traffic does not run on the administrator's account, which may do anything.
        """
        await self._link.subscribe([ANSWERS])
        await self._link.connect()
        self._names = await self._known()
        acls = _acls(_HUB_SPEAKS, HUB_SUBSCRIPTIONS, "subscribePattern")
        await self._ask(*_user(HUB_USER, hub_password, HUB_ROLE, acls), fine=_THERE)

    async def close(self) -> None:
        """Close the connection; devices keep theirs."""
        await self._link.close()

    async def set_device(self, edge_id: int, account_id: int, username: str, password: str) -> None:
        """Let a device in with exactly its topics, or change its password; returns in effect."""
        login = DeviceLogin(edge_id, account_id, username, password)
        if self._names.get(edge_id, username) != username:
            await self.remove_device(edge_id)
        await self._ask(*_letting_in(login), fine=_THERE)
        self._names[edge_id] = username

    async def remove_device(self, edge_id: int) -> None:
        """Shut a device out and drop its connection."""
        username = self._names.pop(edge_id, None)
        if username is None:
            return
        await self._ask(
            {"command": "deleteClient", "username": username},
            {"command": "deleteRole", "rolename": f"{DEVICE_ROLE}{edge_id}"},
            fine=_NOT_THERE,
        )

    async def sync(self, devices: Sequence[DeviceLogin]) -> None:
        """Make the broker know these devices and no others of SiloDesk's."""
        wanted = {device.edge_id for device in devices}
        for edge_id in [edge_id for edge_id in self._names if edge_id not in wanted]:
            await self.remove_device(edge_id)
        for device in devices:
            await self.set_device(
                device.edge_id, device.account_id, device.username, device.password
            )

    async def _known(self) -> dict[int, str]:
        (answer,) = await self._ask({"command": "listClients", "verbose": True, "count": -1})
        names = {}
        for client in answer.get("data", {}).get("clients", []):
            for role in client.get("roles", []):
                number = str(role.get("rolename", "")).removeprefix(DEVICE_ROLE)
                if number.isdigit():
                    names[int(number)] = str(client["username"])
        return names

    async def _ask(self, *commands: Command, fine: set[str] | None = None) -> list[Command]:
        mark = secrets.token_hex(8)
        marked = [{**command, "correlationData": mark} for command in commands]
        done: asyncio.Future[list[Command]] = asyncio.get_running_loop().create_future()
        self._waiting[mark] = done
        try:
            self._link.publish(CONTROL, json.dumps({"commands": marked}).encode())
            answers = await asyncio.wait_for(done, ANSWER_BOUND_S)
        except TimeoutError:
            raise UnreachableError(
                "The broker's dynamic-security plugin does not answer.",
                next_step="Load the plugin in mosquitto.conf, and give the hub its administrator.",
                code="unreachable.broker",
            ) from None
        finally:
            self._waiting.pop(mark, None)
        for answer in answers:
            error = answer.get("error")
            if error and error not in (fine or set()):
                raise ServiceError(
                    f"The broker refused '{answer.get('command')}': {error}.",
                    next_step="Check that the hub's broker account is its administrator.",
                    code="service.broker",
                )
        return answers

    def _answered(self, _topic: str, payload: bytes) -> None:
        try:
            answers = json.loads(payload)["responses"]
            done = self._waiting.get(str(answers[0]["correlationData"]))
        except (ValueError, KeyError, TypeError, IndexError):
            return  # an answer to another administrator
        if done is not None and not done.done():
            done.set_result(answers)


def _letting_in(login: DeviceLogin) -> list[Command]:
    role = f"{DEVICE_ROLE}{login.edge_id}"
    topics = device_topics(login.edge_id)
    hears = (*topics.subscribed, ui_topic(login.account_id))
    acls = _acls(topics.published, hears, "subscribeLiteral")
    return _user(login.username, login.password, role, acls)


def _user(username: str, password: str, role: str, acls: list[Command]) -> list[Command]:
    login = {"username": username, "password": password}
    return [
        {"command": "createRole", "rolename": role},
        {"command": "modifyRole", "rolename": role, "acls": acls},
        {"command": "createClient", **login},
        # For a client that is there already; it also makes the client sign in again.
        {"command": "modifyClient", **login, "roles": [{"rolename": role, "priority": 1}]},
    ]


def _acls(speaks: Sequence[str], hears: Sequence[str], subscribe: str) -> list[Command]:
    pairs = [
        *(("publishClientSend", topic) for topic in speaks),
        *(("publishClientReceive", topic) for topic in hears),
        *((subscribe, topic) for topic in hears),
    ]
    return [
        {"acltype": kind, "topic": topic, "priority": 0, "allow": True} for kind, topic in pairs
    ]
