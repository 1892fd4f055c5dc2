"""An agent of an invented federation, for drawing and testing pages without a real one.

It speaks protocol/local.py over the home's socket. As a program it stays up:
`python tests/helpers/fake_agent.py --home DIR [--scene working | first-run]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from helpers.fake_answers import Answers  # noqa: E402

from agent_core.errors import NotFoundError, SiloDeskError  # noqa: E402 - after the path
from agent_core.paths import Home  # noqa: E402
from agent_core.protocol.local import LINE_LIMIT, OWN, PROXIED  # noqa: E402


class FakeAgent:
    """Serve recorded answers on a home's socket from a thread of its own."""

    def __init__(self, root: Path, scene: str = "working") -> None:
        self.home = Home(root).make()
        self.answers = Answers(self.home, scene)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.said: list[str] = []  # every text of every answer, in order
        self.errors: dict[str, SiloDeskError] = {}  # method -> the error it answers with
        self._overrides: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._subscribed: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="fake-agent")
        self._stop: asyncio.Event | None = None

    def start(self) -> FakeAgent:
        """Start serving; returns when the socket listens."""
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("The fake agent did not listen within 10 s.")
        return self

    def stop(self) -> None:
        """Stop serving and drop all connections."""
        if self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def answer(self, method: str, how: Callable[[dict[str, Any]], Any]) -> None:
        """Answer a method by a function of its parameters."""
        self._overrides[method] = how

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of all calls of a method so far."""
        return [params for name, params in self.calls if name == method]

    def push(self, name: str, **params: Any) -> None:
        """Send an event to all subscribers."""
        self._loop.call_soon_threadsafe(self._push, name, params)

    def _push(self, name: str, params: dict[str, Any]) -> None:
        message = {"jsonrpc": "2.0", "method": "event", "params": {**params, "name": name}}
        self.said += texts_in(params)
        for writer in list(self._subscribed):
            writer.write(json.dumps(message).encode() + b"\n")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self.home.token.write_text(secrets.token_urlsafe(16))
        self.home.token.chmod(0o600)
        path = self.home.socket
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._connection, str(path), limit=LINE_LIMIT)
        self._ready.set()
        ticker = asyncio.create_task(self._tick())
        await self._stop.wait()
        ticker.cancel()
        server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)
        path.unlink(missing_ok=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            for name, params in self.answers.tick():
                self._push(name, params)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._reply(json.loads(line), writer)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client went away in the middle of something
        finally:
            self._writers.discard(writer)
            self._subscribed.discard(writer)
            writer.close()

    def _reply(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> dict[str, Any]:
        method, params = request["method"], dict(request.get("params") or {})
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request.get("id")}
        self.calls.append((method, params))
        if method == "events.subscribe":
            self._subscribed.add(writer)
        try:
            answer["result"] = self._result(method, params)
            self.said += texts_in(answer["result"])
            if method == "settings.set":
                self._loop.call_soon(self._push, "settings", answer["result"])
        except SiloDeskError as error:
            self.said += [error.sentence, error.next_step]
            answer["error"] = {
                "code": -32000, "message": error.sentence, "data": error.to_problem()
            }  # fmt: skip
        if method == "events.subscribe":
            self._loop.call_later(0.05, self._push, "status", self.answers.status())
        return answer

    def _result(self, method: str, params: dict[str, Any]) -> Any:
        if method in self.errors:
            raise self.errors[method]
        if method in self._overrides:
            return self._overrides[method](params)
        if method not in OWN and method not in PROXIED:
            raise NotFoundError(f"The agent has no method {method}.", code="missing.method")
        return self.answers.give(method, params)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--scene", choices=("working", "first-run"), default="working")
    given = parser.parse_args()
    agent = FakeAgent(given.home, given.scene).start()
    print(f"Serving {given.scene} for {given.home} on {agent.home.socket}")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        agent.stop()


if __name__ == "__main__":
    main()
