"""A hub's address where something else answers 200: told as an error, waited for, never the end."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from helpers.agent_bench import bind_by_hand

from agent_core import keys
from agent_core.agent import telemetry_push
from agent_core.agent.account import HubAccount
from agent_core.agent.binding import DeviceBinding
from agent_core.agent.credentials import Credentials
from agent_core.agent.journal import Journal
from agent_core.agent.telemetry_push import TelemetryPush
from agent_core.agent.traffic import Traffic
from agent_core.errors import ProtocolError
from agent_core.keys import FileStore
from agent_core.paths import Home
from agent_core.telemetry.spool import Spool

BOUND_S = 20.0


class Handler(BaseHTTPRequestHandler):
    """Answers every call with what the test says."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.seen.append(self.path)
        raw = json.dumps(server.says).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def junk() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.says = [], {}
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def spool(journal: Journal) -> Spool:
    return Spool(journal.connection)


@pytest.fixture
def binding(home: Home, journal: Journal, spool: Spool, junk: Any) -> DeviceBinding:
    """Return a bound device whose hub is the junk server."""
    bind_by_hand(home, home.credentials)
    store = FileStore(home.credentials, home)
    credentials = Credentials(store)
    url = f"http://127.0.0.1:{junk.server_address[1]}"
    credentials.keep_binding(url, credentials.need_binding())
    account = HubAccount(credentials)
    return DeviceBinding(
        home, journal, credentials, account, lambda: keys.device_key(store), "none", spool.forget
    )


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + BOUND_S
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_figures_wait_until_the_hub_answers_again(
    binding: DeviceBinding, journal: Journal, spool: Spool, junk: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(telemetry_push, "REFUSED_S", 0.05)
    push = TelemetryPush(journal, spool, binding, Traffic(journal))
    with journal.transaction():
        spool.append("logs", [{"run_id": 1, "text": "a line"}], 1.0)

    async def scenario() -> None:
        task = asyncio.create_task(push.keep_pushing())
        push.kick()
        try:
            await until(lambda: task.done() or junk.seen.count("/api/v1/telemetry") > 2)
            assert not task.done(), task
            assert spool.waiting() == {"logs": 1}
            junk.says = {"stream": "logs", "highest": 1}
            await until(lambda: task.done() or not spool.waiting())
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


@pytest.mark.parametrize("says", [{}, [], "<html>", None])
def test_a_renewal_that_is_none_keeps_the_credentials(
    binding: DeviceBinding, junk: Any, says: Any
) -> None:
    junk.says = says
    before = binding.current

    def fails(work: Callable[[], Awaitable[Any]]) -> ProtocolError:
        with pytest.raises(ProtocolError) as told:
            asyncio.run(work())  # type: ignore[arg-type]
        return told.value

    error = fails(binding.renew)
    assert error.next_step
    assert junk.seen == ["/api/v1/devices/renew"]
    assert binding.current == before
