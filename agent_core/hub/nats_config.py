"""The configuration of the embedded nats-server: MQTT on loopback, exact topics for a device."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent_core.hub.loopback import LOOPBACK
from agent_core.protocol.topics import HUB_SUBSCRIPTIONS, device_topics, nats_subject, ui_topic

HUB_USER = "hub"
MAX_PAYLOAD = 8 * 1024 * 1024
MAX_PENDING = 256 * 1024 * 1024  # bytes a slow client may be behind before it is dropped
# After it an unacknowledged message is sent again; shorter, a slow line would drown in repeats.
ACK_WAIT = "30s"
# Where the hub speaks; what it hears are HUB_SUBSCRIPTIONS.
_HUB_SPEAKS = ("flserver_agent.>", "silodesk.>")


@dataclass(frozen=True)
class DeviceLogin:
    """A device as the broker knows it."""

    edge_id: int
    account_id: int
    username: str
    password: str


def render(
    *, ports: dict[str, int], store: Path, hub_password: str, devices: Iterable[DeviceLogin]
) -> str:
    """Return the whole configuration file (a secret: it holds passwords)."""
    users = [_hub_user(hub_password), *(_device_user(device) for device in devices)]
    lines = ",\n    ".join(json.dumps(user) for user in users)
    # JSON is a subset of what nats-server reads, so names and passwords need no quoting of ours.
    return f"""server_name: silodesk
host: "{LOOPBACK}"
port: {ports["nats"]}
max_payload: {MAX_PAYLOAD}
max_pending: {MAX_PENDING}
max_connections: 10000
write_deadline: "10s"
jetstream {{ store_dir: {json.dumps(store.as_posix())}, max_memory_store: 64MB }}
mqtt {{
  host: "{LOOPBACK}"
  port: {ports["mqtt"]}
  max_ack_pending: 1000
  ack_wait: "{ACK_WAIT}"
}}
authorization {{
  users: [
    {lines}
  ]
}}
"""


def _hub_user(password: str) -> dict[str, object]:
    hears = [nats_subject(topic).replace("+", "*") for topic in HUB_SUBSCRIPTIONS]
    return _user(HUB_USER, password, list(_HUB_SPEAKS), hears)


def _device_user(device: DeviceLogin) -> dict[str, object]:
    topics = device_topics(device.edge_id)
    hears = [*topics.subscribed, ui_topic(device.account_id)]
    return _user(
        device.username,
        device.password,
        [nats_subject(topic) for topic in topics.published],
        [nats_subject(topic) for topic in hears],
    )


def _user(name: str, password: str, speaks: list[str], hears: list[str]) -> dict[str, object]:
    return {
        "user": name,
        "password": password,
        # Over the plain NATS port no one gets in: there $MQTT subjects could be reached.
        "allowed_connection_types": ["MQTT"],
        "permissions": {"publish": {"allow": speaks}, "subscribe": {"allow": hears}},
    }
