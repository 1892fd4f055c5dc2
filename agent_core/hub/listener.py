"""What devices say over MQTT: taken in order, in batches of one transaction, then answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from sqlalchemy import RowMapping, bindparam, select

from agent_core.errors import ProtocolError, SiloDeskError
from agent_core.hub import devices, inbox, presence, status, tables
from agent_core.hub.arrivals import Arrivals
from agent_core.hub.bounds import fits
from agent_core.hub.counters import Counters
from agent_core.hub.relay import Relay
from agent_core.hub.store import Outgoing, Store, Tx
from agent_core.hub.vitals import VitalsBoard
from agent_core.protocol.messages import (
    FromDevice,
    HubHello,
    InboxAck,
    LastWill,
    Presence,
    RoundMessage,
    StatusMessage,
    from_device,
    to_payload,
)
from agent_core.protocol.topics import device_topics, sender_of

log = logging.getLogger(__name__)

BATCH = 128
BATCH_BYTES = 16 * 1024 * 1024
QUEUE_LIMIT = 20_000  # messages; above, they are dropped and come again from the devices
QUEUE_BYTES = 256 * 1024 * 1024

_KINDS: dict[str, tuple[type, ...]] = {
    "status": (StatusMessage,),
    "active": (Presence,),
    "last_will_msg": (LastWill,),
    "outbox": (RoundMessage, InboxAck),
}


_DEVICE = select(tables.devices).where(
    tables.devices.c.edge_id == bindparam("edge"), tables.devices.c.revoked.is_(False)
)


@dataclass
class _Batch:
    tx: Tx
    arrived: frozenset[str] = frozenset()
    acks: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    known: dict[int, RowMapping | None] = field(default_factory=dict)

    def device(self, edge_id: int) -> RowMapping | None:
        """Return a device that may speak, or None."""
        if edge_id not in self.known:
            self.known[edge_id] = self.tx.first(_DEVICE, {"edge": edge_id})
        return self.known[edge_id]


class Listener:
    """The hub's ear: `heard` on the loop, the work in one thread at a time."""

    def __init__(
        self,
        store: Store,
        relay: Relay,
        arrivals: Arrivals,
        counters: Counters,
        vitals: VitalsBoard | None = None,
        instance: str = "",
    ) -> None:
        self._instance = instance
        self._store = store
        self._relay = relay
        self._arrivals = arrivals
        self._counters = counters
        self._vitals = vitals or VitalsBoard()
        self._queue: deque[tuple[str, bytes, float]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def heard(self, topic: str, payload: bytes) -> None:
        """Queue a message from the broker."""
        if len(self._queue) >= QUEUE_LIMIT or self._bytes + len(payload) > QUEUE_BYTES:
            self._counters.refused("overload", 0)
            return
        self._queue.append((topic, payload, time.monotonic()))
        self._bytes += len(payload)
        self._wake.set()

    async def work(self) -> None:
        """Handle what was heard, for as long as the hub runs."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = self._take()
                await asyncio.to_thread(self.handle, [(topic, raw) for topic, raw, _ in batch])
                self._counters.add("silodesk_batches_total")
                self._counters.add("silodesk_messages_total", len(batch))
                self._counters.add(
                    "silodesk_message_seconds_total",
                    sum(time.monotonic() - at for _, _, at in batch),
                )

    def _take(self) -> list[tuple[str, bytes, float]]:
        batch: list[tuple[str, bytes, float]] = []
        size = 0
        while self._queue and len(batch) < BATCH and size < BATCH_BYTES:
            item = self._queue.popleft()
            batch.append(item)
            size += len(item[1])
        self._bytes -= size
        return batch

    def handle(self, messages: list[tuple[str, bytes]]) -> None:
        """Handle messages in one transaction; when it fails, each in its own."""
        try:
            self._handle(messages)
        except Exception as error:  # noqa: BLE001 - border: one bad message is one bad message
            if len(messages) == 1:
                self._failed(messages[0][0], error)
                return
            for message in messages:
                self.handle([message])

    def _failed(self, topic: str, error: Exception) -> None:
        self._counters.refused("internal", 0, f"{topic}: {error}")
        if isinstance(error, SiloDeskError):
            log.warning("A message on %s was not handled, it comes again: %s", topic, error)
        else:
            log.error("A message on %s could not be handled", topic, exc_info=error)

    def _handle(self, messages: list[tuple[str, bytes]]) -> None:
        read = [one for one in (self._read(*message) for message in messages) if one is not None]
        rounds = [message for _, message, _ in read if isinstance(message, RoundMessage)]
        arrived = self._arrivals.look(rounds)
        with self._store.write() as tx:
            batch = _Batch(tx, arrived)
            for edge_id, message, body in read:
                self._one(batch, edge_id, message, body)
            for (edge_id, stream), sequences in batch.acks.items():
                hub = self._instance if stream == "active" else ""
                inbox.acknowledge(tx, edge_id, stream, sequences, hub)

    def _read(self, topic: str, payload: bytes) -> tuple[int, FromDevice, bytes] | None:
        edge_id = 0
        try:
            edge_id, kind = sender_of(topic)
            message, body = from_device(payload)
        except ProtocolError as error:
            self._counters.refused("malformed", edge_id, error.sentence)
            return None
        if not isinstance(message, _KINDS[kind]) or not fits(message.model_dump()):
            self._counters.refused("malformed", edge_id, f"{message.kind} on {kind}")
            return None
        return edge_id, message, body

    def _one(self, batch: _Batch, edge_id: int, message: FromDevice, body: bytes) -> None:
        device = batch.device(edge_id)
        if device is None:
            self._counters.refused("unknown_device", edge_id)
            return
        self._dispatch(batch, device, message, body)

    def _dispatch(
        self, batch: _Batch, device: RowMapping, message: FromDevice, body: bytes
    ) -> None:
        edge_id, tx = device["edge_id"], batch.tx
        if isinstance(message, InboxAck):
            inbox.taken(tx, edge_id, message.inbox_seqs)
        elif isinstance(message, RoundMessage):
            if self._relay.forward(tx, edge_id, message, body, batch.arrived):
                batch.acks[edge_id, "outbox"].append(message.sequence)
        elif message.edge_id != edge_id:
            self._counters.refused("sender", edge_id, f"claims to be device {message.edge_id}")
        elif isinstance(message, StatusMessage):
            if status.apply(tx, edge_id, message, self._counters):
                batch.acks[edge_id, "status"].append(message.sequence)
        elif isinstance(message, Presence):
            self._present(batch, device, message)
        elif presence.left(tx, edge_id):
            devices.changed(tx, edge_id)

    def _present(self, batch: _Batch, device: RowMapping, message: Presence) -> None:
        tx, edge_id = batch.tx, device["edge_id"]
        presence.heartbeat(tx, edge_id, message)
        self._vitals.take(edge_id, message.vitals)
        batch.acks[edge_id, "active"].append(message.sequence)
        before = presence.seen(device["last_seen"], device["gone"], tx.now)
        if (before, device["state"], device["running"]) != (
            "online", message.state.value, message.running,
        ):  # fmt: skip
            devices.changed(tx, edge_id)
        batch.known.pop(edge_id, None)
        if message.resync:
            inbox.resend(tx, edge_id, self._relay.presign)

    def greeting(self) -> list[Outgoing]:
        """Return the words that ask every device for what the hub has not acknowledged."""
        table = tables.devices
        with self._store.read() as reader:
            edges = reader.scalars(select(table.c.edge_id).where(table.c.revoked.is_(False)))
        payload = to_payload(HubHello(hub_time=time.time()))
        return [Outgoing(device_topics(edge_id).inbox, payload) for edge_id in edges]
