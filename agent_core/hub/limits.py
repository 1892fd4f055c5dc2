"""Bounds for what a client may send: size and time of a request's body."""

from __future__ import annotations

import asyncio
import zlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_core.errors import LimitError, ProtocolError
from agent_core.hub.problems import answer
from agent_core.hub.settings import HubSettings


class BodyLimits:
    """ASGI middleware that refuses bodies which are too large or too slow."""

    def __init__(self, app: ASGIApp, settings: HubSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_telemetry = scope["path"].endswith("/telemetry")
        limit = self._settings.telemetry_limit if is_telemetry else self._settings.json_limit
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await answer(_too_large(limit))(scope, receive, send)
            return
        body = _Body(receive, limit, self._settings.body_timeout_s)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, body.receive, watched)
        except LimitError as error:
            if not started:
                await answer(error)(scope, receive, send)


class _Body:
    def __init__(self, receive: Receive, limit: int, timeout_s: float) -> None:
        self._receive = receive
        self._limit = limit
        self._until = asyncio.get_running_loop().time() + timeout_s
        self._size = 0
        self._done = False

    async def receive(self) -> Message:
        if self._done:
            return await self._receive()  # waits for the client to go away
        left = self._until - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0.0))
        except TimeoutError:
            raise LimitError(
                "The request's body did not arrive in time.",
                next_step="Check the network and send it again.",
                code="limit.time",
            ) from None
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._done = not message.get("more_body", False)
        return message


def _too_large(limit: int) -> LimitError:
    return LimitError(
        f"The request's body is over the limit of {limit} bytes.",
        next_step="Send less at once.",
        code="limit.body",
    )


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body without its gzip encoding; raises before it grows over the limit."""
    if encoding.lower() in {"", "identity"}:
        return body
    if encoding.lower() != "gzip":
        raise ProtocolError(f"The hub does not read bodies in '{encoding[:20]}'.")
    machine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        data = machine.decompress(body, limit + 1)
    except zlib.error as error:
        raise ProtocolError("The body is not gzip.") from error
    if len(data) > limit:
        raise _too_large(limit)
    if not machine.eof:
        raise ProtocolError("The gzip body is cut short.")
    return data
