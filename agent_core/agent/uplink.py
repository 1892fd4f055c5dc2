"""What a job says, committed once with everything that follows from it, and sent on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from agent_core.agent import inline, job_records
from agent_core.agent.blob_shelf import BlobShelf
from agent_core.agent.job import Job
from agent_core.agent.job_book import JobBook
from agent_core.agent.journal import Journal
from agent_core.agent.mailbox import Mailbox
from agent_core.agent.sender import Sender
from agent_core.agent.telemetry_push import TelemetryPush
from agent_core.agent.traffic import Traffic
from agent_core.agent.transfers import Transfer, Transfers
from agent_core.agent.uploads import Uploader
from agent_core.jobs.spec import JobFrame
from agent_core.protocol.envelope import BODY_LIMIT
from agent_core.protocol.messages import INLINE, BlobRef, RoundMessage
from agent_core.protocol.states import Stage, State
from agent_core.telemetry.redact import LineRedactor
from agent_core.telemetry.spool import Spool

log = logging.getLogger(__name__)

# What reading a frame can raise whose fields are missing, of another kind, or out of range, or
# that names a tensor which never came.
NONSENSE = (
    AttributeError, FileNotFoundError, KeyError, OverflowError, TypeError, ValueError,
)  # fmt: skip


class Uplink:
    """Turn frames into messages, telemetry and uploads, in one transaction each."""

    def __init__(
        self,
        journal: Journal,
        book: JobBook,
        mailbox: Mailbox,
        transfers: Transfers,
        shelf: BlobShelf,
        spool: Spool,
        traffic: Traffic,
        sender: Sender,
        uploader: Uploader,
        push: TelemetryPush,
    ) -> None:
        self._journal = journal
        self._book = book
        self._mailbox = mailbox
        self._transfers = transfers
        self._shelf = shelf
        self._spool = spool
        self._traffic = traffic
        self._sender = sender
        self._uploader = uploader
        self._push = push
        self._redactors: dict[str, LineRedactor] = {}  # a private key runs over many lines
        self._handlers: dict[str, Callable[[Job, JobFrame], None]] = {
            "blob": self._blob,
            "message": self._message,
            "metrics": self._metrics,
            "log": self._log,
            "round": self._round,
            "model": self._model,
            "progress": self._progress,
        }
        uploader.on_model = self._model_is_there
        uploader.on_failure = self._upload_failed

    def take(self, job: Job, frame: JobFrame) -> None:
        """Commit a frame; a repeat or a frame that makes no sense changes nothing else."""
        if frame.seq <= job.frames:
            return
        handler = self._handlers.get(frame.kind)
        with self._journal.transaction():
            if handler is not None:
                try:
                    handler(job, frame)
                except NONSENSE as error:
                    # The job is not trusted to be well-formed; its run shows what was dropped.
                    self._say(job, "WARNING", f"A {frame.kind} frame of the job was dropped: "
                              f"{type(error).__name__}: {error}")  # fmt: skip
            self._book.note(job.job_id, frames=frame.seq)

    def say(self, job: Job, level: str, text: str) -> None:
        """Put a line of the agent's own into the run's log."""
        with self._journal.transaction():
            self._say(job, level, text)

    async def settle(self, job: Job, within_s: float) -> None:
        """Wait (bounded) until what a job left behind is at the hub."""
        until = time.monotonic() + within_s
        await self._uploader.settle(job.run_id, within_s)
        await self._push.settle(max(0.1, until - time.monotonic()))

    def clean(self, run_id: int) -> None:
        """Drop what an ended job's run does not need any more; models still go up."""
        self._journal.write_lazy()  # else it would come after what is dropped here
        with self._journal.transaction():
            self._mailbox.drop_run(run_id)
            self._transfers.drop_blobs(run_id)
        for job_id in [name for name in self._redactors if name.startswith(f"run-{run_id}-")]:
            del self._redactors[job_id]
        if not self._transfers.waiting(run_id):
            self._transfers.drop_run(run_id)
            self._shelf.drop_run(run_id)
        else:
            self._uploader.kick()  # models that waited for tensors which do not come

    def _blob(self, job: Job, frame: JobFrame) -> None:
        if frame.blob is not None:
            self._shelf.keep(job.run_id, str(frame.fields["sha256"]), frame.blob)

    def _message(self, job: Job, frame: JobFrame) -> None:
        fields = frame.fields
        round_number = int(fields.get("round") or 0)
        refs = [
            BlobRef(sha256=blob["sha256"], size=int(blob["size"]))
            for blob in fields.get("blobs") or []
        ]
        body, needs = frame.body, []
        if refs and inline.fits(len(body), [ref.size for ref in refs]):
            files = [self._shelf.path(job.run_id, ref.sha256) for ref in refs]
            body = inline.join(body, [file.read_bytes() for file in files])
            refs = [ref.model_copy(update={"url": INLINE}) for ref in refs]
        else:
            for ref in refs:
                upload = self._transfers.add(job.run_id, "blob", round_number, ref.sha256, ref.size)
                if upload is not None:
                    needs.append(upload)
        if len(body) > BODY_LIMIT:
            message = f"its inline part has {len(body)} bytes"
            raise ValueError(message)
        self._shelf.named(job.run_id, "out", [ref.sha256 for ref in refs])
        self._mailbox.post(
            "outbox",
            job.run_id,
            lambda sequence: RoundMessage(
                sequence=sequence,
                run_id=job.run_id,
                epoch=job.epoch,
                from_edge=job.edge_id,
                to_edge=int(fields["to_edge"]),
                message_id=str(fields["message_id"]),
                reply_to=str(fields.get("reply_to") or ""),
                round=round_number,
                blobs=refs,
            ),
            body,
            needs,
        )
        self._traffic.add("updates", up=len(body))
        self._book.add_bytes(job.run_id, up=len(body))
        if needs:
            self._later(self._uploader.kick)
        else:
            self._later(lambda: self._sender.kick("outbox"))

    def _metrics(self, job: Job, frame: JobFrame) -> None:
        records, complaints = job_records.metrics(job, frame.fields)
        for complaint in complaints:
            self._say(job, "WARNING", complaint)
        self._append("metrics", records)

    def _log(self, job: Job, frame: JobFrame) -> None:
        redactor = self._redactor(job)
        lines = frame.fields["lines"]
        self._append("logs", [job_records.log_line(job, x, "job", redactor) for x in lines])

    def _round(self, job: Job, frame: JobFrame) -> None:
        record = job_records.closed_round(frame.fields)
        self._append("rounds", [{"run_id": job.run_id, **record.model_dump(mode="json")}])
        self._book.report(job.job_id, Stage.ROUND, detail="", round_number=record.round)

    def _model(self, job: Job, frame: JobFrame) -> None:
        record = job_records.model(job, frame.fields)
        values = record.model_dump(mode="json")
        transfer = self._transfers.add(
            job.run_id, "model", record.round, record.sha256, record.size, record=values
        )
        if transfer is not None:
            self._later(self._uploader.kick)

    def _progress(self, job: Job, frame: JobFrame) -> None:
        if job.state == State.PAUSED:
            return  # what it waits for is told by its pause
        now = job_records.progress(job, frame.fields)
        is_new_round = now.round > job.round
        if not is_new_round and now.detail == job.detail:
            return  # the same again: nobody needs another status message
        self._book.report(
            job.job_id,
            Stage.ROUND if is_new_round else None,
            detail=now.detail,
            round_number=now.round or None,
            rounds=now.rounds,
            waiting_until=now.until,
        )

    def _model_is_there(self, transfer: Transfer) -> None:
        if transfer.record is not None:
            self._append("models", [transfer.record])
        job = self._book.of_run(transfer.run_id)
        if job is None or job.is_over:
            self._later(lambda: self.clean(transfer.run_id))

    def _upload_failed(self, transfer: Transfer, reason: str) -> None:
        job = self._book.of_run(transfer.run_id)
        if job is not None:
            self.say(job, "ERROR", reason)

    def _redactor(self, job: Job) -> LineRedactor:
        return self._redactors.setdefault(job.job_id, LineRedactor())

    def _say(self, job: Job, level: str, text: str) -> None:
        line = {"level": level, "text": text}
        self._append("logs", [job_records.log_line(job, line, "agent", self._redactor(job))])

    def append_system(self, record: dict[str, Any]) -> None:
        """Spool one sample of the machine's figures during a run."""
        with self._journal.transaction():
            self._append("system", [record])

    def _append(self, stream: str, records: list[dict[str, Any]]) -> None:
        if records:
            self._spool.append(stream, records, time.time())
            self._later(self._push.kick)

    def _later(self, action: Callable[[], None]) -> None:
        # After the commit: what is sent must be kept already.
        self._journal.after_commit(action)
