"""The frames between keeper and job over stdin and stdout; standard library only.

A frame is 16 bytes (b"SDF1", header length, body length), a JSON header with its `kind`, and raw
body bytes, written in chunks of 1 MiB. No pickle. The codec exists once: keeper and agent use it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MAGIC = b"SDF1"
HEAD = struct.Struct(">4sIQ")
CHUNK = 1024 * 1024
HEADER_LIMIT = 4 * 1024 * 1024
BODY_LIMIT = 64 * 1024 * 1024 * 1024


class ChannelError(Exception):
    """The other side wrote something that is no frame, or stopped inside one."""


@dataclass
class Frame:
    """One frame: its kind, its fields, its bytes."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    body: bytes | bytearray = b""


def write_head(stream: BinaryIO, kind: str, fields: dict[str, Any], body_length: int) -> None:
    """Write a frame's head and header; the caller writes exactly `body_length` bytes after it."""
    header = json.dumps({**fields, "kind": kind}, separators=(",", ":")).encode()
    if len(header) > HEADER_LIMIT:
        message = f"A frame's header of {len(header)} bytes is over the limit."
        raise ChannelError(message)
    stream.write(HEAD.pack(MAGIC, len(header), body_length) + header)


def write_frame(
    stream: BinaryIO,
    kind: str,
    fields: dict[str, Any] | None = None,
    parts: Iterable[bytes | bytearray | memoryview] = (),
) -> None:
    """Write one frame and flush it; the body is the concatenation of `parts`."""
    views = [memoryview(part).cast("B") for part in parts]
    write_head(stream, kind, fields or {}, sum(len(view) for view in views))
    for view in views:
        stream.writelines(view[start : start + CHUNK] for start in range(0, len(view), CHUNK))
    stream.flush()


def read_head(stream: BinaryIO) -> tuple[str, dict[str, Any], int] | None:
    """Read a frame's head; return kind, fields and body length, or None at a clean end.

    The caller reads exactly that many body bytes. Raises ChannelError.
    """
    head = _read_exactly(stream, HEAD.size, may_end=True)
    if not head:
        return None
    magic, header_length, body_length = HEAD.unpack(head)
    if magic != MAGIC or header_length > HEADER_LIMIT or body_length > BODY_LIMIT:
        message = "What came over the channel is not a frame."
        raise ChannelError(message)
    try:
        fields = json.loads(_read_exactly(stream, header_length))
    except ValueError as error:
        message = "A frame's header is not JSON."
        raise ChannelError(message) from error
    if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
        message = "A frame's header names no kind."
        raise ChannelError(message)
    return fields.pop("kind"), fields, body_length


def read_frame(stream: BinaryIO) -> Frame | None:
    """Read one whole frame, or return None at a clean end; raises ChannelError."""
    head = read_head(stream)
    if head is None:
        return None
    kind, fields, body_length = head
    return Frame(kind, fields, _read_exactly(stream, body_length))


def _read_exactly(stream: BinaryIO, count: int, *, may_end: bool = False) -> bytes | bytearray:
    data = bytearray(count)
    view = memoryview(data)
    done = 0
    while done < count:
        got = stream.readinto(view[done : done + CHUNK])  # type: ignore[attr-defined]
        if not got:
            if may_end and done == 0:
                return b""
            message = "The channel ended inside a frame."
            raise ChannelError(message)
        done += got
    return data


# --- the kinds of frames -------------------------------------------------------------------------
# job -> agent
HELLO = "hello"  # pid, python: the worker process is up
READY = "ready"  # import_s: frameworks are imported, the worker waits for `go`; once more with
#                  `rests` where no `go` came and it has imported all that jobs may use
MESSAGE = "message"  # message_id, reply_to, to_edge, round, blobs [{sha256, size}]; body: the rest
BLOB = "blob"  # sha256, size; body: tensor bytes, sent before the first message that names them;
#                sent again once BLOBS_KEPT other blobs were named by messages in between
METRICS = "metrics"  # records [{key, value, round, step, at, scope: own | global}]
LOG = "log"  # lines [{at, level, text}]
PROGRESS = (
    "progress"  # round, rounds, phase, detail, waiting [edge ids], since, until; paused, where a
)
#                      server job has stopped between two rounds, or goes on
ROUND = "round"  # a closed round: round, started_at, closed_at, answered, asked, missing [edge
#                  ids], closed_by, metrics
MODEL = "model"  # round, sha256, size, metrics, sites; the safetensors bytes came as a blob
DONE = "done"  # ok, reason, detail: the last frame

# agent -> job
GO = "go"  # order: JobOrder as JSON; only now may package code run
PEER = "peer"  # edge_id, state, reason: a client will not answer any more, or is back
PAUSE = "pause"  # on, reason: wait before the next round (a server job), or go on
STOP = "stop"  # reason: end within the grace time
# MESSAGE and BLOB go both ways; a MESSAGE to the job also carries `from_edge`. A message whose
# blobs are not all there waits for them, so that their order does not matter.
BLOBS_KEPT = 2  # distinct blobs, by last naming, that a receiver keeps at least

# --- the worker's exit codes ---------------------------------------------------------------------
EXIT_OK = 0
EXIT_EXCEPTION = 70  # the package's code raised
EXIT_FAILED = 71  # a known cause: quorum missed, deadline, bad configuration
EXIT_STOPPED = 72  # a stop was obeyed
EXIT_CHANNEL = 73  # the keeper went away or broke the protocol
EXIT_IMPORT = 74  # a framework or the entry cannot be imported
