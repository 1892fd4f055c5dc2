"""A package's upload that is interrupted goes on; one whose addresses expired begins anew."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent_core.agent.events import EventBus
from agent_core.agent.own_runs import RunMethods
from agent_core.errors import ForbiddenError, UnreachableError
from agent_core.transport import objects, retry
from agent_core.transport.rest import Rest

PART = 1000
CONTENT = bytes(range(250)) * 10  # three parts


class Handler(BaseHTTPRequestHandler):
    """A hub and its store in one: hands out addresses, takes parts, and fails as told."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.posts.append(self.path)
        if self.path.endswith("/complete"):
            return self.say(200, {"name": "p"})
        number = server.posts.count("/api/v1/uploads")
        url = f"http://127.0.0.1:{server.server_address[1]}/up-{number}"
        parts = [{"number": k, "url": f"{url}/{k}"} for k in (1, 2, 3)]
        return self.say(
            201, {"exists": False, "upload_id": f"up-{number}", "part_size": PART, "parts": parts}
        )

    def do_PUT(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers["Content-Length"]))
        _, upload, part = self.path.split("/")
        server.puts.append((upload, int(part)))
        if upload in server.expired:
            return self.say(403, {})
        return self.say(503 if part in server.broken else 200, {}, ETag=f'"{part}"')

    def say(self, status: int, content: Any, **headers: str) -> None:
        raw = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        pass


class Account:
    """Calls a hub in an account's name, over HTTP."""

    def __init__(self, url: str) -> None:
        self._rest = Rest(url, lambda: "t")

    async def call(self, verb: str, path: str, **options: Any) -> Any:
        return await asyncio.to_thread(self._rest.call, verb, path, **options)


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.posts, made.puts, made.expired, made.broken = [], [], set(), set()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(10)


@pytest.fixture
def methods(server: Any, monkeypatch: pytest.MonkeyPatch) -> RunMethods:
    def at_once(work: Callable[[], Any], *, attempts: int) -> Any:
        return retry.retry(work, attempts=attempts, pause=lambda _: None)

    monkeypatch.setattr(objects, "retry", at_once)
    account: Any = Account(f"http://127.0.0.1:{server.server_address[1]}")
    return RunMethods(account, lambda: pytest.fail("no key is needed"), EventBus())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "p.zip"
    path.write_bytes(CONTENT)
    return path


def interrupt(server: Any, methods: RunMethods, file: Path) -> None:
    """Let an upload break off after its first part."""
    server.broken = {"2"}
    with pytest.raises(UnreachableError):
        asyncio.run(methods.upload(str(file)))
    server.broken = set()
    assert ("up-1", 1) in server.puts
    server.puts.clear()


def test_only_what_is_missing_is_sent(server: Any, methods: RunMethods, file: Path) -> None:
    interrupt(server, methods, file)
    assert asyncio.run(methods.upload(str(file))) == {"name": "p"}
    assert server.puts == [("up-1", 2), ("up-1", 3)]
    assert server.posts == ["/api/v1/uploads", "/api/v1/uploads/up-1/complete"]


def test_expired_addresses_are_asked_for_anew_at_once(
    server: Any, methods: RunMethods, file: Path
) -> None:
    interrupt(server, methods, file)
    server.expired = {"up-1"}
    assert asyncio.run(methods.upload(str(file))) == {"name": "p"}
    assert server.puts == [("up-1", 2), ("up-2", 1), ("up-2", 2), ("up-2", 3)]
    assert server.posts[-1] == "/api/v1/uploads/up-2/complete"


def test_a_store_that_refuses_fresh_addresses_is_told(
    server: Any, methods: RunMethods, file: Path
) -> None:
    server.expired = {"up-1", "up-2"}
    with pytest.raises(ForbiddenError):
        asyncio.run(methods.upload(str(file)))
    assert server.puts == [("up-1", 1)]
    server.expired = set()
    assert asyncio.run(methods.upload(str(file))) == {"name": "p"}
    assert server.posts[-1] == "/api/v1/uploads/up-2/complete"
