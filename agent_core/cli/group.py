"""`silodesk group` and `silodesk device`: who works together, and on which machines."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock, items
from agent_core.cli.output import emit, error_border, table

GroupId = Annotated[int, typer.Argument(metavar="GROUP", help="The group's number")]


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    groups = typer.Typer(help="Groups: members, devices, invitations.", no_args_is_help=True)
    for name, command in (
        ("list", list_groups), ("create", create), ("show", show), ("invite", invite),
        ("add-device", add_device),
    ):  # fmt: skip
        groups.command(name)(command)
    app.add_typer(groups, name="group")
    devices = typer.Typer(help="Devices that this account can see.", no_args_is_help=True)
    devices.command("list")(list_devices)
    app.add_typer(devices, name="device")


@error_border
def list_groups() -> None:
    """List the account's groups."""
    value = items("groups.list")
    rows = [
        [str(g["id"]), g["name"], str(len(g["members"])), ", ".join(map(str, g["devices"]))]
        for g in value
    ]
    emit(value, False, lambda: table(rows, ["id", "name", "members", "devices"]))


@error_border
def create(name: Annotated[str, typer.Argument(help="The group's name")]) -> None:
    """Make a group."""
    value = ask("groups.create", name=name)
    emit(value, False, f"Group {value['id']}: {value['name']}")


@error_border
def show(group: GroupId) -> None:
    """Show a group's members and devices."""
    value = ask("groups.get", group_id=group)
    emit(value, False, lambda: _group_text(value))


@error_border
def invite(
    group: GroupId,
    email: Annotated[str, typer.Option(help="Only this address may use it")] = "",
    role: Annotated[str, typer.Option(help="operator or scientist")] = "operator",
    days: Annotated[float, typer.Option(help="How long it is valid")] = 7.0,
) -> None:
    """Make an invitation link; it can be used once."""
    value = ask(
        "invitations.create", group_id=group, email=email, role=role, expires_in_s=days * 86400
    )
    emit(value, False, lambda: f"{value['link']}\nvalid until {clock(value['expires_at'])}")


@error_border
def add_device(
    group: GroupId, edge: Annotated[int, typer.Argument(metavar="EDGE", help="Its edge id")]
) -> None:
    """Put a device into a group."""
    value = ask("groups.add_device", group_id=group, edge_id=edge)
    emit(value or {}, False, f"Device {edge} is in group {group}.")


@error_border
def list_devices() -> None:
    """List devices and whether they are there."""
    value = items("devices.list")
    rows = [
        [str(d["edge_id"]), d["name"], d["silo"], d["presence"], d["state"],
         clock(d["last_seen"]), d["device_id"]]
        for d in value
    ]  # fmt: skip
    head = ["edge id", "name", "silo", "presence", "state", "last seen", "device id"]
    emit(value, False, lambda: table(rows, head))


def _group_text(value: dict[str, Any]) -> str:
    members = [[m["name"], m["email"], m["role"]] for m in value["members"]]
    devices = ", ".join(map(str, value["devices"])) or "none"
    return (
        f"Group {value['id']}: {value['name']}\n"
        f"devices: {devices}\n\n{table(members, ['member', 'e-mail', 'role'])}"
    )
