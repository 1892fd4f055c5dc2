"""The agent's face: calls and events over its local socket; what desktop and CLI use.

Imports little, so that a command or a window that only asks something starts quickly.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_core.errors import (
    ProtocolError,
    ServiceError,
    SiloDeskError,
    StorageError,
    UnreachableError,
    last_problem,
)
from agent_core.paths import CACHE_VARIABLE, Home
from agent_core.protocol.local import LINE_LIMIT

CONNECT_BOUND_S = 5.0
CALL_BOUND_S = 60.0
LONG_BOUND_S = 1800.0
START_BOUND_S = 30.0
FREE_FOR_WORDS = 64 * 1024  # below, a starting agent could not even say why it ends
IDLE_KEPT = 4
# These move or read files of any size, wait for processes or start services; everything else
# answers within the usual bound.
LONG = {
    "doctor.run", "packages.resolve", "packages.upload", "runs.save_model", "models.export",
    "serving.start", "datasets.add", "datasets.scan", "datasets.preview", "approvals.review",
    "approvals.diff", "hub.host", "hub.stop", "hub.restart", "hub.backup", "hub.restore",
    "invitations.join",
}  # fmt: skip

OnEvent = Callable[[str, dict[str, Any]], None]


class AgentClient:
    """Call the agent of a home; safe to share between threads."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def call(self, method: str, **params: Any) -> Any:
        """Return the answer; raises SiloDeskErrors, UnreachableError where no agent answers."""
        connection = self._take()
        try:
            answer = connection.ask(
                method, params, LONG_BOUND_S if method in LONG else CALL_BOUND_S
            )
        except BaseException:  # raised on; an answer may still come, so nobody else may use it
            connection.close()
            raise
        self._give_back(connection)
        if "error" in answer:
            raise _error(answer["error"])
        return answer.get("result")

    def is_running(self) -> bool:
        """Return whether an agent answers."""
        try:
            self._give_back(self._take())
        except SiloDeskError:
            return False
        return True

    def start_agent_if_needed(self) -> None:
        """Start the agent where none answers."""
        start_agent_if_needed(self.home)

    def status(self) -> dict[str, Any]:
        """Return the AgentStatus."""
        return dict(self.call("agent.status"))

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> _Connection:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_fresh():
                    return connection
                connection.close()
        return _Connection(self.home)

    def _give_back(self, connection: _Connection) -> None:
        with self._lock:
            if not self._is_closed and len(self._idle) < IDLE_KEPT:
                self._idle.append(connection)
                return
        connection.close()


class EventStream:
    """Call back for every event of the agent, over restarts of the agent, until closed.

    The callback runs in the stream's thread with the event's name and fields; besides the agent's
    events it hears `connected` with `{"connected": bool}` whenever that changes.
    """

    def __init__(self, home: Home, callback: OnEvent, retry_s: float = 0.5) -> None:
        self._home = home
        self._callback = callback
        self._retry_s = retry_s
        self._end = threading.Event()
        self._connection: _Connection | None = None
        self._is_connected: bool | None = None
        self._thread = threading.Thread(target=self._run, name="agent events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Call back no more."""
        self._end.set()
        connection = self._connection
        if connection is not None:
            connection.shut()
        if threading.current_thread() is not self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._listen()
            except (SiloDeskError, OSError, ValueError):
                pass  # the agent ended or is not there yet; it is tried again
            self._tell(is_connected=False)
            self._end.wait(self._retry_s)

    def _listen(self) -> None:
        connection = self._connection = _Connection(self._home)
        try:
            answer = connection.ask("events.subscribe", {}, CALL_BOUND_S)
            if "error" in answer:
                raise _error(answer["error"])
            self._tell(is_connected=True)
            connection.wait_for_ever()
            while not self._end.is_set():
                message = connection.receive()
                if message.get("method") == "event" and not self._end.is_set():
                    params = dict(message["params"])
                    self._callback(str(params.pop("name")), params)
        finally:
            self._connection = None
            connection.close()

    def _tell(self, *, is_connected: bool) -> None:
        if is_connected != self._is_connected and not self._end.is_set():
            self._is_connected = is_connected
            self._callback("connected", {"connected": is_connected})


class _Connection:
    """One connection that has shown the token."""

    def __init__(self, home: Home) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._number = 0
        try:
            self._socket.settimeout(CONNECT_BOUND_S)
            self._socket.connect(str(home.socket))
            self._file = self._socket.makefile("rb")
            token = home.token.read_text("utf-8").strip()
        except OSError as error:
            self._socket.close()
            raise _unreachable(home) from error
        try:
            answer = self.ask("hello", {"token": token}, CONNECT_BOUND_S)
            if "error" in answer:
                raise _error(answer["error"])  # noqa: TRY301 - whatever happens, it is closed
        except BaseException:
            self.close()
            raise

    def ask(self, method: str, params: dict[str, Any], bound_s: float) -> dict[str, Any]:
        """Send a request and return its answer."""
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        data = json.dumps(request, separators=(",", ":"), default=str).encode() + b"\n"
        self._socket.settimeout(bound_s)
        try:
            self._socket.sendall(data)
            while True:
                answer = self.receive()
                if answer.get("id") == self._number:
                    return answer
                if "id" in answer and answer["id"] is None and "error" in answer:
                    raise _error(answer["error"])
        except TimeoutError as error:
            raise UnreachableError(
                f"The agent did not answer {method} within {bound_s:.0f} s.",
                next_step="It may still do it; look again, or restart the agent.",
                code="unreachable.slow",
            ) from error
        except OSError as error:
            raise UnreachableError(
                "The agent ended while it was asked.",
                next_step="Start it again (`silodesk agent`); jobs went on meanwhile.",
                code="unreachable.agent",
            ) from error

    def receive(self) -> dict[str, Any]:
        """Return the next message; raises OSError at the end."""
        line = self._file.readline(LINE_LIMIT + 1)
        if not line.endswith(b"\n"):
            raise ConnectionError("the agent closed the connection")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ProtocolError("What answers at the agent's socket is no agent.")
        return message

    def wait_for_ever(self) -> None:
        """Receive without a bound; `shut` ends it."""
        self._socket.settimeout(None)

    def is_fresh(self) -> bool:
        """Return whether the agent has not closed the connection."""
        try:
            readable, _, _ = select.select([self._socket], [], [], 0)
        except (OSError, ValueError):
            return False
        return not readable  # nothing is awaited: what is there can only be the end

    def shut(self) -> None:
        """Wake a thread that receives."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already

    def close(self) -> None:
        """Close the connection."""
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()
        self._socket.close()


def start_agent_if_needed(home: Home, *arguments: str) -> None:
    """Start the agent of a home where none answers, and wait until it does (bounded).

    Raises ServiceError with its last words where it ends instead.
    """
    client = AgentClient(home)
    try:
        if client.is_running():
            return
        process, log = _spawn(home, arguments)
        until = time.monotonic() + START_BOUND_S
        while not client.is_running():
            if process.poll() is not None and not client.is_running():
                raise _ended(log)
            if time.monotonic() > until:
                raise ServiceError(
                    f"The agent was not ready after {START_BOUND_S:.0f} s.",
                    next_step=f"See {log}.",
                    code="service.agent",
                )
            time.sleep(0.05)
    finally:
        client.close()


def _spawn(home: Home, arguments: tuple[str, ...]) -> tuple[subprocess.Popen[bytes], Path]:
    home.make()
    log = home.agent_log.with_name("agent-start.log")
    environment = {**os.environ}
    if CACHE_VARIABLE in environment:
        environment[CACHE_VARIABLE] = str(Path(environment[CACHE_VARIABLE]).resolve())
    command = [sys.executable, "-m", "agent_core.cli", "agent", "--json", "--home", str(home.root)]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
    except OSError as error:
        raise StorageError(
            f"The agent of {home.root} cannot be started: {error.strerror}.",
            next_step="Free some space, or check that the folder belongs to you.",
            code="storage.home",
        ) from error
    return process, log


def _ended(log: Path) -> SiloDeskError:
    """Return why a starting agent ended: its own words, else the end of what it wrote."""
    try:
        text = log.read_text("utf-8", "replace").strip()
    except OSError:
        text = ""
    if not text and shutil.disk_usage(log.parent).free < FREE_FOR_WORDS:
        return StorageError(
            f"The disk that holds {log.parent.parent} is full; the agent cannot start on it.",
            next_step="Free some space, then try again.",
            code="storage.full",
        )
    last = " ".join(line.strip() for line in text.splitlines()[-1:])
    return last_problem(text) or ServiceError(
        f"The agent ended while starting. {last}".strip(),
        next_step=f"The whole log is {log}.",
        code="service.agent",
    )


def _error(error: dict[str, Any]) -> SiloDeskError:
    problem = error.get("data")
    if isinstance(problem, dict):
        return SiloDeskError.from_problem(problem)
    return SiloDeskError(str(error.get("message") or "The agent reported an error without words."))


def _unreachable(home: Home) -> UnreachableError:
    return UnreachableError(
        f"No agent runs for {home.root}.",
        next_step="Start it: `silodesk agent`.",
        code="unreachable.agent",
    )
