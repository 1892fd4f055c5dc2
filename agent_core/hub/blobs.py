"""Tensors and models on their way through the store, named by content."""

from __future__ import annotations

import math
import time
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, update

from agent_core.errors import ConflictError, LimitError, NotFoundError
from agent_core.hub import tables
from agent_core.hub.callers import missing
from agent_core.hub.model_check import Arrival, ModelChecks
from agent_core.hub.part_of import part_of
from agent_core.hub.ports import Objects
from agent_core.hub.run_state import ENDED
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Reader, Store, Tx
from agent_core.protocol.states import Role, State

MODEL_LINGER_S = 24 * 3600.0  # a silo may have been offline when its run ended
BATCH = 100  # blobs that are deleted in one transaction
KEEP_ROUNDS = 2  # a blob goes when this many rounds have closed without it

_runs, _blobs = tables.runs, tables.blobs

# Prepared: tensors come and go in every round.
_PART = part_of(_runs.c.state, _runs.c.ended_at, tables.run_devices.c.role)
_SAME = select(_blobs).where(
    _blobs.c.run_id == bindparam("run"), _blobs.c.sha256 == bindparam("sha256")
)
_UNDER_WAY = _SAME.where(_blobs.c.complete.is_(False))
_TENSOR = _SAME.where(or_(_blobs.c.kind == "blob", _blobs.c.complete)).order_by(
    _blobs.c.complete.desc()
)
_MODEL = _SAME.where(_blobs.c.key == bindparam("key")).order_by(_blobs.c.complete.desc())
_KEPT = _SAME.where(_blobs.c.kind == "model", _blobs.c.complete)
_PROMOTE = (
    update(_blobs).where(_blobs.c.key == bindparam("stored")).values(kind="model", complete=True)
)
_COMPLETE = update(_blobs).where(_blobs.c.key == bindparam("stored")).values(complete=True)
_LEFT = update(_runs).where(_runs.c.id == bindparam("run")).values(blobs_left=True)


def model_key(run_id: int, round_number: int) -> str:
    """Return the object's key of a round's model."""
    return f"models/{run_id}/round-{round_number}.safetensors"


def tensor_key(run_id: int, round_number: int, sha256: str, role: str) -> str:
    """Return a tensor's key: a global one lies where it may stay as a round's model."""
    if role == Role.SERVER.value:
        return f"models/{run_id}/{sha256}"
    return f"runs/{run_id}/{round_number}/{sha256}"


def key_of_model(reader: Reader, run_id: int, round_number: int, sha256: str) -> str:
    """Return the key of the object that holds a round's model."""
    row = reader.first(_KEPT, {"run": run_id, "sha256": sha256})
    return str(row["key"]) if row is not None else model_key(run_id, round_number)


def begin(
    store: Store,
    objects: Objects,
    settings: HubSettings,
    checks: ModelChecks,
    edge_id: int,
    *,
    run_id: int,
    kind: str,
    round_number: int,
    sha256: str,
    size: int,
) -> dict[str, Any]:
    """Return where a device puts a blob or a model, or that the hub has it already."""
    if size > settings.blob_limit:
        raise LimitError(
            f"A blob of {size} bytes is over the hub's limit.",
            next_step="Send smaller updates.",
            code="limit.blob",
        )
    key = model_key(run_id, round_number) if kind == "model" else ""
    checks.refuse_meanwhile(key)
    promotable = _promotable(store, objects, run_id, sha256) if key else ""
    with store.write() as tx:
        role = _check_part(tx, run_id, edge_id, kind)
        if key:
            _check_unchanged(tx, key, run_id, round_number, sha256)
        if promotable and tx.run(_PROMOTE, {"stored": promotable}):
            return _is_there(promotable)
        found = _find(tx, run_id, sha256, key)
        if found is not None:
            _use(tx, found["key"], round_number)
            if found["complete"]:
                return _is_there(found["key"])
            key = found["key"]
        key = key or tensor_key(run_id, round_number, sha256, role)
        tx.put(
            tables.blobs, key=key, run_id=run_id, sha256=sha256, kind=kind, size=size,
            complete=False, last_round=round_number,
        )  # fmt: skip
    put = objects.presign_put(key, size, settings.part_size, in_parts=kind == "model")
    # A tensor in one piece is looked for when a message names it: one request less in each round.
    return {
        **put,
        "exists": False,
        "key": key,
        "needs_finish": kind == "model" or bool(put["upload_id"]),
    }


def _is_there(key: str) -> dict[str, Any]:
    return {
        "exists": True, "key": key, "upload_id": "", "part_size": 0, "parts": [],
        "needs_finish": False,
    }  # fmt: skip


def _promotable(store: Store, objects: Objects, run_id: int, sha256: str) -> str:
    """Return the key of the global tensors that are this model's very bytes, if they are there.

    Every silo that got them has checked their hash, and so does everyone who loads the model.
    """
    with store.read() as reader:
        rows = reader.all(_TENSOR, {"run": run_id, "sha256": sha256})
    for row in rows:
        is_global = row["key"] == tensor_key(run_id, 0, sha256, Role.SERVER.value)
        if is_global and (row["complete"] or objects.head(row["key"]) == row["size"]):
            return str(row["key"])
    return ""


def finish(
    store: Store,
    objects: Objects,
    checks: ModelChecks,
    edge_id: int,
    *,
    run_id: int,
    sha256: str,
    upload_id: str,
    parts: list[dict[str, Any]],
) -> None:
    """Put a device's upload together; afterwards messages may name it.

    A model's hash is checked here; a tensor's by everyone who gets it.
    """
    table = tables.blobs
    with store.read() as reader:
        _check_part(reader, run_id, edge_id, "")
        rows = reader.all(_UNDER_WAY, {"run": run_id, "sha256": sha256})
        if any(row["kind"] == "model" for row in rows):
            _check_part(reader, run_id, edge_id, "model")
        is_there = bool(rows) or reader.scalar(
            select(table.c.key).where(table.c.run_id == run_id, table.c.sha256 == sha256)
        )
    if not is_there:
        raise missing("upload")
    for row in rows:
        if row["kind"] == "model":
            checks.run(row["key"], Arrival(store, objects, row, upload_id, parts).check)
            continue
        if upload_id:
            objects.complete(row["key"], upload_id, parts)
        size = objects.head(row["key"])
        if size != row["size"]:
            raise NotFoundError(
                f"The object has {size or 0} bytes in the store instead of {row['size']}.",
                next_step="Upload it again.",
                code="missing.blob",
            )
        with store.write() as tx:
            is_whole(tx, run_id, row["key"])


def is_whole(tx: Tx, run_id: int, key: str) -> None:
    """Note that a tensor is in the store: messages may name it."""
    tx.run(_COMPLETE, {"stored": key})
    tx.run(_LEFT, {"run": run_id})


def _check_unchanged(reader: Reader, key: str, run_id: int, round_number: int, sha256: str) -> None:
    """Refuse other weights for a round that has its model; raises ConflictError."""
    table, blobs = tables.models, tables.blobs
    told = reader.scalar(
        select(table.c.sha256).where(table.c.run_id == run_id, table.c.round == round_number)
    )
    stored = reader.scalar(
        select(blobs.c.sha256).where(blobs.c.key == key, blobs.c.complete.is_(True))
    )
    if {told, stored} - {None, sha256}:
        raise ConflictError(
            f"Round {round_number} of run {run_id} has another model already.",
            next_step="Drop the upload.",
            code="conflict.model",
        )


def _find(reader: Reader, run_id: int, sha256: str, key: str) -> Any:
    wanted = {"run": run_id, "sha256": sha256}
    return reader.first(_MODEL, {**wanted, "key": key}) if key else reader.first(_TENSOR, wanted)


def _use(tx: Tx, key: str, round_number: int) -> None:
    table = tables.blobs
    tx.run(
        update(table)
        .where(table.c.key == key, table.c.last_round < round_number)
        .values(last_round=round_number)
    )


def _check_part(reader: Reader, run_id: int, edge_id: int, kind: str) -> str:
    """Return the device's role in a run to which it may add; raises ConflictError."""
    row = reader.first(_PART, {"run": run_id, "edge": edge_id})
    if row is None or (kind == "model" and row["role"] != Role.SERVER.value):
        raise missing("run")
    # A model may still be on its way when the server job has ended.
    ended_at = (row["ended_at"] or 0.0) if row["state"] in ENDED else math.inf
    is_late = kind == "model" and time.time() > ended_at + MODEL_LINGER_S
    if row["state"] == State.IDLE.value or is_late or (kind == "blob" and row["state"] in ENDED):
        raise ConflictError(
            f"The run is {row['state']}; nothing can be added to it.",
            next_step="Drop the upload.",
            code="conflict.state",
        )
    return str(row["role"])


def expired(reader: Reader, now: float, linger_s: float) -> list[str]:
    """Return the keys of blobs that no round will ask for again."""
    table, runs, rounds = tables.blobs, tables.runs, tables.rounds
    closed = (
        select(rounds.c.round)
        .where(rounds.c.run_id == table.c.run_id)
        .order_by(rounds.c.round.desc())
        .limit(1)
        .scalar_subquery()
    )
    return reader.scalars(
        select(table.c.key)
        .join(runs, runs.c.id == table.c.run_id)
        .where(
            table.c.kind == "blob",
            runs.c.blobs_left.is_(True),
            or_(
                and_(runs.c.state.in_(ENDED), runs.c.ended_at < now - linger_s),
                and_(table.c.last_round > 0, table.c.last_round <= closed - KEEP_ROUNDS),
            ),
        )
        .limit(BATCH)
    )


def clean(store: Store, objects: Objects, linger_s: float, now: float) -> int:
    """Delete up to BATCH blobs that no round will ask for again; return how many went."""
    with store.read() as reader:
        keys = expired(reader, now, linger_s)
    if not keys:
        return 0
    table, runs = tables.blobs, tables.runs
    with store.write() as tx:
        # What has become a round's model meanwhile stays.
        passing = (table.c.key.in_(keys), table.c.kind == "blob")
        keys = tx.scalars(select(table.c.key).where(*passing))
        tx.run(delete(table).where(*passing))
        left = select(table.c.key).where(table.c.run_id == runs.c.id, table.c.kind == "blob")
        done = tx.scalars(
            select(runs.c.id).where(
                runs.c.blobs_left.is_(True), runs.c.state.in_(ENDED), ~left.exists()
            )
        )
        tx.run(update(runs).where(runs.c.id.in_(done)).values(blobs_left=False))
    # Only after no message can name them any more. A run's whole folder goes at its end, with
    # what a crash may have left in it.
    objects.delete(keys)
    for run_id in done:
        objects.delete_prefix(f"runs/{run_id}/")
        objects.delete(_unnamed(store, objects, run_id))
    return len(keys)


def _unnamed(store: Store, objects: Objects, run_id: int) -> list[str]:
    """Return the keys of global tensors that a crash left behind."""
    found = {key for key, _ in objects.list_all(f"models/{run_id}/")}
    with store.read() as reader:
        known = reader.scalars(select(tables.blobs.c.key).where(tables.blobs.c.run_id == run_id))
    return sorted(found.difference(known))
