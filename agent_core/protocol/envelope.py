"""One MQTT payload: a JSON header of a known shape and raw bytes behind it, without pickle.

Layout: 4 bytes b"SDE1", 4 bytes big-endian header length, header (UTF-8 JSON), body.
"""

from __future__ import annotations

import struct

from agent_core.errors import ProtocolError

MAGIC = b"SDE1"
HEADER_LIMIT = 256 * 1024
BODY_LIMIT = 1024 * 1024


def pack(header: bytes, body: bytes = b"") -> bytes:
    """Return the payload of a JSON header and a body."""
    return MAGIC + struct.pack(">I", len(header)) + header + body


def unpack(payload: bytes) -> tuple[bytes, bytes]:
    """Return header and body of a payload.

    Raises ProtocolError when it is cut, oversized or something else.
    """
    if len(payload) < 8 or payload[:4] != MAGIC:
        raise ProtocolError("A message does not start as SiloDesk's messages do.")
    (length,) = struct.unpack(">I", payload[4:8])
    if length > HEADER_LIMIT or 8 + length > len(payload):
        raise ProtocolError("A message's header is longer than the message or the limit.")
    if len(payload) - 8 - length > BODY_LIMIT:
        raise ProtocolError("A message's body is over the limit.")
    return payload[8 : 8 + length], payload[8 + length :]
