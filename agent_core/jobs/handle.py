"""One job as the agent holds it: its frames, its deliveries, its end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from agent_core.errors import ConflictError, JobError, UnreachableError
from agent_core.jobs import cgroup, outcome, workspace
from agent_core.jobs.line import Line
from agent_core.jobs.process import Identity, is_lock_held, sweep
from agent_core.jobs.relay import copy, link
from agent_core.jobs.spec import JobFrame, JobOrder, JobOutcome
from agent_core.jobs.spool import Record, SpoolReader, read_acked, write_acked
from agent_core.paths import Home, runtime_dir
from agent_core.worker import channel

KILL_BOUND_S = 15.0
RETRY_S = 0.05
CONNECT_BOUND_S = 10.0


def socket_path(folder: Path) -> Path:
    """Return the short path of a keeper's socket."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return runtime_dir() / f"k-{name}.sock"


def last_line(path: Path) -> str:
    """Return the last line of a small text file."""
    try:
        lines = path.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:400] if lines else ""


class JobHandle:
    """A job behind its keeper, running or ended."""

    def __init__(self, home: Home, job_id: str) -> None:
        self._home = home
        self.job_id = workspace.check_id(job_id)
        self._folder = home.keepers / job_id
        self._socket = socket_path(self._folder)
        self._commands: Line | None = None
        self._stream: Line | None = None
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int:
        """Return the process that the keeper started; the job's others are below it."""
        return self._identity("job").pid

    @property
    def is_kept(self) -> bool:
        """Return whether the keeper lives."""
        return is_lock_held(self._folder / "keeper.lock")

    async def frames(self, after_seq: int = 0) -> AsyncGenerator[JobFrame, None]:
        """Yield the job's frames in order, from the first one not acknowledged; end after the last.

        Raises ConflictError where another agent attaches meanwhile.
        """
        seq = after_seq
        while (line := await self._connect()) is not None:
            self._stream = line
            try:
                if not await _said(line, "attach", {"after": seq}):
                    continue
                async for frame in self._pushed(line):
                    seq = frame.seq
                    yield frame
            finally:
                self._stream = None
                await line.close()
        reader = SpoolReader(str(self._folder), max(seq, read_acked(str(self._folder))))
        try:
            for record in reader:
                yield self._frame(record)
        finally:
            reader.close()

    async def ack(self, seq: int) -> None:
        """Tell the keeper that everything up to a sequence is committed."""
        if self._stream is not None:
            try:
                await self._stream.send("ack", {"seq": seq})
            except OSError:
                pass  # the keeper has ended; its folder takes the note
            else:
                return
        try:
            async with self._lock:
                await (await self._command_line()).send("ack", {"seq": seq})
        except (OSError, UnreachableError):
            if self._folder.is_dir() and seq > read_acked(str(self._folder)):
                write_acked(str(self._folder), seq)

    async def deliver(
        self,
        delivery_id: str,
        kind: str,
        fields: dict[str, Any],
        body: bytes = b"",
        blob: Path | None = None,
    ) -> None:
        """Give the job one frame, once however often it is asked; a blob is linked, not copied.

        Raises UnreachableError where the job takes nothing any more, or not now.
        """
        name = ""
        if blob is not None:
            name = uuid.uuid4().hex
            target = self._folder / "in" / name
            if not link(blob, target):
                await asyncio.to_thread(copy, blob, target)
        request = {"delivery_id": delivery_id, "frame_kind": kind, "frame": fields, "file": name}
        answer = await self._ask("deliver", request, body)
        if not answer.get("ok"):
            raise UnreachableError(
                f"Job {self.job_id} has too much waiting to be read.",
                next_step="It is asked again by itself.",
                code="unreachable.job_busy",
            )

    async def go(self, order: JobOrder) -> None:
        """Let package code run; a second `go` changes nothing."""
        await self._ask("go", {"order": order.to_json()})

    async def stop(self, grace_s: float = 10, reason: str = "") -> JobOutcome:
        """Ask the job to end, kill its whole tree after the grace time, return how it ended."""
        try:
            await self._ask("stop", {"grace_s": grace_s, "reason": reason})
        except UnreachableError:
            return await self.outcome()  # it has ended already
        try:
            async with asyncio.timeout(grace_s + KILL_BOUND_S):
                return await self.outcome()
        except TimeoutError as error:
            raise JobError(
                f"Job {self.job_id} did not end although it was killed.",
                next_step="A device or network disk may hold it; restart the machine.",
                code="job.stuck",
            ) from error

    async def outcome(self) -> JobOutcome:
        """Wait until the job has ended and return how."""
        while (line := await self._connect()) is not None:
            try:
                if not await _said(line, "wait", {}):
                    continue
                while (frame := await line.receive()) is not None:
                    if "exit" in frame.fields:
                        return outcome.from_record(self.job_id, frame.fields["exit"])
            finally:
                await line.close()
        path = self._folder / "exit.json"
        if path.is_file():
            return outcome.from_record(self.job_id, json.loads(path.read_text("utf-8")))
        await asyncio.to_thread(sweep, self._identity("job"), self.job_id)
        return outcome.lost(self.job_id, last_line(self._folder / "keeper.log"))

    async def forget(self) -> None:
        """Remove spool and workspace of a job that has ended; raises ConflictError if it runs."""
        await self.close()
        if (self._folder / "exit.json").exists():
            await self._until_gone()
        if self.is_kept:
            raise ConflictError(
                f"Job {self.job_id} still runs.", next_step="Stop it first.", code="conflict.job"
            )
        cgroup.clear(self._folder / "launch.json")
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        await asyncio.to_thread(workspace.remove, self._home, self.job_id)

    async def close(self) -> None:
        """Let go of the keeper; the job goes on."""
        for line in (self._commands, self._stream):
            if line is not None:
                await line.close()
        self._commands = self._stream = None

    # --- below

    def _identity(self, name: str) -> Identity:
        try:
            content = json.loads((self._folder / "keeper.json").read_text("utf-8"))
        except FileNotFoundError:
            content = {}
        return Identity.read(content, name)

    async def _connect(self) -> Line | None:
        """Return a connection to the keeper, or None once it has ended."""
        try:
            async with asyncio.timeout(CONNECT_BOUND_S):
                while self.is_kept:
                    try:
                        return await Line.open(self._socket)
                    except OSError:
                        await asyncio.sleep(RETRY_S)  # it just starts or just ends
        except TimeoutError as error:
            raise UnreachableError(
                f"The keeper of job {self.job_id} does not answer.", code="unreachable.keeper"
            ) from error
        return None

    async def _until_gone(self) -> None:
        """Wait while the keeper of an ended job flushes and leaves."""
        try:
            async with asyncio.timeout(KILL_BOUND_S):
                while self.is_kept:  # noqa: ASYNC110 - another process lets the lock go
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            pass  # the caller looks again

    async def _pushed(self, line: Line) -> AsyncGenerator[JobFrame, None]:
        while (frame := await line.receive()) is not None:
            if frame.kind == "frame":
                fields = frame.fields["frame"]
                kind = fields.pop("kind")
                yield self._job_frame(int(frame.fields["seq"]), kind, fields, bytes(frame.body))
            elif frame.kind == "detached":
                raise ConflictError(
                    f"Another agent took over job {self.job_id}.", code="conflict.attached"
                )

    def _frame(self, record: Record) -> JobFrame:
        fields = record.fields()
        kind = fields.pop("kind")
        return self._job_frame(record.seq, kind, fields, record.body)

    def _job_frame(self, seq: int, kind: str, fields: dict[str, Any], body: bytes) -> JobFrame:
        blob = self._folder / "blobs" / fields["sha256"] if kind == channel.BLOB else None
        return JobFrame(seq, kind, fields, body, blob)

    async def _ask(self, kind: str, fields: dict[str, Any], body: bytes = b"") -> dict[str, Any]:
        async with self._lock:
            line = await self._command_line()
            try:
                async with asyncio.timeout(CONNECT_BOUND_S):
                    return await line.ask(kind, fields, body)
            except (OSError, EOFError, TimeoutError, channel.ChannelError) as error:
                self._commands = None
                await line.close()
                raise self._gone() from error
            except asyncio.CancelledError:
                # Half an answer may have been read; what follows could not be told apart.
                self._commands = None
                line.abort()
                raise

    async def _command_line(self) -> Line:
        if self._commands is None or self._commands.is_closed:
            self._commands = await self._connect()
        if self._commands is None:
            raise self._gone()
        return self._commands

    def _gone(self) -> UnreachableError:
        return UnreachableError(
            f"Job {self.job_id} has ended or does not answer.", code="unreachable.job"
        )


async def _said(line: Line, kind: str, fields: dict[str, Any]) -> bool:
    """Send a request; False where the keeper ended just then, whose folder has the rest."""
    try:
        await line.send(kind, fields)
    except OSError:
        await asyncio.sleep(RETRY_S)
        return False
    return True
