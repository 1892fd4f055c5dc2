"""The processes of a rehearsal: started with their own homes, ended by id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_core import lifeline
from agent_core.errors import ServiceError, SiloDeskError, last_problem
from agent_core.jobs import yielding

START_BOUND_S = 60.0
END_BOUND_S = 15.0


@dataclass
class Child:
    """A process of ours, with the file that holds what it wrote."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self, count: int = 5) -> str:
        """Return the end of what the process wrote, for an error message."""
        try:
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-count:])
        except OSError:
            return ""

    def problem(self) -> SiloDeskError | None:
        """Return the error that the process wrote last, if it wrote one."""
        try:
            return last_problem(self.log.read_text("utf-8", "replace"))
        except OSError:
            return None


@dataclass
class Family:
    """All processes of one rehearsal; they end with this one, however it ends."""

    root: Path
    children: list[Child] = field(default_factory=list)
    _line: lifeline.Lifeline | None = field(default=None, init=False)

    @property
    def input(self) -> int:
        """Return what a process of ours gets as its input: the end of our lifeline."""
        if self._line is None:
            self._line = lifeline.Lifeline()
        return self._line.end

    def start(self, name: str, arguments: Sequence[str], nice: int = 0) -> Child:
        """Start `silodesk <arguments>` with its output in a file below the root."""
        log = self.root / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("SILODESK_HOME")
        }
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "agent_core.cli", *arguments, lifeline.OPTION],
                stdin=self.input,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        if nice:
            yielding.lower(process.pid, nice)
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def wait_for(self, child: Child, is_ready: Callable[[], bool], what: str) -> None:
        """Wait until a child is ready; raises ServiceError with its last words otherwise."""
        deadline = time.monotonic() + START_BOUND_S
        while not is_ready():
            if child.process.poll() is not None:
                raise child.problem() or ServiceError(
                    f"{what} ended while starting: {child.last_lines() or 'it said nothing'}",
                    next_step=f"The whole log is {child.log}.",
                )
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{what} was not ready after {START_BOUND_S:.0f} s.",
                    next_step=f"See {child.log}.",
                )
            time.sleep(0.02)

    def open_window(self, home: Path, *arguments: str, **options: Any) -> subprocess.Popen[Any]:
        """Open the desktop over an agent's home; the options are those of `Popen`."""
        command = [
            sys.executable, "-m", "agent_core.rehearsal.window", "--home", str(home), *arguments
        ]  # fmt: skip
        return subprocess.Popen(command, stdin=self.input, **options)

    def end(self) -> None:
        """End every child: politely, then for good; then what hangs on the lifeline alone."""
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + END_BOUND_S
        for child in self.children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait(5)
        self.children.clear()
        if self._line is not None:
            self._line.cut()
            self._line = None
