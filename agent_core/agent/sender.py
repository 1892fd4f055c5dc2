"""Sending what the hub has not acknowledged: at once, again after a while, again on reconnect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import get_args

from agent_core.agent.connection import HubLine
from agent_core.agent.mailbox import Mailbox, Stream
from agent_core.protocol.envelope import pack
from agent_core.protocol.messages import RESEND_AFTER_S, InboxAck

STREAMS: tuple[Stream, ...] = get_args(Stream)
ACK_AFTER_S = 0.1  # nobody waits for it; the hub sends again after RESEND_AFTER_S only
IN_FLIGHT = 256  # messages of a stream that may wait for their acknowledgement


class Sender:
    """Move kept messages to the broker; the journal holds them until the hub has them."""

    def __init__(self, mailbox: Mailbox, line: HubLine) -> None:
        self._mailbox = mailbox
        self._line = line
        self._in_flight: dict[Stream, dict[int, float]] = {stream: {} for stream in STREAMS}
        self._acks: list[int] = []
        self.on_overdue: Callable[[list[int]], None] = lambda _sequences: None
        self._is_waiting = asyncio.Event()
        self._settled = asyncio.Event()

    def kick(self, stream: Stream) -> None:
        """Send what may leave and is not under way."""
        if not self._line.is_up:
            return
        flying = self._in_flight[stream]
        for sequence in self._mailbox.ready(stream):
            if sequence in flying:
                continue
            if len(flying) >= IN_FLIGHT or not self._send(stream, sequence):
                break
        self._is_waiting.set()

    def resend_all(self) -> None:
        """Send everything again: the connection is new, or the hub asked for it."""
        for stream in STREAMS:
            self._in_flight[stream].clear()
            self.kick(stream)

    def acknowledged(self, stream: Stream, sequences: list[int]) -> None:
        """Forget what the hub has for good."""
        flying = self._in_flight[stream]
        was_full = len(flying) >= IN_FLIGHT
        # They stay "in flight" until they are gone from the journal, so that nothing repeats them.
        self._mailbox.acknowledge_lazily(stream, sequences)

        def forget() -> None:
            for sequence in sequences:
                flying.pop(sequence, None)
            self._settled.set()
            if was_full:
                self.kick(stream)

        self._mailbox.after_lazy(forget)

    def acknowledge_inbox(self, inbox_seq: int) -> None:
        """Tell the hub that an inbox message is committed; those of ACK_AFTER_S go together."""
        if not inbox_seq:
            return
        self._acks.append(inbox_seq)
        if len(self._acks) == 1:
            asyncio.get_running_loop().call_later(ACK_AFTER_S, self._send_acks)

    async def settle(self, run_id: int, within_s: float) -> None:
        """Wait until the hub has a run's messages, at most this long."""
        until = time.monotonic() + within_s
        while any(self._mailbox.waiting(stream, run_id) for stream in STREAMS):
            left = until - time.monotonic()
            if left <= 0:
                return
            self._settled.clear()
            try:
                await asyncio.wait_for(self._settled.wait(), left)
            except TimeoutError:
                return

    async def keep_sending(self) -> None:
        """Send again what was not acknowledged in time, for as long as the agent lives."""
        while True:
            await self._is_waiting.wait()
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for stream in STREAMS:
                flying = self._in_flight[stream]
                overdue = [n for n, at in flying.items() if now - at > RESEND_AFTER_S]
                for sequence in overdue:
                    del flying[sequence]
                if stream == "outbox" and overdue:
                    self.on_overdue(overdue)
                self.kick(stream)
            if not any(self._mailbox.waiting(stream) for stream in STREAMS):
                self._is_waiting.clear()

    def _send(self, stream: Stream, sequence: int) -> bool:
        message = self._mailbox.get(stream, sequence)
        if message is None:
            return True
        if not self._line.publish(stream, pack(message.header.encode(), message.body)):
            return False
        self._in_flight[stream][sequence] = time.monotonic()
        return True

    def _send_acks(self) -> None:
        acks, self._acks = self._acks, []
        # Not kept: where it is lost, the hub sends those messages again and hears it then.
        self._line.send("outbox", InboxAck(inbox_seqs=acks))
