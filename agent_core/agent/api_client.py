"""One local client of the agent: let in by the token, answered, told of events."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from agent_core.agent.events import EventBus, Subscriber
from agent_core.agent.jsonrpc import dump, parse
from agent_core.errors import LimitError, ProtocolError, SiloDeskError

log = logging.getLogger(__name__)

HELLO_WITHIN_S = 10.0
WRITE_WITHIN_S = 30.0
AT_ONCE = 32  # requests of one connection that may be in work
STRANGER_LIMIT = 4096  # bytes of a line before the token was shown


class Api(Protocol):
    """What a client needs of the API that accepted it."""

    @property
    def events(self) -> EventBus:
        """Return the bus to subscribe to."""

    def is_token(self, token: object) -> bool:
        """Return whether this is the token."""

    async def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Answer one request."""

    def subscribed(self) -> None:
        """Hear that a client listens to events now."""


class ApiClient:
    """One connection."""

    def __init__(
        self, api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._api = api
        self._reader = reader
        self._writer = writer
        self._writing = asyncio.Lock()
        self._work: set[asyncio.Task[None]] = set()
        self._subscriber: Subscriber | None = None

    async def serve(self) -> None:
        """Check the token, then answer requests until the client leaves."""
        try:
            if not await asyncio.wait_for(self._hello(), HELLO_WITHIN_S):
                return
            while (line := await self._line()) is not None:
                await self._take(line)
        finally:
            if self._subscriber is not None:
                self._api.events.remove(self._subscriber)
            for task in self._work:
                task.cancel()

    async def _line(self) -> bytes | None:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            await self._fail(None, LimitError("A request is longer than the limit."))
            return None
        except asyncio.IncompleteReadError:
            return None
        return line

    async def _hello(self) -> bool:
        line = await self._line()
        if line is None or len(line) > STRANGER_LIMIT:
            return False
        try:
            number, method, params = parse(line)
        except ProtocolError as error:
            await self._fail(None, error)
            return False
        if method != "hello" or not self._api.is_token(params.get("token")):
            refusal = ProtocolError(
                "A local client did not show the agent's token.",
                next_step="Use the same account and --home as the agent.",
                code="protocol.token",
            )
            await self._fail(number, refusal)
            return False
        await self._write({"id": number, "result": await self._api.answer("hello", {})})
        return True

    async def _take(self, line: bytes) -> None:
        try:
            number, method, params = parse(line)
        except ProtocolError as error:
            await self._fail(None, error)
            return
        if method == "events.subscribe":
            self._subscribe()
            await self._write({"id": number, "result": {}})
            return
        if len(self._work) >= AT_ONCE:
            await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)
        self._start(self._answer(number, method, params))

    def _subscribe(self) -> None:
        if self._subscriber is None:
            self._subscriber = self._api.events.add()
            self._api.subscribed()
            self._start(self._push(self._subscriber))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _push(self, subscriber: Subscriber) -> None:
        while True:
            events = await subscriber.take()
            lines = [
                dump({"jsonrpc": "2.0", "method": "event", "params": event}) for event in events
            ]
            await self._send(b"".join(lines))

    async def _answer(self, number: Any, method: str, params: dict[str, Any]) -> None:
        try:
            result = await self._api.answer(method, params)
        except SiloDeskError as error:
            await self._fail(number, error)
        except Exception as error:  # border of one request: logged, told to the client
            log.exception("The request %s failed", method)
            kind = type(error).__name__
            await self._fail(
                number,
                SiloDeskError(
                    f"The agent failed inside {method} ({kind}).",
                    next_step="See the agent's log; if it happens again, report it.",
                ),
            )
        else:
            await self._write({"id": number, "result": result})

    async def _fail(self, number: Any, error: SiloDeskError) -> None:
        body = {"code": -32000, "message": error.sentence, "data": error.to_problem()}
        await self._write({"id": number, "error": body})

    async def _write(self, answer: dict[str, Any]) -> None:
        await self._send(dump({"jsonrpc": "2.0", **answer}))

    async def _send(self, data: bytes) -> None:
        async with self._writing:
            self._writer.write(data)
            try:
                await asyncio.wait_for(self._writer.drain(), WRITE_WITHIN_S)
            except (OSError, TimeoutError):
                self._writer.transport.abort()  # frees what it would never read
