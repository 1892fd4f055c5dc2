"""The agent's local API: JSON-RPC over a Unix socket that only this account can open."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agent_core.agent.api_client import ApiClient
from agent_core.agent.events import EventBus
from agent_core.protocol.local import LINE_LIMIT

log = logging.getLogger(__name__)

CONNECTIONS = 64

Handler = Callable[[str, dict[str, Any]], Awaitable[Any]]


class LocalApi:
    """Serve clients of this machine; junk ends a connection, never the agent."""

    def __init__(self, socket: Path, token_file: Path, handle: Handler, events: EventBus) -> None:
        self._socket = socket
        self._token_file = token_file
        self._handle = handle
        self._events = events
        self._token = ""
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self.on_subscribe: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Write the token and listen."""
        self._token = secrets.token_urlsafe(32)
        part = self._token_file.with_suffix(".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._token)
        part.replace(self._token_file)
        self._socket.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._accept, path=str(self._socket), limit=LINE_LIMIT, backlog=128
            )
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        """Stop to listen and let every client go."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.cancel()
        if self._clients:
            await asyncio.wait(list(self._clients), timeout=2.0)
        self._socket.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if len(self._clients) >= CONNECTIONS or task is None:
            writer.close()
            return
        self._clients.add(task)
        try:
            await ApiClient(self, reader, writer).serve()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client went away or was too slow; it comes again if it likes
        except Exception:  # border of one client's task: logged, the connection ends
            log.exception("A local client's connection failed")
        finally:
            self._clients.discard(task)
            writer.close()

    def is_token(self, token: object) -> bool:
        """Return whether a client showed the right token."""
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode())

    async def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Answer one request."""
        return await self._handle(method, params)

    def subscribed(self) -> None:
        """Hear that a client listens to events now."""
        self.on_subscribe()

    @property
    def events(self) -> EventBus:
        """Return the bus that clients subscribe to."""
        return self._events
