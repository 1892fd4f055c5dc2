"""`silodesk group`: who works together, by whose invitation."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock, items
from agent_core.cli.output import emit, error_border, table

GroupId = Annotated[int, typer.Argument(metavar="GROUP", help="The group's number")]
AccountId = Annotated[int, typer.Argument(metavar="ACCOUNT", help="The member's number")]
InvitationId = Annotated[int, typer.Argument(metavar="INVITATION", help="Its number")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    groups = typer.Typer(help="Groups: members, devices, invitations.", no_args_is_help=True)
    for name, command in (
        ("list", list_groups), ("create", create), ("show", show), ("invite", invite),
        ("add-device", add_device), ("remove-device", remove_device), ("role", role_of),
        ("remove-member", remove_member), ("invitations", invitations),
        ("revoke-invitation", revoke_invitation), ("accept", accept), ("decline", decline),
        ("events", events), ("people", people),
    ):  # fmt: skip
        groups.command(name)(command)
    app.add_typer(groups, name="group")


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
def remove_device(
    group: GroupId, edge: Annotated[int, typer.Argument(metavar="EDGE", help="Its edge id")]
) -> None:
    """Take a device out of a group; new runs cannot use it any more."""
    value = ask("groups.remove_device", group_id=group, edge_id=edge)
    emit(value or {}, False, f"Device {edge} is not in group {group} any more.")


@error_border
def role_of(
    group: GroupId,
    account: AccountId,
    role: Annotated[str, typer.Argument(help="operator or scientist")],
) -> None:
    """Give a member another role."""
    value = ask("groups.set_member", group_id=group, account_id=account, role=role)
    emit(value, False, f"Member {account} is {role} in group {group}.")


@error_border
def remove_member(group: GroupId, account: AccountId) -> None:
    """Take a member and its devices out of a group, at once; also to leave it oneself."""
    value = ask("groups.remove_member", group_id=group, account_id=account)
    emit(value, False, f"Member {account} is not in group {group} any more.")


@error_border
def invitations(
    mine: Annotated[bool, typer.Option("--mine", help="Those addressed to this account")] = False,
) -> None:
    """List the invitations that this account made, or those addressed to it."""
    value = items("invitations.mine" if mine else "invitations.list")
    rows = [
        [str(i["id"]), i["group_name"], i["role"], i["email"] or "whoever holds the link",
         i["state"], clock(i["expires_at"]), i["invited_by"]]
        for i in value
    ]  # fmt: skip
    head = ["id", "group", "role", "for", "state", "valid until", "by"]
    emit(value, False, lambda: table(rows, head))


@error_border
def revoke_invitation(invitation: InvitationId) -> None:
    """Take an invitation back; its link is of no use any more."""
    value = ask("invitations.revoke", invitation_id=invitation)
    emit(value, False, f"Invitation {invitation} was revoked.")


@error_border
def accept(invitation: InvitationId) -> None:
    """Join the group of an invitation that is addressed to this account."""
    value = ask("invitations.accept_mine", invitation_id=invitation)
    emit(value, False, f"You are a member of group {value['id']}: {value['name']}")


@error_border
def decline(invitation: InvitationId) -> None:
    """Turn an invitation down that is addressed to this account."""
    value = ask("invitations.decline_mine", invitation_id=invitation)
    emit(value, False, f"Invitation {invitation} was declined.")


@error_border
def events(group: GroupId) -> None:
    """List what happened in a group, the newest first."""
    value = items("groups.events", group_id=group)
    rows = [
        [clock(e["at"]), e["kind"].replace("_", " "), e["who"], e["device"], e["by"], e["detail"]]
        for e in value
    ]
    emit(value, False, lambda: table(rows, ["at", "what", "who", "device", "by", "detail"]))


@error_border
def people() -> None:
    """List everyone in this account's groups."""
    value = items("collaborators.list")
    rows = [
        [str(c["account_id"]), c["name"], c["email"], str(c["devices"]),
         ", ".join(f"{g['name']} ({g['role']})" for g in c["groups"])]
        for c in value
    ]  # fmt: skip
    emit(value, False, lambda: table(rows, ["id", "name", "e-mail", "devices", "groups"]))


def _group_text(value: dict[str, Any]) -> str:
    members = [[str(m["account_id"]), m["name"], m["email"], m["role"]] for m in value["members"]]
    devices = ", ".join(map(str, value["devices"])) or "none"
    return (
        f"Group {value['id']}: {value['name']}\n"
        f"devices: {devices}\n\n{table(members, ['id', 'member', 'e-mail', 'role'])}"
    )
