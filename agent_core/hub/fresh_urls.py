"""Inbox messages that wait for long: their tensors' addresses made anew before they go again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from agent_core.hub import tables
from agent_core.hub.store import Reader
from agent_core.protocol.messages import INLINE, BlobRef, RoundMessage, from_hub, to_payload

UrlOf = Callable[[str], str]  # an object's key -> an address for reading it


@dataclass(frozen=True)
class _Message:
    topic: str
    payload: bytes
    round: RoundMessage | None  # where it names objects
    body: bytes


def freshened(
    reader: Reader, rows: Sequence[RowMapping], url_of: UrlOf | None
) -> list[tuple[str, bytes]]:
    """Return topic and payload of inbox rows; objects that are still there get fresh addresses.

    A start order keeps its address: its device asks for a fresh one by itself.
    """
    messages = [_read(row) for row in rows]
    keys = _keys(reader, [message.round for message in messages if message.round])
    if url_of is None or not keys:
        return [(message.topic, message.payload) for message in messages]
    return [(message.topic, _renewed(message, keys, url_of)) for message in messages]


def _read(row: RowMapping) -> _Message:
    payload = bytes(row["payload"])
    if row["kind"] != "round":
        return _Message(row["topic"], payload, None, b"")
    message, body = from_hub(payload)
    names_objects = isinstance(message, RoundMessage) and any(map(_is_object, message.blobs))
    found = message if isinstance(message, RoundMessage) and names_objects else None
    return _Message(row["topic"], payload, found, body)


def _keys(reader: Reader, messages: list[RoundMessage]) -> dict[tuple[int, str], str]:
    table = tables.blobs
    wanted: dict[int, set[str]] = {}
    for message in messages:
        names = (ref.sha256 for ref in message.blobs if _is_object(ref))
        wanted.setdefault(message.run_id, set()).update(names)
    found: dict[tuple[int, str], str] = {}
    for run_id, hashes in wanted.items():
        rows = reader.all(
            select(table.c.key, table.c.sha256).where(
                table.c.run_id == run_id, table.c.sha256.in_(hashes), table.c.complete.is_(True)
            )
        )
        found |= {(run_id, row["sha256"]): row["key"] for row in rows}
    return found


def _renewed(message: _Message, keys: dict[tuple[int, str], str], url_of: UrlOf) -> bytes:
    told = message.round
    if told is None:
        return message.payload
    refs = [
        ref.model_copy(update={"url": url_of(key)})
        if _is_object(ref) and (key := keys.get((told.run_id, ref.sha256)))
        else ref
        for ref in told.blobs
    ]
    return to_payload(told.model_copy(update={"blobs": refs}), message.body)


def _is_object(ref: BlobRef) -> bool:
    return bool(ref.url) and ref.url != INLINE
