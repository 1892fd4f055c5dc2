"""Child services: started, watched, restarted with backoff, and gone when the hub is gone.

A child dies with the hub where the kernel offers that (Linux, through util-linux' setpriv);
everywhere its record (pid, boot, start time) lets the next start end what a killed hub left over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_core.errors import ServiceError
from agent_core.hub.left_over import end_left_over, write_record
from agent_core.transport.retry import delays

log = logging.getLogger(__name__)

READY_BOUND_S = 30.0
END_BOUND_S = 5.0
STEADY_S = 60.0  # up for so long, a child's next death starts with a short pause again
LOG_LIMIT = 8 * 1024 * 1024
LOG_CHECK_S = 30.0
# All that a child gets of the hub's own environment: passwords of the database, the broker and the
# store may stand in the rest.
KEPT_VARIABLES = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP",
    "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA",
)  # fmt: skip
# As nats-server, the system and seaweedfs say it.
_PORT_MARKS = ("address already in use", "Port allocation failed", "port is already in use")


@dataclass(frozen=True)
class Program:
    """What to run, and how to know that it serves."""

    title: str  # "The message broker"
    command: list[str]
    folder: Path  # working directory, log and record of the child
    is_ready: Callable[[], Coroutine[Any, Any, bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    grace_s: float = END_BOUND_S

    @property
    def log(self) -> Path:
        """Return the file that holds what the child writes."""
        return self.folder / "service.log"

    @property
    def record(self) -> Path:
        """Return the file that says which process the child is."""
        return self.folder / "service.json"


class Child:
    """One child service under supervision."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.restarts = 0
        self.fault = ""  # why it is not up, in a sentence
        self._log_start = 0
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int | None:
        """Return the process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start the child, wait until it serves, and watch it from now on."""
        self.program.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(end_left_over, self.program.record)
        try:
            await self._launch()
        except ServiceError:
            await self._end()
            raise
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._trim())]

    async def stop(self) -> None:
        """End the child politely, then for good; it is not restarted any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._end()

    def signal(self, number: int) -> None:
        """Send the child a signal; nothing happens while it is down."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_lines(self, count: int = 3) -> str:
        """Return the end of what this life of the child wrote to its log."""
        try:
            with self.program.log.open("rb") as file:
                size = file.seek(0, 2)
                first = self._log_start if self._log_start <= size else 0
                file.seek(max(first, size - 8192))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join([line for line in lines if line.strip()][-count:])

    async def _launch(self) -> None:
        program = self.program
        with program.log.open("ab") as output:
            self._log_start = output.seek(0, 2)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *dying_with_us(program.command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=program.folder,
                    env=_environment(program),
                    start_new_session=True,  # a Ctrl-C in the hub's terminal is the hub's to handle
                )
            except OSError as error:
                raise ServiceError(
                    f"{program.title} cannot be started: {error.strerror} ({program.command[0]}).",
                    next_step="Install SiloDesk's requirements again; a program is missing.",
                    code="service.start",
                ) from error
        write_record(program.record, self._process.pid)
        await self._until_ready(self._process)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        program, deadline = self.program, time.monotonic() + READY_BOUND_S
        end = asyncio.create_task(process.wait())
        try:
            while not await _sooner(program.is_ready(), end):
                if process.returncode is not None:
                    raise self._ended_early()
                if time.monotonic() < deadline:
                    await asyncio.sleep(0.02)
                    continue
                raise ServiceError(
                    f"{program.title} does not answer {READY_BOUND_S:.0f} s after its start.",
                    next_step=f"Its log is {program.log}.",
                    code="service.silent",
                )
        finally:
            end.cancel()
        if process.returncode is not None:  # another program answered in its place
            raise self._ended_early()

    def _ended_early(self) -> ServiceError:
        title, words = self.program.title, self.last_lines(6)
        if any(mark in words for mark in _PORT_MARKS):
            return ServiceError(
                f"{title} cannot start: one of its ports is taken by another program.",
                next_step="Start the hub again; it then picks free ports.",
                code="service.port",
            )
        if "no space left" in words.lower():
            return ServiceError(
                f"{title} cannot start: the disk is full.",
                next_step=f"Free some space where {self.program.folder} lies.",
                code="service.disk",
            )
        last = self.last_lines(1).strip() or "it said nothing"
        return ServiceError(
            f"{title} ended while starting: {last[-300:]}",
            next_step=f"Its log is {self.program.log}.",
            code="service.start",
        )

    async def _watch(self) -> None:
        waits, since = delays(), time.monotonic()
        while True:
            if self._process is not None:
                code = await self._process.wait()
                if time.monotonic() - since > STEADY_S:
                    waits = delays()
                self.fault = f"{self.program.title} ended by itself (exit code {code})."
                log.warning("%s It is started again.", self.fault)
            await asyncio.sleep(next(waits))
            since = time.monotonic()
            try:
                await self._launch()
            except ServiceError as error:
                self.fault = str(error)
                log.error("%s", error)  # noqa: TRY400 - the sentence says it all
                await self._end()
                continue
            self.restarts += 1
            self.fault = ""

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        for number, bound in ((signal.SIGTERM, self.program.grace_s), (_KILL, END_BOUND_S)):
            if process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), bound)
        self.program.record.unlink(missing_ok=True)

    async def _trim(self) -> None:
        while True:
            trim_log(self.program.log)
            await asyncio.sleep(LOG_CHECK_S)


def _environment(program: Program) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, **program.environment}


async def _sooner(question: Coroutine[Any, Any, bool], end: asyncio.Task[int]) -> bool:
    """Return the answer, or False as soon as the process has ended."""
    answer = asyncio.create_task(question)
    try:
        await asyncio.wait({answer, end}, return_when=asyncio.FIRST_COMPLETED)
        return answer.done() and answer.result()
    finally:
        answer.cancel()


_KILL = signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM


def dying_with_us(command: list[str]) -> list[str]:
    """Return the command so that the kernel kills the child when this thread ends."""
    if sys.platform == "linux" and (setpriv := shutil.which("setpriv")):
        return [setpriv, "--pdeathsig", "KILL", "--", *command]
    return command


def trim_log(path: Path, limit: int = LOG_LIMIT) -> None:
    """Keep the newest part of a log that a child holds open for appending."""
    try:
        if path.stat().st_size <= limit:
            return
        with path.open("r+b") as file:
            file.seek(-limit // 4, 2)
            path.with_suffix(".old.log").write_bytes(file.read())
            file.truncate(0)
    except OSError as error:
        log.warning("The log %s cannot be shortened: %s", path, error)
