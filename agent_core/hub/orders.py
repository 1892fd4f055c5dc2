"""A run's plan, its owner's signature, and the start orders that follow."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import RowMapping, select, update

from agent_core.errors import ConflictError, ForbiddenError, ProtocolError
from agent_core.hub import applications, groups, inbox, run_events, run_state, run_view, tables
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Reader, Tx
from agent_core.protocol import signing
from agent_core.protocol.messages import Edge, RunPlan, StartOrder
from agent_core.protocol.records import Account, Run
from agent_core.protocol.states import RUN_NEXT, Role, Stage, State, may_come_from


def plan(reader: Reader, run: RowMapping, now: float, settings: HubSettings) -> RunPlan:
    """Return what the owner signs to start a run with its next epoch."""
    if run["state"] != State.IDLE.value:
        raise ConflictError(
            f"This run was already started; it is {run['state']}.",
            next_step="Clone it to run it again.",
            code="conflict.state",
        )
    record = run_view.record(reader, run["id"])
    return RunPlan(
        run_id=run["id"],
        epoch=run["epoch"] + 1,
        run_name=run["name"],
        project=run["project_name"],
        group_id=run["group_id"],
        application=run["application_name"],
        packages=applications.package_refs(reader, run["application_id"]),
        edges=[
            Edge(
                edge_id=device.edge_id,
                device_name=device.name,
                silo=device.silo,
                role=device.role,
                rank=device.rank,
            )
            for device in record.devices
        ],
        parameters=run["parameters"],
        rounds=run["rounds"],
        round_deadline_s=run["round_deadline_s"],
        quorum=run["quorum"],
        issued_at=now,
        expires_at=now + settings.plan_valid_s,
        owner_name=run["owner_name"],
        owner_account_id=run["owner_id"],
    )


def check(
    reader: Reader,
    run: RowMapping,
    owner: Account,
    signed: RunPlan,
    owner_key: str,
    signature: str,
    settings: HubSettings,
    now: float,
) -> None:
    """Check that a signed plan is this run's, fresh, and signed by its owner's own key."""
    if not owner.owner_key or owner_key != owner.owner_key:
        raise ForbiddenError(
            "The plan is signed with a key that is not registered for your account.",
            next_step="Sign in on this machine again, which registers its key.",
            code="forbidden.key",
        )
    try:
        signing.verify(owner_key, signature, signed.model_dump(mode="json"))
    except ProtocolError as error:
        raise ForbiddenError(
            "The signature does not match the plan.",
            next_step="Start the run again; nothing was sent to any device.",
            code="forbidden.signature",
        ) from error
    expected = plan(reader, run, now, settings)
    times = {"issued_at": signed.issued_at, "expires_at": signed.expires_at}
    if expected.model_copy(update=times) != signed:
        raise ConflictError(
            "The run changed after its plan was made.",
            next_step="Start it again.",
            code="conflict.plan",
        )
    is_fresh = abs(now - signed.issued_at) <= settings.plan_fresh_s
    if not is_fresh or not now < signed.expires_at <= signed.issued_at + settings.plan_valid_s:
        raise ConflictError(
            "The plan is too old, or the two clocks differ by minutes.",
            next_step="Check this machine's clock and start the run again.",
            code="conflict.expired",
        )


def start(
    tx: Tx, run: RowMapping, signed: RunPlan, signature: str, owner_key: str,
    url_of: Callable[[str], str],
) -> Run:  # fmt: skip
    """Move a run from IDLE to QUEUED and order its devices to start.

    `url_of` gives a URL for reading the package with this sha256.
    """
    run_id = run["id"]
    _check_devices(tx, run_id, run["group_id"])
    table = tables.runs
    moved = tx.run(
        update(table)
        .where(
            table.c.id == run_id,
            table.c.epoch == signed.epoch - 1,
            table.c.state.in_([s.value for s in may_come_from(RUN_NEXT, State.QUEUED)]),
        )
        .values(
            state=State.QUEUED.value,
            epoch=signed.epoch,
            started_at=tx.now,
            plan_expires_at=signed.expires_at,
        )
    )
    if not moved:
        raise ConflictError(
            "This run was started in the meantime.",
            next_step="Look at its page.",
            code="conflict.state",
        )
    parts = tables.run_devices
    tx.run(update(parts).where(parts.c.run_id == run_id).values(state=State.QUEUED.value))
    for edge in signed.edges:
        url = url_of(signed.package(edge.role).zip_sha256)

        def order(sequence: int, edge_id: int = edge.edge_id, url: str = url) -> StartOrder:
            return StartOrder(
                inbox_seq=sequence,
                edge_id=edge_id,
                plan=signed,
                owner_key=owner_key,
                signature=signature,
                package_url=url,
            )

        inbox.put(tx, edge.edge_id, "start", order, run_id=run_id)
        tx.add_new(
            tables.stages,
            run_id=run_id,
            edge_id=edge.edge_id,
            stage=Stage.SENT.value,
            at=tx.now,
            detail="",
            round=None,
        )
    run_events.add(tx, run_id, "order", f"Start orders sent to {len(signed.edges)} devices.")
    run_events.touch(tx, run_id, run["group_id"])
    return run_view.record(tx, run_id)


def _check_devices(tx: Tx, run_id: int, group_id: int) -> None:
    for part in run_state.parts_of(tx, run_id):
        if part["revoked"] or not groups.has_device(tx, group_id, part["edge_id"]):
            role = "server" if part["role"] == Role.SERVER.value else "client"
            raise ConflictError(
                f"The {role} device {part['name']} left the group after the run was created.",
                next_step="Create the run again with devices of the group.",
                code="conflict.device",
            )


def needs_package(reader: Reader, edge_id: int, sha256: str) -> bool:
    """Return whether a device has a part in a run of this package that was started."""
    runs, parts, packed = tables.runs, tables.run_devices, tables.application_packages
    found = reader.scalar(
        select(runs.c.id)
        .join(parts, parts.c.run_id == runs.c.id)
        .join(packed, packed.c.application_id == runs.c.application_id)
        .where(
            parts.c.edge_id == edge_id,
            packed.c.zip_sha256 == sha256,
            runs.c.state != State.IDLE.value,
        )
        .limit(1)
    )
    return found is not None
