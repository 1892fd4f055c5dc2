"""Real processes for tests: an agent and a hub, each with a home of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from agent_core.client import AgentClient, EventStream
from agent_core.paths import Home

PASSWORD = "correct horse battery staple"
COMMAND = [sys.executable, "-m", "agent_core.cli"]


def until(is_so: Callable[[], bool], what: str, bound_s: float = 30.0) -> None:
    """Wait until something is so; fails after the bound."""
    deadline = time.monotonic() + bound_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {bound_s} s: {what}"
        time.sleep(0.05)


class _Process:
    def __init__(self, home: Home | None = None) -> None:
        self.is_own = home is None
        self.home = home or Home(Path(tempfile.mkdtemp(prefix="sdp-", dir="/tmp")) / "h").make()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = self.home.root.parent / f"{type(self).__name__}-{id(self)}.log"

    @property
    def pid(self) -> int:
        """Return the process id."""
        assert self.process is not None
        return self.process.pid

    def output(self) -> str:
        """Return what the process wrote."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def run(self, *arguments: str) -> None:
        """Start the process."""
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )

    def kill(self) -> None:
        """End the process without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def stop(self) -> None:
        """End the process politely."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def __exit__(self, *_error: object) -> None:
        """End the process and remove its home."""
        self.stop()
        if self.is_own:
            shutil.rmtree(self.home.root.parent, ignore_errors=True)


class AgentProcess(_Process):
    """`silodesk agent` with its credentials in a file."""

    def __init__(self, home: Home | None = None) -> None:
        super().__init__(home)
        self.client = AgentClient(self.home)

    def start(self, *, wait: bool = True) -> None:
        """Start the agent, and wait until it answers."""
        home = self.home
        self.run("agent", "--home", str(home.root), "--credentials", str(home.credentials))
        if wait:
            until(self.client.is_running, f"the agent answers; {self.output()}")

    def call(self, method: str, **params: Any) -> Any:
        """Call the agent."""
        return self.client.call(method, **params)

    def status(self) -> dict[str, Any]:
        """Return the AgentStatus."""
        return self.client.status()

    @contextmanager
    def events(self, callback: Callable[[str, dict[str, Any]], None]) -> Iterator[None]:
        """Listen to events."""
        stream = EventStream(self.home, callback)
        try:
            yield
        finally:
            stream.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self.client.close()
        super().__exit__(*error)


class HubProcess(_Process):
    """`silodesk hub` on a free port, which it keeps over restarts."""

    url = ""

    def start(self) -> None:
        """Start the hub, and wait until it is ready."""
        before = self.output().count('"ready"')
        more = ["--port", "0"] if not self.url else []
        self.run("hub", "--home", str(self.home.root), "--name", "Test hub", "--json", *more)
        until(lambda: self.output().count('"ready"') > before, f"the hub: {self.output()}", 60)
        line = [text for text in self.output().splitlines() if '"ready"' in text][-1]
        self.url = json.loads(line)["url"]

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self
