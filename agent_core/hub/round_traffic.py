"""What the silos sent and received in each round, counted where every message passes."""

from __future__ import annotations

from sqlalchemy import select, update

from agent_core.hub import tables
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.messages import INLINE, RoundMessage


def count(tx: Tx, message: RoundMessage, body: bytes, *, from_client: bool) -> None:
    """Add a forwarded message: its body, and the tensors it names beside it."""
    size = len(body) + sum(ref.size for ref in message.blobs if ref.url != INLINE)
    table = tables.round_traffic
    column = table.c.bytes_up if from_client else table.c.bytes_down
    key = {"run_id": message.run_id, "round": message.round}
    tx.add_new(table, **key, bytes_up=0, bytes_down=0)
    tx.run(
        update(table)
        .where(table.c.run_id == message.run_id, table.c.round == message.round)
        .values({column: column + size})
    )


def of_rounds(reader: Reader, run_id: int, numbers: list[int]) -> dict[int, tuple[int, int]]:
    """Return bytes up and down of a run's rounds."""
    table = tables.round_traffic
    rows = reader.all(select(table).where(table.c.run_id == run_id, table.c.round.in_(numbers)))
    return {row["round"]: (row["bytes_up"], row["bytes_down"]) for row in rows}
