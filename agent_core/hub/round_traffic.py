"""What the silos sent and received in each round, counted where every message passes."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from agent_core.hub import tables
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.messages import INLINE, RoundMessage

_table = tables.round_traffic
_MORE = (
    update(_table)
    .where(_table.c.run_id == bindparam("run"), _table.c.round == bindparam("of"))
    .values(
        bytes_up=_table.c.bytes_up + bindparam("up"),
        bytes_down=_table.c.bytes_down + bindparam("down"),
    )
)


def count(tx: Tx, message: RoundMessage, body: bytes, *, from_client: bool) -> None:
    """Add a forwarded message: its body, and the tensors it names beside it."""
    size = len(body) + sum(ref.size for ref in message.blobs if ref.url != INLINE)
    up, down = (size, 0) if from_client else (0, size)
    more = {"run": message.run_id, "of": message.round, "up": up, "down": down}
    if not tx.run(_MORE, more):
        tx.add_new(
            tables.round_traffic, run_id=message.run_id, round=message.round,
            bytes_up=up, bytes_down=down,
        )  # fmt: skip


def of_rounds(reader: Reader, run_id: int, numbers: list[int]) -> dict[int, tuple[int, int]]:
    """Return bytes up and down of a run's rounds."""
    table = tables.round_traffic
    rows = reader.all(select(table).where(table.c.run_id == run_id, table.c.round.in_(numbers)))
    return {row["round"]: (row["bytes_up"], row["bytes_down"]) for row in rows}
