"""The device's line to the hub's broker: kept up, heart beating, with renewed credentials."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Literal

from agent_core.agent.binding import DeviceBinding
from agent_core.agent.machine import agent_version
from agent_core.errors import SiloDeskError
from agent_core.protocol.messages import (
    HEARTBEAT_EVERY_S,
    SILENT_AFTER_S,
    LastWill,
    Presence,
    Shape,
    to_payload,
)
from agent_core.protocol.records import Binding
from agent_core.protocol.states import State
from agent_core.protocol.topics import DeviceTopics, device_topics, ui_topic
from agent_core.protocol.vitals import Vitals
from agent_core.transport.mqtt import MqttLink

log = logging.getLogger(__name__)

RENEW_PAUSE_S = 15.0
UNANSWERED_EVERY_S = 2.0  # heartbeats until the hub, which may be starting, answers one
LineState = Literal["unbound", "connecting", "online", "silent", "offline"]


class HubLine:
    """One MQTT link at a time, made anew whenever the binding changes."""

    def __init__(
        self,
        binding: DeviceBinding,
        on_payload: Callable[[str, bytes], None],
        on_up: Callable[[], None],
        on_change: Callable[[], None],
        running: Callable[[], list[int]],
        vitals: Callable[[float | None], Vitals | None],
    ) -> None:
        self._binding = binding
        self._on_payload = on_payload
        self._on_up = on_up
        self._on_change = on_change
        self._running = running
        self._vitals = vitals
        self._link: MqttLink | None = None
        self._topics: DeviceTopics | None = None
        self._beat = 0
        self._sent_at: dict[int, float] = {}
        self._renewed_at = 0.0
        self._up_at = 0.0
        self.detail = ""
        self.answered_at: float | None = None  # monotonic time of the last acknowledged heartbeat
        self.heartbeat_ms: float | None = None

    @property
    def is_up(self) -> bool:
        """Return whether the broker is connected."""
        return self._link is not None and self._link.connected

    @property
    def heartbeat_age_s(self) -> float | None:
        """Return how long ago the hub answered the last time."""
        return None if self.answered_at is None else time.monotonic() - self.answered_at

    @property
    def subscribed(self) -> tuple[str, ...]:
        """Return the device's topics."""
        return self._topics.subscribed if self._topics else ()

    @property
    def state(self) -> LineState:
        """Return how the line stands."""
        if self._binding.current is None:
            return "unbound"
        age = self.heartbeat_age_s
        if not self.is_up:
            return "connecting" if age is None and not self.detail else "offline"
        if age is not None and age <= SILENT_AFTER_S:
            return "online"
        return "connecting" if time.monotonic() - self._up_at < SILENT_AFTER_S else "silent"

    def publish(self, kind: Literal["status", "outbox", "active"], payload: bytes) -> bool:
        """Hand a payload to the broker; False while the line is down or full."""
        if self._link is None or self._topics is None or not self._link.connected:
            return False
        return self._link.publish(getattr(self._topics, kind), payload)

    def send(self, kind: Literal["status", "outbox", "active"], message: Shape) -> bool:
        """Hand a message to the broker."""
        return self.publish(kind, to_payload(message))

    def heard(self, sequences: list[int]) -> None:
        """Take the hub's acknowledgement of heartbeats."""
        now = time.monotonic()
        for sequence in sequences:
            sent = self._sent_at.pop(sequence, None)
            if sent is not None:
                self.answered_at = now
                self.heartbeat_ms = round((now - sent) * 1000, 1)
                self.detail = ""
                self._on_change()  # also while online: whoever looks sees the heartbeat's age

    def beat(self, resync: bool = False) -> None:
        """Send a heartbeat now."""
        binding = self._binding.current
        if binding is None or not self.is_up:
            return
        self._beat += 1
        for old in [number for number in self._sent_at if number < self._beat - 20]:
            del self._sent_at[old]
        self._sent_at[self._beat] = time.monotonic()
        running = self._running()
        self.send(
            "active",
            Presence(
                sequence=self._beat,
                edge_id=binding.device.edge_id,
                state=State.RUNNING if running else State.IDLE,
                agent_version=agent_version(),
                running=running,
                resync=resync,
                vitals=self._vitals(self.heartbeat_ms),
                at=time.time(),
            ),
        )

    async def keep_up(self) -> None:
        """Hold the line for as long as the agent lives."""
        while True:
            self._binding.changed.clear()
            await self._close()
            binding = self._binding.current
            self._on_change()
            if binding is not None:
                await self._open(binding)
            await self._until_changed()

    async def close(self) -> None:
        """Hang up politely."""
        await self._close()

    async def _until_changed(self) -> None:
        before = self.state
        while True:
            try:
                pause = HEARTBEAT_EVERY_S if self.state == "online" else UNANSWERED_EVERY_S
                await asyncio.wait_for(self._binding.changed.wait(), pause)
                return
            except TimeoutError:
                self.beat()
            if self.state != before:
                before = self.state
                if before == "silent":
                    self.detail = "The broker is there, but the hub does not answer."
                self._on_change()

    async def _open(self, binding: Binding) -> None:
        broker = binding.broker
        topics = device_topics(binding.device.edge_id)
        will = LastWill(edge_id=binding.device.edge_id)
        tls = None
        if broker.tls:
            from agent_core.transport.rest import system_trust

            tls = system_trust()
        link = MqttLink(
            broker.host,
            broker.port,
            broker.username,
            broker.password,
            broker.client_id,
            on_message=self._on_payload,
            on_state=self._on_state,
            tls=tls,
            will=(topics.last_will, to_payload(will)),
            # The hub's inbox table keeps what we miss; a second queue at the broker only repeats.
            clean=True,
        )
        self._link, self._topics = link, topics
        await link.subscribe([*topics.subscribed, ui_topic(binding.device.account_id)])
        try:
            await link.connect(timeout=10.0)
        except SiloDeskError as error:
            # The link goes on trying by itself; whoever asks for the status reads why.
            self.detail = error.sentence
            log.warning("%s", error)

    async def _close(self) -> None:
        if self._link is not None:
            await self._link.close()
        self._link, self._topics, self.detail = None, None, ""
        self.answered_at, self.heartbeat_ms = None, None
        self._sent_at.clear()

    def _on_state(self, is_connected: bool, detail: str) -> None:
        if is_connected:
            self.detail = ""
            self._up_at = time.monotonic()
            self.answered_at = None
            self._on_up()
            self.beat(resync=True)
        else:
            self.detail = (
                f"The hub's message broker does not answer. {detail} It is tried again by itself; "
                "if it stays so, check that the hub runs and that the network is up."
            )
            log.warning("%s", detail)
            if "refused" in detail and time.monotonic() - self._renewed_at > RENEW_PAUSE_S:
                self._renewed_at = time.monotonic()
                self._renewal = asyncio.ensure_future(self._renew())
        self._on_change()

    async def _renew(self) -> None:
        try:
            await self._binding.renew()
        except SiloDeskError as error:
            self.detail = error.sentence
            self._on_change()
            log.warning("The broker refuses this device, and its credentials were not renewed: %s",
                        error)  # fmt: skip
