"""Round messages on their way from one device's outbox to another's inbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import RowMapping, bindparam, select, update

from agent_core.hub import blobs, inbox, round_traffic, tables
from agent_core.hub.counters import Counters
from agent_core.hub.store import Tx
from agent_core.protocol.messages import INLINE, BlobRef, RoundMessage
from agent_core.protocol.states import TERMINAL, Role, State

_runs, _parts, _devices = tables.runs, tables.run_devices, tables.devices
_blobs = tables.blobs

# Prepared: every round message passes through them.
_PAIR = (
    select(
        _runs.c.epoch, _runs.c.state, _parts.c.edge_id, _parts.c.role,
        _parts.c.state.label("part_state"), _devices.c.revoked,
    )
    .join(_parts, _parts.c.run_id == _runs.c.id)
    .join(_devices, _devices.c.edge_id == _parts.c.edge_id)
    .where(
        _runs.c.id == bindparam("run"),
        _parts.c.edge_id.in_([bindparam("one"), bindparam("other")]),
    )
)  # fmt: skip
_STORED = select(
    _blobs.c.key, _blobs.c.sha256, _blobs.c.size, _blobs.c.last_round, _blobs.c.complete
).where(
    _blobs.c.run_id == bindparam("run"),
    _blobs.c.sha256.in_(bindparam("wanted", expanding=True)),
)
_NAMED = (
    update(_blobs)
    .where(
        _blobs.c.run_id == bindparam("run"),
        _blobs.c.sha256.in_(bindparam("wanted", expanding=True)),
        _blobs.c.last_round < bindparam("round"),
    )
    .values(last_round=bindparam("round"))
)


@dataclass(frozen=True)
class Relay:
    """Checks and forwards; `presign` turns an object's key into a URL for reading."""

    presign: Callable[[str], str]
    counters: Counters

    def forward(
        self,
        tx: Tx,
        edge_id: int,
        message: RoundMessage,
        body: bytes,
        arrived: frozenset[str] = frozenset(),
    ) -> bool:
        """Put a message into its receiver's inbox; return whether the sender may forget it.

        `arrived` are the keys of tensors that were found in the store a moment ago.
        """
        if message.from_edge != edge_id:
            self.counters.refused("sender", edge_id, f"claims to be device {message.from_edge}")
            return False
        run, parts = _run_with(tx, message)
        reason = _refusal(message, run, parts)
        if reason:
            self.counters.refused(reason, edge_id, f"run {message.run_id}")
            # It can never be forwarded: to keep it would only make the sender repeat it.
            return True
        refs = self._with_urls(tx, message, arrived)
        if refs is None:
            self.counters.refused("blob", edge_id, f"run {message.run_id}")
            return False
        is_new = tx.add_new(
            tables.relayed,
            run_id=message.run_id,
            from_edge=edge_id,
            message_id=message.message_id[:200],
        )
        if not is_new:
            self.counters.add("silodesk_repeats_total")
            return True
        inbox.put(
            tx,
            message.to_edge,
            "round",
            lambda sequence: message.model_copy(
                update={"inbox_seq": sequence, "sequence": 0, "blobs": refs}
            ),
            run_id=message.run_id,
            body=body,
        )
        round_traffic.count(
            tx, message.model_copy(update={"blobs": refs}), body,
            from_client=parts[edge_id]["role"] == Role.CLIENT.value,
        )  # fmt: skip
        self.counters.add("silodesk_relayed_total")
        self.counters.add("silodesk_relayed_bytes_total", len(body))
        return True

    def _with_urls(
        self, tx: Tx, message: RoundMessage, arrived: frozenset[str]
    ) -> list[BlobRef] | None:
        if all(ref.url == INLINE for ref in message.blobs):
            return list(message.blobs)  # none, or all of them inside the body
        named = {"run": message.run_id, "wanted": [ref.sha256 for ref in message.blobs]}
        rows = [row for row in tx.all(_STORED, named) if row["complete"] or row["key"] in arrived]
        found = {row["sha256"]: row for row in rows}
        if any(ref.sha256 not in found for ref in message.blobs):
            return None
        for row in rows:
            if not row["complete"]:
                blobs.is_whole(tx, message.run_id, row["key"])
        if any(row["last_round"] < message.round for row in rows):
            tx.run(_NAMED, {**named, "round": message.round})
        return [
            BlobRef(
                sha256=ref.sha256,
                size=found[ref.sha256]["size"],
                url=self.presign(found[ref.sha256]["key"]),
            )
            for ref in message.blobs
        ]


def _refusal(message: RoundMessage, run: RowMapping | None, parts: dict[int, RowMapping]) -> str:
    """Return why a message is not forwarded, in one word, or nothing."""
    if run is None or message.from_edge not in parts or message.to_edge not in parts:
        return "stranger"
    if run["epoch"] != message.epoch:
        return "epoch"
    if State(run["state"]) in TERMINAL | {State.IDLE, State.STOPPING}:
        return "late"
    sender, receiver = parts[message.from_edge], parts[message.to_edge]
    if (sender["role"] == Role.SERVER.value) == (receiver["role"] == Role.SERVER.value):
        return "direction"
    if State(receiver["part_state"]) in TERMINAL or receiver["revoked"]:
        return "late"
    return ""


def _run_with(tx: Tx, message: RoundMessage) -> tuple[RowMapping | None, dict[int, RowMapping]]:
    rows = tx.all(
        _PAIR,
        {"run": message.run_id, "one": message.from_edge, "other": message.to_edge},
    )
    return (rows[0] if rows else None), {row["edge_id"]: row for row in rows}
