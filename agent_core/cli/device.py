"""`silodesk device`: the machines that this account sees."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock, items
from agent_core.cli.output import emit, error_border, table
from agent_core.errors import ConflictError

EdgeId = Annotated[int, typer.Argument(metavar="EDGE", help="The device's edge id")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    devices = typer.Typer(help="Devices that this account can see.", no_args_is_help=True)
    for name, command in (
        ("list", list_devices), ("rename", rename), ("unbind", unbind), ("revoke", revoke),
    ):  # fmt: skip
        devices.command(name)(command)
    app.add_typer(devices, name="device")


@error_border
def list_devices() -> None:
    """List devices, whether they are there and how busy they are."""
    value = items("devices.list")
    rows = [
        [str(d["edge_id"]), d["name"], d["silo"], d["presence"], d["state"],
         clock(d["last_seen"]), *_figures(d), d["device_id"]]
        for d in value
    ]  # fmt: skip
    head = [
        "edge id", "name", "silo", "presence", "state", "last seen", "cpu", "memory", "device id",
    ]  # fmt: skip
    emit(value, False, lambda: table(rows, head))


@error_border
def rename(
    edge: EdgeId,
    name: Annotated[str, typer.Option(help="The device's new name")] = "",
    silo: Annotated[str, typer.Option(help="The new name of its silo")] = "",
) -> None:
    """Give one of this account's devices another name."""
    given = {key: text for key, text in {"name": name, "silo": silo}.items() if text}
    value = ask("devices.update", edge_id=edge, **given)
    emit(value, False, f"Device {edge} is {value['name']} at {value['silo']}.")


@error_border
def unbind() -> None:
    """Give this machine's place at the hub up."""
    ask("device.unbind")
    emit({}, False, "This machine is not bound any more.")


@error_border
def revoke(edge: EdgeId) -> None:
    """Take a device's credentials away, at once; it has to be bound anew to come back."""
    own = ask("agent.status").get("device") or {}
    if own.get("edge_id") == edge:
        raise ConflictError(
            "This is the very machine you are at.",
            next_step="Use `silodesk device unbind`; it also forgets its own credentials.",
            code="conflict.own_device",
        )
    value = ask("devices.revoke", edge_id=edge)
    emit(value, False, f"Device {edge} ({value['name']} at {value['silo']}) was revoked.")


def _figures(device: dict[str, Any]) -> tuple[str, str]:
    vitals = device.get("vitals") or {}
    used, total = vitals.get("memory_used"), vitals.get("memory_total")
    cpu = vitals.get("cpu_percent")
    return (
        "" if cpu is None else f"{cpu:.0f} %",
        f"{100 * used / total:.0f} %" if used and total else "",
    )
