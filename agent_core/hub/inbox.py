"""Each device's inbox: a table of what the hub told it, kept until the device has it for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import bindparam, case, delete, func, insert, select, update

from agent_core.hub import tables
from agent_core.hub.fresh_urls import UrlOf, freshened
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.messages import (
    RESEND_AFTER_S,
    SILENT_AFTER_S,
    Ack,
    Shape,
    to_payload,
)
from agent_core.protocol.topics import device_topics

RESEND_BATCH = 64
RESEND_EACH = 16  # of one device at a time, so that one with many does not keep others waiting
BACKOFF_LIMIT = 6  # doublings of RESEND_AFTER_S

# Prepared: every round message passes through them.
_NUMBER = (
    update(tables.devices)
    .where(tables.devices.c.edge_id == bindparam("edge"))
    .values(next_inbox=tables.devices.c.next_inbox + 1)
    .returning(tables.devices.c.next_inbox)
)
_KEEP = insert(tables.inbox)
_TAKEN = delete(tables.inbox).where(
    tables.inbox.c.edge_id == bindparam("edge"),
    tables.inbox.c.inbox_seq.in_(bindparam("taken", expanding=True)),
)


def put(
    tx: Tx,
    edge_id: int,
    kind: str,
    make: Callable[[int], Shape],
    *,
    run_id: int = 0,
    body: bytes = b"",
) -> int:
    """Keep a message for a device and publish it after the commit; return its number.

    `make` gets the number that the device will acknowledge.
    """
    sequence = int(tx.scalar(_NUMBER, {"edge": edge_id})) - 1
    topics = device_topics(edge_id)
    topic = {"start": topics.start_train, "stop": topics.stop_train}.get(kind, topics.inbox)
    payload = to_payload(make(sequence), body)
    tx.run(
        _KEEP,
        {
            "edge_id": edge_id, "inbox_seq": sequence, "run_id": run_id, "kind": kind,
            "topic": topic, "payload": payload, "created_at": tx.now, "sent_at": tx.now,
            "attempts": 1,
        },
    )  # fmt: skip
    tx.send(topic, payload)
    return sequence


def acknowledge(tx: Tx, edge_id: int, stream: str, sequences: list[int], hub: str = "") -> None:
    """Tell a device after the commit that the hub has these for good."""
    message = Ack.model_validate(
        {"stream": stream, "sequences": sequences, "hub_time": tx.now, "hub": hub}
    )
    tx.send(device_topics(edge_id).inbox, to_payload(message))


def taken(tx: Tx, edge_id: int, sequences: Iterable[int]) -> None:
    """Drop what the device has committed."""
    wanted = list(sequences)
    for start in range(0, len(wanted), 500):
        tx.run(_TAKEN, {"edge": edge_id, "taken": wanted[start : start + 500]})


def resend(tx: Tx, edge_id: int, url_of: UrlOf | None = None) -> int:
    """Publish everything again that a reconnected device has not acknowledged."""
    table = tables.inbox
    rows = tx.all(
        select(table.c.kind, table.c.topic, table.c.payload)
        .where(table.c.edge_id == edge_id)
        .order_by(table.c.inbox_seq)
        .limit(RESEND_BATCH)
    )
    for topic, payload in freshened(tx, rows, url_of):
        tx.send(topic, payload)
    if rows:
        tx.run(update(table).where(table.c.edge_id == edge_id).values(sent_at=tx.now, attempts=1))
    return len(rows)


def overdue(reader: Reader, now: float) -> list[tuple[int, int]]:
    """Return (edge id, inbox number) of what present devices should have acknowledged by now.

    Each device gets its turn: the first of everyone comes before the second of anyone.
    """
    table, seen = tables.inbox, tables.devices
    waits = {attempt + 1: now - RESEND_AFTER_S * 2**attempt for attempt in range(BACKOFF_LIMIT)}
    longest = now - RESEND_AFTER_S * 2**BACKOFF_LIMIT
    turn = func.row_number().over(partition_by=table.c.edge_id, order_by=table.c.inbox_seq)
    due = (
        select(table.c.edge_id, table.c.inbox_seq, turn.label("turn"))
        .join(seen, seen.c.edge_id == table.c.edge_id)
        .where(
            table.c.sent_at < now - RESEND_AFTER_S,
            table.c.sent_at < case(waits, value=table.c.attempts, else_=longest),
            seen.c.last_seen > now - SILENT_AFTER_S,
            seen.c.gone.is_(False),
        )
        .subquery()
    )
    rows = reader.all(
        select(due.c.edge_id, due.c.inbox_seq)
        .where(due.c.turn <= RESEND_EACH)
        .order_by(due.c.turn, due.c.edge_id)
        .limit(RESEND_BATCH)
    )
    return sorted((row["edge_id"], row["inbox_seq"]) for row in rows)


def send_again(tx: Tx, keys: list[tuple[int, int]], url_of: UrlOf | None = None) -> None:
    """Publish these again, where they still wait."""
    table = tables.inbox
    for edge_id, sequence in keys:
        mine = (table.c.edge_id == edge_id) & (table.c.inbox_seq == sequence)
        row = tx.first(select(table.c.kind, table.c.topic, table.c.payload).where(mine))
        if row is not None:
            for topic, payload in freshened(tx, [row], url_of):
                tx.send(topic, payload)
            tx.run(update(table).where(mine).values(sent_at=tx.now, attempts=table.c.attempts + 1))


def waits(reader: Reader, edge_id: int, run_id: int, kind: str) -> bool:
    """Return whether a message of this kind was never acknowledged."""
    table = tables.inbox
    found = reader.scalar(
        select(table.c.inbox_seq)
        .where(table.c.edge_id == edge_id, table.c.run_id == run_id, table.c.kind == kind)
        .limit(1)
    )
    return found is not None


def forget_run(tx: Tx, run_id: int) -> None:
    """Drop what an ended run had for its devices, but for stop orders."""
    table = tables.inbox
    tx.run(delete(table).where(table.c.run_id == run_id, table.c.kind != "stop"))
    tx.run(delete(tables.relayed).where(tables.relayed.c.run_id == run_id))


def waiting(reader: Reader) -> int:
    """Return how many messages wait for their devices."""
    return int(reader.scalar(select(func.count()).select_from(tables.inbox)) or 0)
