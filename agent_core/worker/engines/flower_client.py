"""The silo's half of a Flower run: serve the server's messages one after the other."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any

from flwr.app import ConfigRecord, Message, MetricRecord
from flwr.clientapp import ClientApp

from .. import channel
from ..ending import sentence_of, trace_of
from ..inbox import Incoming
from ..session import Job, RaisedError
from ..stop import JobStopped
from . import curves, notices
from . import flower_adapter as adapter
from .codec import CodecError, Packer, unpack
from .entry import load_object

IDLE_SHOWN_AFTER_S = 1.0
log = logging.getLogger("silodesk")


def answer_until_the_end(job: Job) -> None:
    """Serve messages until the server says that it is done."""
    client = FlowerClient(job)
    try:
        client.run()
    except JobStopped:
        if client.raised:
            raise RaisedError(client.raised) from None
        raise


class FlowerClient:
    """One ClientApp with its context, which lives through all rounds."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._app = load_object(job, "app", ClientApp)
        self._context = adapter.make_context(job)
        self._packer = Packer(remembered=0)  # no two replies carry the same arrays
        self._waiting: deque[tuple[Incoming, dict[str, Any], Any]] = deque()
        self._withdrawn: set[str] = set()
        self._is_over = False
        self._round = 0
        self.raised = ""  # what the app raised in the last message it was given

    def run(self) -> None:
        """Serve until the end."""
        self._show_idle()
        while True:
            self._read()
            if not self._waiting:
                if self._is_over:
                    return
                continue
            event, header, sets = self._waiting.popleft()
            message_id = str(event.fields.get("message_id"))
            if message_id in self._withdrawn:
                log.warning("A request was withdrawn by the server before its turn came.")
                continue
            self._serve(event, header, sets)

    def _read(self) -> None:
        """Wait for a message where none waits, and sort everything that has arrived."""
        if not self._waiting:
            event = self._job.inbox.next(time.monotonic() + IDLE_SHOWN_AFTER_S)
            if event is None:
                self._show_idle()
                event = self._job.inbox.next()
            if event is not None:
                self._sort(event)
        for event in self._job.inbox.take_all():
            self._sort(event)

    def _sort(self, event: Incoming) -> None:
        if event.kind != channel.MESSAGE:
            return
        try:
            header, sets = unpack(event.body, event.blobs)
        except CodecError as error:
            log.warning("A message from the server cannot be read: %s", error)
            return
        if header.get("kind") == notices.END:
            self._is_over = True
        elif header.get("kind") == notices.CANCEL:
            self._withdrawn |= {str(name) for name in header.get("ids", [])}
        else:
            self._waiting.append((event, header, sets))

    def _serve(self, event: Incoming, header: dict[str, Any], sets: Any) -> None:
        request = adapter.decode(header, sets)
        del sets
        phase = request.metadata.message_type
        self._round = int(event.fields.get("round") or 0)
        self._job.reporter.progress(
            round=self._round, rounds=self._job.order.rounds, phase=curves.phase_name(phase),
            detail="", waiting=[], since=time.time(), until=None,
        )  # fmt: skip
        reply = self._call(request)
        self._report_metrics(reply, phase)
        self._send(reply, event)

    def _call(self, request: Message) -> Message:
        # A border: what the app raises becomes an error reply, and the silo stays for later rounds.
        try:
            answer = adapter.answer(request, self._app(request, self._context))
        except Exception as error:  # noqa: BLE001 - any; it goes to the log and into the reply
            self._job.reporter.log("ERROR", trace_of(error))
            self.raised = sentence_of(error, self._job.package_root)
            return adapter.error_reply(request, adapter.RAISED, self.raised)
        self.raised = ""
        return answer

    def _send(self, reply: Message, event: Incoming) -> None:
        header, sets = adapter.encode(reply)
        packed = self._packer.pack(header, sets)
        fields = {
            "message_id": reply.metadata.message_id,
            "reply_to": reply.metadata.reply_to_message_id,
            "to_edge": int(event.fields.get("from_edge") or self._job.server),
            "round": self._round,
        }
        self._job.reporter.message(fields, packed.body, packed.blobs)

    def _report_metrics(self, reply: Message, phase: str) -> None:
        values, bad = metrics_of(reply, phase)
        for name in bad:
            log.warning("Round %s: %s is NaN or infinite; it is not drawn.", self._round, name)
        self._job.reporter.metrics(curves.points(values, round_number=self._round, scope="own"))

    def _show_idle(self) -> None:
        self._job.reporter.progress(
            round=self._round, rounds=self._job.order.rounds, phase="waiting",
            detail="Waiting for the server's next message.", waiting=[self._job.server],
            since=time.time(), until=None,
        )  # fmt: skip


def metrics_of(reply: Message, phase: str) -> tuple[dict[str, float], list[str]]:
    """Return the curves of a reply, and the names of those that are no numbers."""
    if reply.has_error():
        return {}, []
    values: dict[str, float] = {}
    bad: list[str] = []
    for name, record in reply.content.items():
        # The legacy API puts its metrics into a ConfigRecord.
        if isinstance(record, MetricRecord) or (
            isinstance(record, ConfigRecord) and name.endswith("res.metrics")
        ):
            good, wrong = curves.numbers(record, phase)
            for key, value in good.items():
                values[key if key not in values else f"{key}_{name}"] = value
            bad += wrong
    return values, bad
