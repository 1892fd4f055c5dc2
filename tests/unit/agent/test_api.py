"""The local socket: for this account only, patient with junk (S10), events for who listens."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agent_core.agent.api import CONNECTIONS, LocalApi
from agent_core.agent.events import QUEUE_LIMIT, EventBus
from agent_core.agent.jsonrpc import unknown_method
from agent_core.client import AgentClient, EventStream
from agent_core.errors import ConflictError, NotFoundError, UnreachableError
from agent_core.paths import Home


class Server:
    """A local API on a loop of its own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.events = EventBus()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.api = LocalApi(home.socket, home.token, self.handle, self.events)
        self.run(self.api.start())

    async def handle(self, method: str, params: dict[str, Any]) -> Any:
        """Answer a few methods."""
        if method == "hello":
            return {"version": "1"}
        if method == "echo":
            return params
        if method == "refuse":
            raise ConflictError("It changed.", next_step="Look again.", code="conflict.test")
        if method == "crash":
            raise ZeroDivisionError
        if method == "slow":
            await asyncio.sleep(0.3)
            return "slow"
        raise unknown_method(method)

    def run(self, work: Any) -> Any:
        """Return what a coroutine returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def emit(self, name: str, **fields: Any) -> None:
        """Send an event."""
        self.loop.call_soon_threadsafe(lambda: self.events.emit(name, **fields))

    def stop(self) -> None:
        """Stop serving."""
        self.run(self.api.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def server(home: Home) -> Iterator[Server]:
    """Return a serving API."""
    made = Server(home)
    yield made
    made.stop()


def raw(home: Home) -> socket.socket:
    """Return a connection that has said nothing yet."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(home.socket))
    return connection


def test_socket_and_token_are_private(server: Server) -> None:
    """Mode 0600 for both."""
    for path in (server.home.socket, server.home.token):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_calls_are_answered_and_errors_keep_their_words(server: Server) -> None:
    """Code, sentence and next step arrive in the error's own class."""
    client = AgentClient(server.home)

    assert client.call("echo", a=1, b=["x"]) == {"a": 1, "b": ["x"]}
    with pytest.raises(ConflictError, match="It changed") as caught:
        client.call("refuse")
    assert (caught.value.code, caught.value.next_step) == ("conflict.test", "Look again.")
    with pytest.raises(NotFoundError, match="no method"):
        client.call("nothing.here")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        client.call("crash")
    assert client.call("echo") == {}
    client.close()


def test_threads_share_a_client(server: Server) -> None:
    """A slow answer holds nobody else up, and each gets its own."""
    client = AgentClient(server.home)
    answers: dict[int, Any] = {}

    def work(number: int) -> None:
        client.call("slow")
        answers[number] = client.call("echo", number=number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert answers == {number: {"number": number} for number in range(8)}
    client.close()


@pytest.mark.parametrize(
    "line",
    [
        b"\n", b"{\n", b"[]\n", b'{"method": 5}\n', b"\xff\xfe\n", b"{" * 3000 + b"\n",
        b'{"id": 1, "method": "hello", "params": {"token": "wrong"}}\n',
        b'{"id": 1, "method": "hello", "params": {}}\n',
        b'{"id": 1, "method": "hello", "params": {"token": {"a": 1}}}\n',
        b'{"id": 1, "method": "echo", "params": {}}\n',
        b"x" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_S10_strangers_and_junk_are_shown_out(server: Server, line: bytes) -> None:
    """No answer but an error, the connection ends, and the next client is served."""
    connection = raw(server.home)
    connection.sendall(line)
    said = b""
    while data := connection.recv(65536):
        said += data
    connection.close()

    assert b'"result"' not in said
    assert AgentClient(server.home).call("echo", a=1) == {"a": 1}


def test_S10_junk_after_hello_is_an_error_and_no_end(server: Server) -> None:
    """A client that is let in may make mistakes."""
    connection = raw(server.home)
    file = connection.makefile("rwb", buffering=0)
    token = server.home.token.read_text()
    hello = {"id": 1, "method": "hello", "params": {"token": token}}
    file.write(json.dumps(hello).encode() + b"\n")
    assert "result" in json.loads(file.readline())
    file.write(b'nonsense\n{"id": 2, "method": "echo", "params": [1]}\n')
    assert json.loads(file.readline())["error"]["data"]["code"] == "protocol"
    assert json.loads(file.readline())["error"]["data"]["code"] == "protocol"
    file.write(b'{"id": 3, "method": "echo"}\n')
    assert json.loads(file.readline()) == {"jsonrpc": "2.0", "id": 3, "result": {}}
    connection.close()


def test_S10_too_many_connections_are_closed_and_others_served(server: Server) -> None:
    """The count is bounded; when some leave, new ones come in."""
    crowd = [raw(server.home) for _ in range(CONNECTIONS + 20)]
    ended = 0
    for connection in crowd[CONNECTIONS:]:
        ended += connection.recv(1) == b""
    for connection in crowd:
        connection.close()

    assert ended == 20
    client = AgentClient(server.home)
    for _ in range(100):
        if client.is_running():
            break
    assert client.call("echo", a=2) == {"a": 2}


def test_without_an_agent_the_next_step_is_told(home: Home) -> None:
    """Nobody listens, or nobody does any more."""
    with pytest.raises(UnreachableError, match="No agent runs") as caught:
        AgentClient(home).call("agent.status")
    assert "silodesk agent" in caught.value.next_step


def test_a_client_survives_a_restart_of_the_agent(home: Home) -> None:
    """An idle connection of the former agent is not used again."""
    first = Server(home)
    client = AgentClient(home)
    assert client.call("echo", a=1) == {"a": 1}
    first.stop()
    with pytest.raises(UnreachableError):
        client.call("echo")

    second = Server(home)
    assert client.call("echo", a=2) == {"a": 2}
    second.stop()


class Heard:
    """What an event stream called back with."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.changed = threading.Condition()

    def __call__(self, name: str, params: dict[str, Any]) -> None:
        """Keep an event."""
        with self.changed:
            self.events.append((name, params))
            self.changed.notify_all()

    def until(self, event: tuple[str, dict[str, Any]]) -> None:
        """Wait for an event."""
        with self.changed:
            assert self.changed.wait_for(lambda: event in self.events, 15), self.events


def test_events_arrive_in_order_over_a_restart(home: Home) -> None:
    """The stream says when it is connected, and connects again by itself."""
    first = Server(home)
    heard = Heard()
    stream = EventStream(home, heard, retry_s=0.05)
    heard.until(("connected", {"connected": True}))
    for number in range(3):
        first.emit("changed", what="run", id=number)
    heard.until(("changed", {"what": "run", "id": 2}))
    first.stop()
    heard.until(("connected", {"connected": False}))

    second = Server(home)
    heard.events.clear()
    heard.until(("connected", {"connected": True}))
    second.emit("changed", what="run", id=9)
    heard.until(("changed", {"what": "run", "id": 9}))
    stream.close()
    count = len(heard.events)
    second.emit("changed", what="run", id=10)
    second.stop()

    assert len(heard.events) == count


def test_S10_a_listener_that_does_not_read_harms_nobody() -> None:
    """Its queue is bounded, and the newest events are the ones that are kept."""
    bus = EventBus()
    slow = bus.add()
    for number in range(QUEUE_LIMIT * 3):
        bus.emit("changed", id=number)

    events = asyncio.run(slow.take())

    assert len(events) == QUEUE_LIMIT
    assert events[-1]["id"] == QUEUE_LIMIT * 3 - 1
    bus.remove(slow)
    assert not bus.is_heard
