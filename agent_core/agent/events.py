"""Events for local clients: a bounded queue each, so that a slow one harms nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

QUEUE_LIMIT = 2000


class Subscriber:
    """The events that one client has not read yet; the oldest fall away over the limit."""

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque(maxlen=QUEUE_LIMIT)
        self._arrived = asyncio.Event()

    def put(self, event: dict[str, Any]) -> None:
        """Add an event."""
        self._events.append(event)
        self._arrived.set()

    async def take(self) -> list[dict[str, Any]]:
        """Return all events that wait, at least one."""
        await self._arrived.wait()
        self._arrived.clear()
        events = list(self._events)
        self._events.clear()
        return events


class EventBus:
    """Give every subscriber every event."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()

    @property
    def is_heard(self) -> bool:
        """Return whether anyone listens; nobody need make events for no one."""
        return bool(self._subscribers)

    def emit(self, name: str, **payload: Any) -> None:
        """Send an event (protocol/local.py EVENTS) to everyone."""
        event = {"name": name, **payload}
        for subscriber in self._subscribers:
            subscriber.put(event)

    def add(self) -> Subscriber:
        """Return a new subscriber."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        return subscriber

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        self._subscribers.discard(subscriber)
