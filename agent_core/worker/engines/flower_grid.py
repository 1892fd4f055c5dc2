"""A Grid whose nodes are silos: messages go out over the channel, with a deadline and a quorum."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from typing import Any

from flwr.app import Message, RecordDict
from flwr.serverapp import Grid

from .. import channel
from ..inbox import Incoming
from ..session import Job
from . import flower_adapter as adapter
from . import notices
from .codec import CodecError, unpack
from .curves import phase_name
from .exchange import Exchange, Request, TallyOfThreads, round_of
from .legacy_rounds import LegacyRounds
from .model_bytes import faults
from .rounds import RoundBook

log = logging.getLogger("silodesk")
ROUND_PHASES = ("train", "eval")
PAUSED = "PAUSED"
ENDED = frozenset({"KILLED", "FAILED", "EXCEPTION", "FINISHED"})


class SiloGrid(Grid):
    """Flower's Grid over the channel of a server job."""

    def __init__(self, job: Job, book: RoundBook) -> None:
        self._job = job
        self._book = book
        self._run = adapter.make_run(job)
        self._changed = threading.Condition()
        self._pending: dict[str, Request] = {}
        self._replies: dict[str, Message] = {}
        self._gone: dict[int, str] = {}
        self._tally = TallyOfThreads(job)
        self._legacy = LegacyRounds(job, book)
        self.faults: list[str] = []  # of the round under way
        job.switch.on_stop(self._wake)
        job.inbox.subscribe(self._on_event)

    # --- Flower's interface ---------------------------------------------------------------------

    def set_run(self, run: Any) -> None:
        """Take the run that Flower names."""
        self._run = run

    @property
    def run(self) -> Any:
        """Return the run."""
        return self._run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Return a new message."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> list[int]:
        """Return the client devices of the run; one that is gone answers with an error."""
        return self._job.clients

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        """Send messages and return their ids."""
        self._job.switch.check()
        messages = list(messages)
        self._pass_gate(messages)
        exchange = self._open(messages, None)
        self._send(messages, exchange)
        return [message.metadata.message_id for message in messages]

    def pull_messages(self, message_ids: Iterable[str]) -> list[Message]:
        """Return the replies that are there; after the deadline, errors for those that are not."""
        self._job.switch.check()
        with self._job.switch.shielded(), self._changed:
            self._expire(list(message_ids))
            return [self._replies.pop(name) for name in message_ids if name in self._replies]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> list[Message]:
        """Send messages and return the replies that came by the deadline.

        Raises JobFailedError where fewer silos than the quorum gave a good one.
        """
        self._job.switch.check()
        messages = list(messages)
        if not messages:
            return []
        self._pass_gate(messages)
        exchange = self._open(messages, timeout)
        self._send(messages, exchange)
        names = [message.metadata.message_id for message in messages]
        self._wait(exchange, names)
        replies = self._collect(exchange, names)
        self._judge(exchange)
        return replies

    # --- one exchange ---------------------------------------------------------------------------

    def _pass_gate(self, messages: list[Message]) -> None:
        """Wait before a round's first message while the run is paused; a strategy waits itself."""
        if self._book.is_watched or not messages:
            return
        phase = messages[0].metadata.message_type
        if phase_name(phase) == "train":
            self.enter_round(round_of(messages[0], self._book.number, phase))

    def enter_round(self, number: int) -> None:
        """Begin a round, or wait before it while the run is paused; its deadline begins later."""
        gate = self._job.inbox.gate
        if gate.is_closed:
            self._book.flush_models()  # nobody should wait for the model of the round before
        gate.enter(number, self._book.rounds, self._job.reporter)

    def _open(self, messages: list[Message], timeout: float | None) -> Exchange:
        seconds = self._job.order.round_deadline_s
        if timeout is not None:
            seconds = min(seconds, timeout)
        phase = messages[0].metadata.message_type if messages else "train"
        with self._job.switch.shielded(), self._changed:
            if not self._book.is_watched and messages and phase_name(phase) in ROUND_PHASES:
                number = round_of(messages[0], self._book.number, phase)
                self._tally.begin(number, phase)
                self._legacy.begin(number, messages[0])
            exchange = Exchange(self._job, self._book.number, phase, seconds)
            if self._book.open is None or exchange.is_first_of(self._book.open):
                self.faults = []
            return exchange

    def _send(self, messages: list[Message], exchange: Exchange) -> None:
        for message in messages:
            message_id = uuid.uuid4().hex
            adapter.set_message_id(message, message_id)
            edge_id = message.metadata.dst_node_id
            header, sets = adapter.encode(message)
            packed = self._book.packer.pack(header, sets)
            request = Request(edge_id, message, exchange, sets[0] if sets else [])
            with self._job.switch.shielded(), self._changed:
                self._pending[message_id] = request
                exchange.ask(edge_id)
                if edge_id in self._gone or edge_id not in self._job.clients:
                    reason = self._gone.get(edge_id, f"Device {edge_id} has no part in this run.")
                    self._fail(message_id, adapter.UNAVAILABLE, reason)
                    continue
            fields = {
                "message_id": message_id, "reply_to": "", "to_edge": edge_id,
                "round": exchange.round,
            }  # fmt: skip
            self._job.reporter.message(fields, packed.body, packed.blobs)
        exchange.show(self._book.rounds)
        self._book.flush_models()

    def _wait(self, exchange: Exchange, names: list[str]) -> None:
        with self._job.switch.shielded(), self._changed:
            while any(name in self._pending for name in names) and not self._job.switch.is_set:
                left = exchange.deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, 60.0))
        self._job.switch.check()

    def _collect(self, exchange: Exchange, names: list[str]) -> list[Message]:
        with self._job.switch.shielded(), self._changed:
            late = [name for name in names if name in self._pending]
            for name in late:
                request = self._pending[name]
                exchange.close_by_deadline()
                self._fail(name, adapter.NO_REPLY, exchange.no_answer(request.edge_id))
                notices.withdraw(self._job, request.edge_id, [name])
            # Flower leaves out who did not answer; its legacy API wants a reply for each call.
            kept = names if len(names) == 1 else [name for name in names if name not in late]
            replies = [self._replies.pop(name) for name in kept if name in self._replies]
            for name in names:
                self._replies.pop(name, None)
        return replies

    def _judge(self, exchange: Exchange) -> None:
        if threading.current_thread() is threading.main_thread():
            self._book.count(exchange.phase, exchange.asked, exchange.good, exchange.closed_by)
            exchange.check_quorum()
        else:
            self._tally.add(exchange)
            self._tally.count_in(self._book)

    def finish(self) -> None:
        """Judge what the legacy API left open, and close its last round."""
        self._tally.end()
        self._legacy.end()

    # --- what comes back, in the reading thread -------------------------------------------------

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _on_event(self, event: Incoming) -> None:
        if event.kind == channel.PEER:
            self._on_peer(event.fields)
            return
        name = str(event.fields.get("reply_to") or "")
        with self._changed:
            request = self._pending.get(name)
        try:
            header, sets = unpack(event.body, event.blobs)
            if header.get("kind") != "flower":
                return
            sender = int(event.fields.get("from_edge") or (request.edge_id if request else 0))
            if request is None or sender != request.edge_id:
                log.info("A late answer of %s was dropped.", self._job.label(sender))
                return
            reply = adapter.answer(request.message, adapter.decode(header, sets))
            self._inspect(request, sets)
        except CodecError as error:
            if request is None:
                return
            reply = adapter.error_reply(request.message, adapter.RAISED, str(error))
        with self._changed:
            if self._pending.pop(name, None) is None:
                return
            self._replies[name] = reply
            self._account(request, reply)
            self._changed.notify_all()

    def _account(self, request: Request, reply: Message) -> None:
        if reply.has_error():
            reason = reply.error.reason or "no reason given"
            request.exchange.fail(request.edge_id, reason)
            log.error("%s: %s", self._job.label(request.edge_id), reason)
        else:
            request.exchange.succeed(request.edge_id)
            if not self._book.is_watched:
                self._legacy.add(request, reply)
        request.exchange.show(self._book.rounds)

    def _inspect(self, request: Request, sets: list[Any]) -> None:
        if not sets or not request.exchange.phase.startswith("train"):
            return
        for fault in faults(sets[0], request.model):
            self.note_fault(
                f"Round {request.exchange.round}: the update of "
                f"{self._job.label(request.edge_id)} {fault}."
            )

    def note_fault(self, sentence: str) -> None:
        """Log what is wrong with an update, and remember it for the round's end."""
        self.faults.append(sentence)
        log.warning("%s", sentence)

    def _on_peer(self, fields: dict[str, Any]) -> None:
        edge_id, state = int(fields.get("edge_id") or 0), str(fields.get("state") or "")
        label = self._job.label(edge_id)
        with self._changed:
            if state == PAUSED:
                self._job.paused[edge_id] = str(fields.get("reason") or "Paused.")
            else:
                self._job.paused.pop(edge_id, None)
            if state not in ENDED:
                self._show_again(edge_id)
                if self._gone.pop(edge_id, None) is not None:
                    log.info("%s is back.", label)
                return
            reason = str(fields.get("reason") or f"its job ended as {state}")
            self._gone[edge_id] = f"{label} does not answer any more: {reason}"
            log.warning("%s", self._gone[edge_id])
            for name in [n for n, r in self._pending.items() if r.edge_id == edge_id]:
                self._fail(name, adapter.UNAVAILABLE, self._gone[edge_id])
            self._changed.notify_all()

    def _show_again(self, edge_id: int) -> None:
        """Say anew who is waited for, where that silo's answer is awaited."""
        for request in self._pending.values():
            if request.edge_id == edge_id:
                request.exchange.show(self._book.rounds)
                return

    def _fail(self, name: str, code: int, reason: str) -> None:
        request = self._pending.pop(name)
        self._replies[name] = adapter.error_reply(request.message, code, reason)
        request.exchange.fail(request.edge_id, reason)
        request.exchange.show(self._book.rounds)

    def _expire(self, names: list[str]) -> None:
        for name in names:
            request = self._pending.get(name)
            if request is not None and time.monotonic() > request.exchange.deadline:
                reason = request.exchange.no_answer(request.edge_id)
                self._fail(name, adapter.NO_REPLY, reason)
