"""What others send to a job: held until it runs, tensors fetched, handed to its keeper."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Any

from agent_core.agent import inline
from agent_core.agent.parts import Parts
from agent_core.errors import Retryable, SiloDeskError
from agent_core.jobs.handle import JobHandle
from agent_core.protocol.messages import INLINE, BlobRef, Peer, RoundMessage
from agent_core.transport.retry import delays

log = logging.getLogger(__name__)

BLOBS_KEPT = 2  # as worker.channel.BLOBS_KEPT: what the job certainly still has


class Intake:
    """The incoming side of one job; its keeper drops what comes twice."""

    def __init__(self, parts: Parts, job_id: str) -> None:
        self._parts = parts
        self._job_id = job_id
        self._handle: JobHandle | None = None
        self._is_closed = False
        self._order = asyncio.Lock()
        self._named: OrderedDict[str, None] = OrderedDict()
        self._under_way: set[asyncio.Future[None]] = set()
        self._working: set[str] = set()  # messages of rounds that the job has not answered yet
        self._is_withheld = False

    @property
    def is_working(self) -> bool:
        """Return whether the job has a round's message that it did not answer."""
        return bool(self._working)

    async def open(self, handle: JobHandle) -> None:
        """Hand over what was held, then what comes; ends early where it is withheld meanwhile."""
        if self._handle is handle:
            return
        self._is_withheld = False
        while not self._is_withheld:
            first = self._parts.held.first(self._job_id)
            if first is None:
                self._handle = handle
                return
            position, message, body = first
            await self._deliver(handle, message, body)
            self._parts.held.done(position)

    def withhold(self) -> None:
        """Keep what comes in the journal until `open`."""
        self._is_withheld = True
        self._handle = None

    def answered(self, message_id: str) -> None:
        """Note that the job answered a message, or (without an id) that it has nothing to do."""
        if message_id:
            self._working.discard(message_id)
        else:
            self._working.clear()

    def close(self) -> None:
        """Take nothing more: the job has ended."""
        self._is_closed = True
        self._parts.held.drop(self._job_id)

    async def take(self, message: RoundMessage | Peer, body: bytes) -> bool:
        """Deliver or hold a message; return whether it is safe."""
        if self._is_closed:
            return True  # nobody will read it
        if isinstance(message, Peer):
            # "Will not answer any more" must not overtake the last answer.
            await asyncio.gather(*self._under_way)
            return await self._take(message, body)
        done = asyncio.get_running_loop().create_future()
        self._under_way.add(done)
        try:
            return await self._take(message, body)
        finally:
            self._under_way.discard(done)
            done.set_result(None)

    async def _take(self, message: RoundMessage | Peer, body: bytes) -> bool:
        if self._handle is None:
            # Its addresses would expire while the job waits for its approval.
            await self._fetch(message)
            if self._handle is None:
                self._parts.held.add(self._job_id, _name(message), message, body)
                return True
        await self._deliver(self._handle, message, body)
        return True

    async def _deliver(self, handle: JobHandle, message: RoundMessage | Peer, body: bytes) -> None:
        if isinstance(message, Peer):
            fields = {
                "edge_id": message.edge_id,
                "state": message.state.value,
                "reason": message.reason,
            }
            await self._hand_over(handle, _name(message), "peer", fields)
            return
        text, inside = inline.split(body, message.blobs)
        files = await self._fetch(message) if not inside else {}
        blobs = dict(zip((ref.sha256 for ref in message.blobs), inside, strict=False))
        async with self._order:
            for ref in message.blobs:
                if ref.sha256 not in self._named:
                    await self._hand_over(
                        handle,
                        f"{_name(message)}:{ref.sha256}",
                        "blob",
                        {"sha256": ref.sha256, "size": ref.size},
                        blobs.get(ref.sha256, b""),
                        files.get(ref.sha256),
                    )
            if message.round:  # notices belong to no round, and get no answer
                self._working.add(message.message_id)
            await self._hand_over(handle, _name(message), "message", _fields(message), text)
            self._name_blobs(message.blobs)
        # A crash may lose this: a few files more stay until the run's end.
        named = list(files)
        self._parts.journal.lazily(lambda: self._parts.shelf.named(message.run_id, "in", named))

    async def _hand_over(
        self,
        handle: JobHandle,
        delivery_id: str,
        kind: str,
        fields: dict[str, Any],
        body: bytes = b"",
        blob: Any = None,
    ) -> None:
        for pause in delays(0.05, 1.0):
            try:
                await handle.deliver(delivery_id, kind, fields, body, blob)
                return
            except SiloDeskError as error:
                # A busy job reads later; one that has ended needs nothing.
                if not isinstance(error, Retryable):
                    raise
                if self._is_closed or not handle.is_kept:
                    return
            await asyncio.sleep(pause)

    async def _fetch(self, message: RoundMessage | Peer) -> dict[str, Any]:
        if isinstance(message, Peer):
            return {}
        refs = [ref for ref in message.blobs if ref.url != INLINE]
        fetched = await asyncio.gather(
            *(self._parts.shelf.fetch(message.run_id, ref) for ref in refs)
        )
        received = sum(size for _, size in fetched)
        if received:
            self._parts.journal.lazily(lambda: self._count(message.run_id, received))
        return {ref.sha256: path for ref, (path, _) in zip(refs, fetched, strict=True)}

    def _count(self, run_id: int, received: int) -> None:
        self._parts.traffic.add("updates", down=received)
        self._parts.book.add_bytes(run_id, down=received)

    def _name_blobs(self, refs: list[BlobRef]) -> None:
        for ref in refs:
            self._named[ref.sha256] = None
            self._named.move_to_end(ref.sha256)
        while len(self._named) > BLOBS_KEPT:
            self._named.popitem(last=False)


def _name(message: RoundMessage | Peer) -> str:
    if isinstance(message, Peer):
        return f"peer-{message.inbox_seq}"
    return f"{message.from_edge}-{message.message_id}"


def _fields(message: RoundMessage) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "reply_to": message.reply_to,
        "from_edge": message.from_edge,
        "to_edge": message.to_edge,
        "round": message.round,
        "blobs": [{"sha256": ref.sha256, "size": ref.size} for ref in message.blobs],
    }
