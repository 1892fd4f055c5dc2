"""What silos show of their datasets: name, version, rows and columns; to the groups they chose."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from agent_core.hub import tables
from agent_core.hub.store import Reader, Tx
from agent_core.hub.tables_datasets import device_datasets, run_datasets
from agent_core.protocol.records import Device
from agent_core.protocol.records_data import DatasetShown, SharedDataset

TEXT_LIMIT = 200


def share(tx: Tx, edge_id: int, shown: Sequence[SharedDataset]) -> None:
    """Replace what a device shows."""
    table = device_datasets
    tx.run(delete(table).where(table.c.edge_id == edge_id))
    if shown:
        plain = [_cut(one).model_dump(mode="json") for one in shown]
        tx.run(insert(table).values(edge_id=edge_id, shown=plain))


def used(tx: Tx, run_id: int, edge_id: int, dataset: DatasetShown) -> None:
    """Remember which data a device gave to a run, as far as it is shown."""
    table = run_datasets
    tx.run(delete(table).where(table.c.run_id == run_id, table.c.edge_id == edge_id))
    record = dataset.model_copy(update={"name": dataset.name[:TEXT_LIMIT],
                                        "version": dataset.version[:64]})  # fmt: skip
    tx.run(
        insert(table).values(
            run_id=run_id, edge_id=edge_id, record=record.model_dump(mode="json")
        )
    )  # fmt: skip


def of_runs(reader: Reader, run_ids: Sequence[int]) -> dict[tuple[int, int], DatasetShown]:
    """Return the data that devices gave to runs, by run and device."""
    table = run_datasets
    rows = reader.all(select(table).where(table.c.run_id.in_(run_ids)))
    return {
        (row["run_id"], row["edge_id"]): DatasetShown.model_validate(row["record"]) for row in rows
    }


def complete(
    reader: Reader, devices: Sequence[Device], *, account_id: int = 0, group_id: int = 0
) -> list[Device]:
    """Return devices with the datasets that an account, or a group, may know of."""
    table = device_datasets
    ids = [device.edge_id for device in devices]
    shown = {
        row["edge_id"]: [SharedDataset.model_validate(one) for one in row["shown"]]
        for row in reader.all(select(table).where(table.c.edge_id.in_(ids)))
    }
    members = tables.members
    own = {group_id} if group_id else set(
        reader.scalars(select(members.c.group_id).where(members.c.account_id == account_id))
    )  # fmt: skip
    return [
        device.model_copy(update={"datasets": found}) if found else device
        for device in devices
        for found in ([
            one for one in shown.get(device.edge_id, [])
            if one.groups is None or device.account_id == account_id or own & set(one.groups)
        ],)
    ]  # fmt: skip


def _cut(dataset: SharedDataset) -> SharedDataset:
    return dataset.model_copy(
        update={"name": dataset.name[:TEXT_LIMIT], "version": dataset.version[:64]}
    )
