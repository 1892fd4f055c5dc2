"""A connection to a keeper's socket in the frames of the worker's channel."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from agent_core.jobs.outlet import encode
from agent_core.worker.channel import HEAD, HEADER_LIMIT, MAGIC, ChannelError, Frame

BODY_LIMIT = 64 * 1024 * 1024
BUFFER = 1024 * 1024


class Line:
    """Send requests to a keeper and receive what it answers and pushes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)

    @staticmethod
    async def open(path: Path) -> Line:
        """Connect; raises OSError."""
        return Line(*await asyncio.open_unix_connection(str(path), limit=BUFFER))

    @property
    def is_closed(self) -> bool:
        """Return whether nothing more can be sent or will come."""
        return self._writer.is_closing() or self._reader.at_eof()

    async def send(self, kind: str, fields: dict[str, Any], body: bytes = b"") -> int:
        """Send one request and return its number; raises OSError."""
        number = next(self._numbers)
        self._writer.write(encode(kind, {"id": number, **fields}, body))
        await self._writer.drain()
        return number

    async def receive(self) -> Frame | None:
        """Return the next frame, or None at the end."""
        try:
            magic, length, body_length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            if magic != MAGIC or length > HEADER_LIMIT or body_length > BODY_LIMIT:
                raise ChannelError("What came from the keeper is not a frame.")
            fields = json.loads(await self._reader.readexactly(length))
            body = await self._reader.readexactly(body_length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return Frame(fields.pop("kind"), fields, body)

    async def ask(self, kind: str, fields: dict[str, Any], body: bytes = b"") -> dict[str, Any]:
        """Send one request and return its answer; raises OSError, EOFError."""
        number = await self.send(kind, fields, body)
        while (frame := await self.receive()) is not None:
            if frame.fields.get("id") == number:
                return frame.fields
        raise EOFError

    def abort(self) -> None:
        """Drop the connection at once."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # the keeper closed it first
