"""From committed transactions to the broker: messages at once, notices of changes throttled."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import select

from agent_core.errors import SiloDeskError
from agent_core.hub import tables
from agent_core.hub.counters import Counters
from agent_core.hub.store import Notice, Outgoing, Reader, Store
from agent_core.protocol.messages import Changed, to_payload
from agent_core.protocol.topics import ui_topic

log = logging.getLogger(__name__)

NOTICE_EVERY_S = 0.2  # per thing; the last one of a burst always goes out


class Link(Protocol):
    """What is needed of transport.mqtt.MqttLink."""

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> bool:
        """Hand a message to the broker; False when it cannot take it now."""


@dataclass
class _Pending:
    sent_at: float = 0.0
    waiting: set[Notice] = field(default_factory=set)


class Publisher:
    """Publishes on the loop what transactions in any thread want out."""

    def __init__(self, store: Store, counters: Counters) -> None:
        self._store = store
        self._counters = counters
        self._loop: asyncio.AbstractEventLoop | None = None
        self._link: Link | None = None
        self._pending: dict[tuple[str, int], _Pending] = {}
        self._wake = asyncio.Event()
        self._change = 0

    def attach(self, loop: asyncio.AbstractEventLoop, link: Link) -> None:
        """Start to publish over a link that lives on this loop."""
        self._loop, self._link = loop, link
        self._store.on_commit = self.hand_over

    def hand_over(self, outgoing: list[Outgoing], notices: list[Notice]) -> None:
        """Take what a committed transaction wants out; may be called in any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, outgoing, notices)

    def _take(self, outgoing: list[Outgoing], notices: list[Notice]) -> None:
        for item in outgoing:
            self.publish(item.topic, item.payload)
        for notice in notices:
            self._pending.setdefault((notice.what, notice.id), _Pending()).waiting.add(notice)
        if notices:
            self._wake.set()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish now; what the broker cannot take is sent again from the inbox table."""
        if self._link is None:
            return
        try:
            if not self._link.publish(topic, payload):
                self._counters.add("silodesk_publish_full_total")
        except SiloDeskError as error:
            log.warning("A message on %s cannot be published: %s", topic, error)

    async def tell_changes(self) -> None:
        """Send notices, each thing at most once in NOTICE_EVERY_S, for as long as the hub runs."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            pause = await self._flush()
            if pause is not None:
                # Something became due later, or comes in meanwhile.
                try:
                    await asyncio.wait_for(self._wake.wait(), pause)
                except TimeoutError:
                    pass
                self._wake.set()

    async def _flush(self) -> float | None:
        """Send what is due; return how long until the next is, or None."""
        now = time.monotonic()
        due: list[Notice] = []
        pause: float | None = None
        for key, pending in list(self._pending.items()):
            wait = pending.sent_at + NOTICE_EVERY_S - now
            if not pending.waiting:
                if wait <= 0:
                    del self._pending[key]
            elif wait > 0:
                pause = wait if pause is None else min(pause, wait)
            else:
                due += pending.waiting
                pending.waiting = set()
                pending.sent_at = now
        if due:
            try:
                audience = await asyncio.to_thread(self._audience, due)
            except SiloDeskError as error:
                log.warning("Nobody could be told of changes: %s", error)
                return NOTICE_EVERY_S
            for (what, number), accounts in audience.items():
                self._change = max(self._change + 1, int(time.time() * 1000))
                message = Changed(what=what, id=number, change=self._change)
                for account in accounts:
                    self.publish(ui_topic(account), to_payload(message))
        return pause

    def _audience(self, due: list[Notice]) -> dict[tuple[str, int], set[int]]:
        found: dict[tuple[str, int], set[int]] = {}
        with self._store.read() as reader:
            for notice in due:
                people = found.setdefault((notice.what, notice.id), set())
                if notice.account_id is not None:
                    people.add(notice.account_id)
                if notice.group_id is not None:
                    people.update(_members(reader, notice.group_id))
        return found


def _members(reader: Reader, group_id: int) -> list[int]:
    members = tables.members
    return reader.scalars(select(members.c.account_id).where(members.c.group_id == group_id))
