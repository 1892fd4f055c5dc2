"""The MQTT topics: their names, senders and receivers, and the permissions that follow.

A device may publish and subscribe its own exact topics only; devices never address each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent_core.errors import ProtocolError

INLINE_LIMIT = 512 * 1024  # bytes of a round message inside MQTT; above, an object and a notice


@dataclass(frozen=True)
class DeviceTopics:
    """The exact topics of one device."""

    start_train: str  # hub -> device: start order
    stop_train: str  # hub -> device: stop order
    inbox: str  # hub -> device: acknowledgements, round messages, settings
    status: str  # device -> hub: state changes of the device and its jobs
    active: str  # device -> hub: presence, heartbeat
    last_will: str  # device -> hub, by the broker: the connection broke
    outbox: str  # device -> hub: round messages and replies

    @property
    def subscribed(self) -> tuple[str, ...]:
        """Return the topics on which the device listens."""
        return (self.start_train, self.stop_train, self.inbox)

    @property
    def published(self) -> tuple[str, ...]:
        """Return the topics on which the device speaks."""
        return (self.status, self.active, self.last_will, self.outbox)


def device_topics(edge_id: int) -> DeviceTopics:
    """Return the topics of the device with this edge id."""
    return DeviceTopics(
        start_train=f"flserver_agent/{edge_id}/start_train",
        stop_train=f"flserver_agent/{edge_id}/stop_train",
        inbox=f"silodesk/{edge_id}/inbox",
        status=f"fl_client/flclient_agent_{edge_id}/status",
        active=f"flclient_agent/{edge_id}/active",
        last_will=f"flclient_agent/{edge_id}/last_will_msg",
        outbox=f"silodesk/{edge_id}/outbox",
    )


def ui_topic(account_id: int) -> str:
    """Return the topic on which agents of an account hear that something they show changed."""
    return f"silodesk/ui/{account_id}"


# What the hub subscribes to hear every device.
HUB_SUBSCRIPTIONS: tuple[str, ...] = (
    "fl_client/+/status",
    "flclient_agent/+/active",
    "flclient_agent/+/last_will_msg",
    "silodesk/+/outbox",
)


def sender_of(topic: str) -> tuple[int, str]:
    """Return the edge id and the kind (status, active, last_will_msg, outbox) of a topic.

    Raises ProtocolError for any other topic.
    """
    match topic.split("/"):
        case ["fl_client", agent, "status"] if agent.startswith("flclient_agent_"):
            number, kind = agent.removeprefix("flclient_agent_"), "status"
        case ["flclient_agent", number, ("active" | "last_will_msg") as kind]:
            pass
        case ["silodesk", number, "outbox"]:
            kind = "outbox"
        case _:
            raise ProtocolError(f"'{topic[:80]}' is not a topic on which devices speak.")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise ProtocolError(f"'{topic[:80]}' carries no edge id.")
    return int(number), kind


def nats_subject(topic: str) -> str:
    """Return the NATS subject of an MQTT topic, for the broker's permissions."""
    return topic.replace("/", ".")
