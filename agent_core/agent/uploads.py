"""Uploading tensors and models that jobs named; messages that need them leave afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from agent_core.agent.binding import DeviceBinding
from agent_core.agent.blob_shelf import BlobShelf
from agent_core.agent.job_book import JobBook
from agent_core.agent.journal import Journal
from agent_core.agent.sender import Sender
from agent_core.agent.traffic import Traffic
from agent_core.agent.transfers import Transfer, Transfers
from agent_core.errors import Retryable, SiloDeskError, StorageError
from agent_core.transport.objects import upload
from agent_core.transport.rest import fields
from agent_core.transport.retry import delays

log = logging.getLogger(__name__)

AT_ONCE = 4
GIVE_UP_AFTER = 5  # answers that are no mere silence

OnModel = Callable[[Transfer], None]


class Uploader:
    """One task per upload that the journal holds."""

    def __init__(
        self,
        journal: Journal,
        transfers: Transfers,
        shelf: BlobShelf,
        binding: DeviceBinding,
        book: JobBook,
        traffic: Traffic,
        sender: Sender,
    ) -> None:
        self._journal = journal
        self._transfers = transfers
        self._shelf = shelf
        self._binding = binding
        self._book = book
        self._traffic = traffic
        self._sender = sender
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.on_model: OnModel = lambda _transfer: None
        self.on_failure: Callable[[Transfer, str], None] = lambda _transfer, _reason: None

    def kick(self) -> None:
        """Start every upload that can."""
        for transfer in self._transfers.ready():
            if transfer.id not in self._tasks:
                task = asyncio.ensure_future(self._carry(transfer))
                self._tasks[transfer.id] = task
                task.add_done_callback(partial(self._ended, transfer.id))

    def _ended(self, number: int, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(number, None)

    async def settle(self, run_id: int, within_s: float) -> None:
        """Wait until a run's uploads are done, at most this long."""
        try:
            async with asyncio.timeout(within_s):
                while self._transfers.waiting(run_id) and self._tasks:
                    await asyncio.wait(
                        list(self._tasks.values()), return_when=asyncio.FIRST_COMPLETED
                    )
        except TimeoutError:
            log.warning("Run %s ended with uploads that go on", run_id)

    def look_again(self, sequences: list[int]) -> None:
        """Offer what overdue messages name again: the store may have lost it meanwhile."""
        try:
            with self._journal.transaction():
                for sequence in sequences:
                    self._transfers.reopen(sequence)
        except StorageError as error:
            log.warning("Overdue messages are sent as they are: %s", error)  # and looked at again
        self.kick()

    def cancel(self) -> None:
        """Stop; the journal knows what is left."""
        for task in list(self._tasks.values()):
            task.cancel()

    async def _carry(self, transfer: Transfer) -> None:
        refusals = 0
        for pause in delays(0.2, 10.0):
            try:
                async with self._slots:
                    sent = await self._send(transfer)
            except SiloDeskError as error:
                refusals += not isinstance(error, Retryable)
                log.warning("The upload of %s waits: %s", transfer.sha256[:12], error)
                if refusals >= GIVE_UP_AFTER:
                    self._give_up(transfer, error)
                    return
            except FileNotFoundError as error:
                self._give_up(transfer, error)
                return
            else:
                self._done(transfer, sent)
                return
            await asyncio.sleep(pause)

    async def _send(self, transfer: Transfer) -> int:
        wanted = {
            "run_id": transfer.run_id,
            "kind": transfer.kind,
            "round": transfer.round,
            "sha256": transfer.sha256,
            "size": transfer.size,
        }
        return await asyncio.to_thread(self._put, wanted, transfer)

    def _put(self, wanted: dict[str, Any], transfer: Transfer) -> int:
        rest = self._binding.rest()
        told = rest.call("POST", "/objects", json=wanted)
        answer = fields(told, "exists", "upload_id", "parts", "part_size")
        if answer["exists"]:
            return 0
        path = self._shelf.path(transfer.run_id, transfer.sha256)
        parts = upload(answer["parts"], path, int(answer["part_size"]))
        if told.get("needs_finish") is False:
            return transfer.size  # the hub looks for it when a message names it
        rest.call(
            "POST",
            "/objects/complete",
            json={
                "run_id": transfer.run_id,
                "sha256": transfer.sha256,
                "upload_id": answer["upload_id"],
                "parts": parts,
            },
        )
        return transfer.size

    def _done(self, transfer: Transfer, sent: int) -> None:
        with self._journal.transaction():
            self._transfers.finish(transfer.id)
            if sent:
                self._traffic.add("updates" if transfer.kind == "blob" else "other", up=sent)
                self._book.add_bytes(transfer.run_id, up=sent)
            if transfer.record is not None:
                self.on_model(transfer)
        if transfer.kind == "model":
            self._shelf.forget(transfer.run_id, transfer.sha256)
        else:
            self.kick()  # a model may have waited for these tensors
        self._sender.kick("outbox")

    def _give_up(self, transfer: Transfer, error: Exception) -> None:
        dropped = self._transfers.drop(transfer)
        reason = (
            f"A {transfer.kind} of {transfer.size} bytes (round {transfer.round}) could not be "
            f"uploaded: {error} {dropped} message(s) that needed it were dropped."
        )
        log.error("Run %s: %s", transfer.run_id, reason)
        self.on_failure(transfer, reason)
        self.kick()
