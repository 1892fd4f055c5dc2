"""An upload that is stopped ends at once and goes on where it was."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.agent_bench import make_package

from agent_core.agent.events import EventBus
from agent_core.agent.own_runs import RunMethods
from agent_core.errors import UserInputError

BOUND_S = 20.0


class Store(BaseHTTPRequestHandler):
    """Takes one part at a time; the second waits until it is let through."""

    let = threading.Event()
    taken: list[str] = []  # noqa: RUF012 - of the one server here
    has_one = threading.Event()

    def do_PUT(self) -> None:
        if self.path == "/2":
            self.let.wait(BOUND_S)
        left = int(self.headers["Content-Length"])
        while left > 0 and (block := self.rfile.read(min(left, 1 << 16))):
            left -= len(block)
        if left:
            return  # it was given up
        self.taken.append(self.path)
        self.send_response(200)
        self.has_one.set()
        self.send_header("ETag", f'"{self.path[1:]}"')
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def store() -> Iterator[str]:
    """Serve the store; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Store.let.set()
    server.shutdown()
    thread.join(BOUND_S)
    server.server_close()


class Account:
    """The part of an account that an upload needs."""

    def __init__(self, store: str, part_size: int) -> None:
        self.asked: list[str] = []
        self._answer = {
            "exists": False, "upload_id": "u", "part_size": part_size,
            "parts": [{"number": n, "url": f"{store}/{n}"} for n in (1, 2)],
        }  # fmt: skip

    async def call(self, verb: str, path: str, **_: Any) -> dict[str, Any]:
        self.asked.append(path)
        return self._answer if path == "/uploads" else {"parts": _["json"]["parts"]}


def test_a_stopped_upload_ends_and_is_gone_on_with(store: str, tmp_path: Path) -> None:
    """Nothing more is done with it; the parts that arrived are not sent again."""
    package = make_package(tmp_path).package_path
    account = Account(store, package.stat().st_size // 2 + 1)

    async def go() -> dict[str, Any]:
        bus = EventBus()
        heard = bus.add()
        methods = RunMethods(account, None, bus)  # type: ignore[arg-type]
        path = str(package)
        first = asyncio.ensure_future(methods.upload(path))
        async with asyncio.timeout(BOUND_S):
            await asyncio.to_thread(Store.has_one.wait, BOUND_S)
            await methods.stop_upload(path)
            Store.let.set()
            with pytest.raises(UserInputError, match="was stopped"):
                await first
        assert account.asked == ["/uploads"]
        assert {event["task"] for event in await heard.take()} == {f"upload {path}"}
        assert await methods.stop_upload(path) == {}  # nothing goes on: nothing happens
        return await methods.upload(path)

    answer = asyncio.run(go())
    assert [part["number"] for part in answer["parts"]] == [1, 2]
    assert Store.taken == ["/1", "/2"]
    assert account.asked == ["/uploads", "/uploads/u/complete"]
