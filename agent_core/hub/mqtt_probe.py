"""One MQTT handshake, to learn whether a broker serves and lets someone in."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import struct

BOUND_S = 5.0


async def handshake(host: str, port: int, username: str, password: str) -> int | None:
    """Return the broker's CONNACK code (0 is welcome), or None when nothing of MQTT answers."""
    try:
        async with asyncio.timeout(BOUND_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_connect_packet(username, password))
                answer = await reader.readexactly(4)
                writer.write(b"\xe0\x00")  # DISCONNECT
                await writer.drain()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return None
    return answer[3] if answer[0] == 0x20 else None


def _connect_packet(username: str, password: str) -> bytes:
    texts = [f"probe-{secrets.token_hex(8)}", username, password]
    payload = b"".join(struct.pack(">H", len(t.encode())) + t.encode() for t in texts)
    body = b"\x00\x04MQTT\x04" + bytes([0xC2]) + struct.pack(">H", 10) + payload
    length = bytearray()
    rest = len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return b"\x10" + bytes(length) + body
