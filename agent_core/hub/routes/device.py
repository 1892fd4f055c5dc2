"""Devices."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from agent_core.hub import datasets, devices, group_events, run_state
from agent_core.hub.callers import Caller, missing
from agent_core.hub.routes.depends import PREFIX, Body, CallerDep, HubDep, Name
from agent_core.hub.state import Hub
from agent_core.protocol.records import Binding, Device, Hardware, Page
from agent_core.protocol.records_data import SharedDataset
from agent_core.protocol.vitals import Vitals

router = APIRouter(prefix=f"{PREFIX}/devices", tags=["devices"])

_Key = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_=-]*$")]


class NewDevice(Body):
    device_id: Name
    name: Name
    silo: Name
    public_key: _Key
    signature: _Key
    hardware: Hardware = Hardware()
    agent_version: Annotated[str, StringConstraints(max_length=50, pattern=r"^[^\x00]*$")] = ""


class DeviceChange(Body):
    name: Name | None = None
    silo: Name | None = None


@router.post("", status_code=201)
async def bind(body: NewDevice, caller: CallerDep, hub: HubDep) -> Binding:
    """Bind a device to the signed-in account."""
    account_id = caller.account_id
    binding, login = await asyncio.to_thread(_bind, hub, account_id, body)
    await hub.admit(login)
    return binding


def _bind(hub: Hub, account_id: int, body: NewDevice) -> tuple[Binding, devices.BrokerLogin]:
    claim = devices.Claim(
        device_id=body.device_id,
        name=body.name,
        silo=body.silo,
        public_key=body.public_key,
        signature=body.signature,
        hardware=body.hardware,
        agent_version=body.agent_version,
    )
    with hub.store.write() as tx:
        edge_id, token = devices.bind(tx, account_id, claim, hub.settings)
        return hub.binding(tx, edge_id, token), hub.login(tx, edge_id)


@router.post("/renew")
async def renew(caller: CallerDep, hub: HubDep) -> Binding:
    """Give a device new credentials before the old ones expire."""

    def work() -> tuple[Binding, devices.BrokerLogin]:
        with hub.store.write() as tx:
            token = devices.renew(tx, caller.edge_id, caller.token, hub.settings)
            return hub.binding(tx, caller.edge_id, token), hub.login(tx, caller.edge_id)

    binding, login = await asyncio.to_thread(work)
    await hub.admit(login)
    return binding


class ShownDatasets(Body):
    datasets: Annotated[list[SharedDataset], Field(max_length=1_000)]


@router.put("/datasets")
def show_datasets(body: ShownDatasets, caller: CallerDep, hub: HubDep) -> dict[str, int]:
    """Replace what a device's operator shows of its datasets."""
    with hub.store.write() as tx:
        datasets.share(tx, caller.edge_id, body.datasets)
        devices.changed(tx, caller.edge_id)
    return {"shown": len(body.datasets)}


@router.get("")
def list_visible(caller: CallerDep, hub: HubDep) -> Page[Device]:
    """Return the account's devices and those in its groups."""
    with hub.store.read() as reader:
        found = devices.visible(reader, caller.account_id)
        found = datasets.complete(reader, found, account_id=caller.account_id)
    return Page[Device](items=hub.vitals.complete(found), total=len(found))


@router.get("/{edge_id}/vitals")
def vitals(edge_id: int, caller: CallerDep, hub: HubDep) -> Page[Vitals]:
    """Return a device's figures of the last minutes, the oldest first."""
    with hub.store.read() as reader:
        row = devices.find(reader, edge_id)
        if row["account_id"] != caller.account_id and not devices.is_visible(
            reader, caller.account_id, edge_id
        ):
            raise missing("device")
    found = hub.vitals.history(edge_id)
    return Page[Vitals](items=found, total=len(found))


@router.patch("/{edge_id}")
def change(edge_id: int, body: DeviceChange, caller: CallerDep, hub: HubDep) -> Device:
    """Rename a device or its silo."""
    with hub.store.write() as tx:
        row = devices.find(tx, edge_id)
        _check(tx, caller, row)
        devices.change(tx, edge_id, body.name, body.silo)
        return devices.record(devices.find(tx, edge_id))


@router.delete("/{edge_id}")
async def revoke(edge_id: int, caller: CallerDep, hub: HubDep) -> Device:
    """Take a device's credentials away."""

    def work() -> Device:
        with hub.store.write() as tx:
            row = devices.find(tx, edge_id)
            if not devices.is_governed(tx, caller.account_id, edge_id):
                _check(tx, caller, row)
            group_events.add_for_device(tx, edge_id, "revoked_device")
            devices.revoke(tx, edge_id)
            reason = f"The device {row['name']} at {row['silo']} was revoked."
            run_state.lose_device(tx, edge_id, reason)
            return devices.record(devices.find(tx, edge_id))

    device = await asyncio.to_thread(work)
    await hub.shut_out(edge_id)
    hub.vitals.forget(edge_id)
    return device


def _check(tx: Any, caller: Caller, row: Any) -> None:
    is_seen = devices.is_visible(tx, caller.account_id, row["edge_id"])
    caller.check(tx, "device", owner_id=row["account_id"], is_seen=is_seen)
