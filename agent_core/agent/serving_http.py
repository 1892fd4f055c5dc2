"""The address that other programs of this machine send rows to: bearer token, bounds, no more."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

from agent_core.errors import (
    ForbiddenError,
    JobError,
    LimitError,
    NotFoundError,
    NotSignedInError,
    ServiceError,
    SiloDeskError,
    UserInputError,
)

log = logging.getLogger(__name__)

BODY_LIMIT = 8 * 1024 * 1024
DRAIN_LIMIT = 4 * BODY_LIMIT  # read and dropped, so that who sends too much gets the answer
READ_BOUND_S = 15.0
START_BOUND_S = 20.0
CONNECTIONS = 64
HEADER_LIMIT = 16 * 1024
STATUS: tuple[tuple[type[SiloDeskError], int], ...] = (
    (NotSignedInError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (LimitError, 429),
    (UserInputError, 422),
    (JobError, 503),
)
KINDS = {"application/json": "json", "text/csv": "csv", "application/octet-stream": "picture"}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Models(Protocol):
    """What answers: the agent's prediction servers."""

    def count(self) -> int:
        """Return how many models are served."""

    def is_token(self, serving_id: str, token: str) -> bool:
        """Return whether a token opens a model."""

    def describe(self, serving_id: str) -> dict[str, Any]:
        """Return what a model takes and gives; raises NotFoundError."""

    async def predict(self, serving_id: str, content: str, body: bytes) -> dict[str, Any]:
        """Return a prediction."""


class PredictionAddress:
    """An HTTP server on 127.0.0.1, in the agent's own loop."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self.port = 0

    async def start(self, wished: int) -> int:
        """Listen, on the wished port where it is free; return the port once it answers.

        Raises ServiceError where no port can be opened.
        """
        async with self._lock:  # servers that are found again after a restart ask all at once
            if self._task is None or self._task.done():
                await self._open(wished)
            return self.port

    async def _open(self, wished: int) -> None:
        uvicorn = await asyncio.to_thread(importlib.import_module, "uvicorn")
        sock = _socket(wished)
        config = uvicorn.Config(
            self.serve, log_config=None, access_log=False, lifespan="off", ws="none",
            interface="asgi3", proxy_headers=False,
            loop="none", http="h11", timeout_keep_alive=10, limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=HEADER_LIMIT, server_header=False,
        )  # fmt: skip
        started = asyncio.Event()

        class Quiet(uvicorn.Server):  # type: ignore[name-defined, misc]
            """Signals are the agent's own business."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                started.set()

        self._server = Quiet(config)
        task = asyncio.ensure_future(self._server.serve(sockets=[sock]))
        task.add_done_callback(_note_end)
        waiting = asyncio.ensure_future(started.wait())
        try:
            await asyncio.wait(
                {task, waiting}, timeout=START_BOUND_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()
            if not started.is_set():
                task.cancel()
                sock.close()
        if not started.is_set():
            raise _no_port()
        self.port = sock.getsockname()[1]
        self._task = task

    async def stop(self) -> None:
        """Stop to listen."""
        async with self._lock:
            task, self._task = self._task, None
            if task is None:
                return
            self._server.should_exit = True
            self._server.force_exit = True
            await asyncio.gather(task, return_exceptions=True)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        try:
            status, content = 200, await self._answer(scope, receive)
        except SiloDeskError as error:
            status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
            status = int(error.details.get("status", status))
            content = error.to_problem()
        await _send(send, status, content)

    async def _answer(self, scope: Scope, receive: Receive) -> dict[str, Any]:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1")
                   for name, value in scope["headers"]}  # fmt: skip
        host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        if host not in ("127.0.0.1", "localhost"):
            raise ForbiddenError("This address answers as 127.0.0.1 only.", code="forbidden.host")
        path, verb = str(scope["path"]), str(scope["method"])
        if path == "/healthz":
            return {"status": "ok", "models": self._models.count()}
        parts = path.strip("/").split("/")
        if len(parts) not in (3, 4) or parts[:2] != ["v1", "models"]:
            raise NotFoundError("There is nothing at this address.", code="missing.path")
        self._check(headers.get("authorization", ""), parts[2])
        if len(parts) == 3 and verb == "GET":
            return self._models.describe(parts[2])
        if parts[3:] != ["predict"]:
            raise NotFoundError("There is nothing at this address.", code="missing.path")
        if verb != "POST":
            raise UserInputError("Send it with POST.", code="input.method", status=405)
        kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        content = "picture" if kind.startswith("image/") else KINDS.get(kind, "")
        if not content:
            raise UserInputError(
                f"'{kind[:80]}' is not understood.",
                next_step="Send application/json, text/csv or image/png.",
                code="input.content_type",
                status=415,
            )
        body = await _body(receive, headers.get("content-length", ""))
        return await self._models.predict(parts[2], content, body)

    def _check(self, authorization: str, serving_id: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not self._models.is_token(serving_id, token.strip()):
            raise NotSignedInError(
                "The token is missing or wrong.",
                next_step="Send `Authorization: Bearer TOKEN`; SiloDesk shows it when the server "
                "is started.",
                code="auth.token",
            )


def _socket(wished: int) -> socket.socket:
    for port in (wished, 0):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen(CONNECTIONS)  # two may be bound to a port as long as neither listens
        except OSError:
            sock.close()
            continue
        return sock
    raise _no_port()


def _no_port() -> ServiceError:
    return ServiceError(
        "No port on 127.0.0.1 can be opened for predictions.",
        next_step="End programs that hold many ports, then try again.",
        code="service.port",
    )


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("The address for predictions ended: %s", task.exception())


async def _body(receive: Receive, announced: str) -> bytes:
    if announced.isdigit() and int(announced) > DRAIN_LIMIT:
        raise _too_large()
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(READ_BOUND_S):
            while True:
                event = await receive()
                if event["type"] != "http.request":
                    raise UserInputError("The request was broken off.", code="input.body")
                part = event.get("body", b"")
                size += len(part)
                if size <= BODY_LIMIT:
                    body += part
                if size > DRAIN_LIMIT:
                    raise _too_large()
                if not event.get("more_body"):
                    break
    except TimeoutError as error:
        raise UserInputError(
            f"The body did not arrive within {READ_BOUND_S:.0f} s.", code="input.slow", status=408
        ) from error
    if size > BODY_LIMIT:
        raise _too_large()
    return bytes(body)


def _too_large() -> LimitError:
    return LimitError(
        f"The body is larger than {BODY_LIMIT // 1024**2} MiB.",
        next_step="Send fewer rows at once.",
        code="limit.body",
        status=413,
    )


async def _send(send: Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    kind = b"application/json" if status == 200 else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()),
               (b"cache-control", b"no-store")]  # fmt: skip
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
