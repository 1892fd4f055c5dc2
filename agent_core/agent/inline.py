"""Small tensors inside a round message's body.

Where the inline part and all its tensors together stay within INLINE_LIMIT, they travel in the
envelope's body: 4 bytes big-endian length of the inline part, the inline part, the tensors in the
order of `blobs`. Every such BlobRef has the url "inline:", which the hub passes on as it is.
A message without tensors has its inline part alone as its body.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

from agent_core.errors import ProtocolError
from agent_core.protocol.messages import INLINE, BlobRef
from agent_core.protocol.topics import INLINE_LIMIT


def fits(body_size: int, blob_sizes: Sequence[int]) -> bool:
    """Return whether a message can carry its tensors itself."""
    return 4 + body_size + sum(blob_sizes) <= INLINE_LIMIT


def join(body: bytes, blobs: Sequence[bytes]) -> bytes:
    """Return the envelope's body of an inline part and its tensors."""
    return b"".join([struct.pack(">I", len(body)), body, *blobs])


def split(body: bytes, refs: Sequence[BlobRef]) -> tuple[bytes, list[bytes]]:
    """Return the inline part and the tensors; raises ProtocolError where they do not match."""
    if not any(ref.url == INLINE for ref in refs):
        return body, []
    if len(body) < 4 or any(ref.url != INLINE for ref in refs):
        raise ProtocolError("A round message's tensors are neither all inside nor all outside.")
    (length,) = struct.unpack(">I", body[:4])
    if 4 + length + sum(ref.size for ref in refs) != len(body):
        raise ProtocolError("A round message's tensors have other sizes than it says.")
    blobs, position = [], 4 + length
    for ref in refs:
        blob = body[position : position + ref.size]
        if hashlib.sha256(blob).hexdigest() != ref.sha256:
            raise ProtocolError("A tensor inside a message has another sha256 than it says.")
        blobs.append(blob)
        position += ref.size
    return body[4 : 4 + length], blobs
