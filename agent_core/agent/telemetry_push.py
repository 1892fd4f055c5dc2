"""Handing the spool's records to the hub in numbered batches, once a second."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import get_args

from agent_core.agent.binding import DeviceBinding
from agent_core.agent.journal import Journal
from agent_core.agent.traffic import Kind, Traffic
from agent_core.errors import Retryable, SiloDeskError
from agent_core.protocol.records import TelemetryAck, TelemetryBatch
from agent_core.telemetry.spool import Spool
from agent_core.transport.rest import checked
from agent_core.transport.retry import delays

log = logging.getLogger(__name__)

EVERY_S = 1.0  # each push costs the hub a transaction; of quick rounds, several share one
BATCH = 2000
REFUSED_S = 15.0
STREAMS: tuple[str, ...] = get_args(TelemetryBatch.model_fields["stream"].annotation)
KINDS: dict[str, Kind] = {"metrics": "metrics", "logs": "logs"}


class TelemetryPush:
    """Push while there is something; the hub's answer says what the spool may forget."""

    def __init__(
        self, journal: Journal, spool: Spool, binding: DeviceBinding, traffic: Traffic
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._binding = binding
        self._traffic = traffic
        self._wanted = asyncio.Event()
        self._is_hurried = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def kick(self) -> None:
        """Say that there is something to push."""
        self._empty.clear()
        self._wanted.set()

    async def settle(self, within_s: float) -> None:
        """Push now, and wait until the hub has everything, at most this long."""
        self.kick()
        self._is_hurried.set()
        try:
            await asyncio.wait_for(self._empty.wait(), within_s)
        except TimeoutError:
            log.warning("The hub has not taken all figures and log lines yet; they are kept.")

    async def keep_pushing(self) -> None:
        """Push for as long as the agent lives."""
        pauses = delays(0.5, 15.0)
        while True:
            await self._wanted.wait()
            if self._binding.current is None:
                await asyncio.sleep(1.0)
                continue
            self._wanted.clear()
            self._is_hurried.clear()
            try:
                for stream in STREAMS:
                    await self._push(stream)
            except SiloDeskError as error:
                log.warning("Figures and log lines wait: %s", error)
                self._wanted.set()
                await asyncio.sleep(next(pauses) if isinstance(error, Retryable) else REFUSED_S)
                continue
            pauses = delays(0.5, 15.0)
            if not self._wanted.is_set():
                self._empty.set()
            await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._is_hurried.wait(), EVERY_S)
        except TimeoutError:
            pass

    async def _push(self, stream: str) -> None:
        while True:
            batch = self._spool.batch(stream, BATCH)
            if batch is None or not batch.records:
                return
            body = batch.model_dump(mode="json")
            answer = await asyncio.to_thread(self._binding.rest().post_gzip, "/telemetry", body)
            ack = checked(TelemetryAck, answer)
            size = len(json.dumps(body["records"]))
            with self._journal.transaction():
                if ack.highest < batch.first_sequence - 1:
                    self._spool.go_back(stream, ack.highest)
                else:
                    self._spool.acknowledge(stream, ack.highest)
                self._traffic.add(KINDS.get(stream, "other"), up=size)
            if ack.highest < batch.first_sequence + len(batch.records) - 1:
                # The hub took less than it was sent; it is asked again after a pause.
                log.warning("The hub has %s up to %d only", stream, ack.highest)
                self._wanted.set()
                return
