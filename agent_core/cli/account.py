"""`silodesk login`, `join`, `logout`: this machine's account and its place at a hub."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask
from agent_core.cli.output import chosen_home, emit, error_border, note

ONLINE_WITHIN_S = 15.0

Credentials = Annotated[
    Path | None, typer.Option(help="A 0600 file for secrets, instead of the keyring")
]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(login)
    app.command()(join)
    app.command()(logout)


@error_border
def login(
    email: Annotated[str, typer.Argument(help="The account's e-mail address")],
    hub: Annotated[str, typer.Option(help="The hub's address; default: the one used last")] = "",
    password_stdin: FromStdin = False,
    sign_up: Annotated[
        str, typer.Option(metavar="NAME", help="Make a new account under this name")
    ] = "",
    silo: Annotated[str, typer.Option(help="The name of this site, as others see it")] = "",
    device_name: Annotated[str, typer.Option(help="This device's name")] = "",
    credentials: Credentials = None,
) -> None:
    """Sign in, and bind this machine to the hub as a device."""
    _start_agent(credentials)
    address = hub or _known_hub()
    password = _password(password_stdin, again=bool(sign_up))
    if sign_up:
        ask("account.sign_up", hub_url=address, email=email, name=sign_up, password=password)
    else:
        ask("account.sign_in", hub_url=address, email=email, password=password)
    ask("device.bind", silo=silo, name=device_name)
    _show_device()


@error_border
def join(
    link: Annotated[str, typer.Argument(help="silodesk://join?…")],
    email: Annotated[str, typer.Option(help="For a new account, or one at that hub")] = "",
    name: Annotated[str, typer.Option(help="Your name, for a new account")] = "",
    password_stdin: FromStdin = False,
    silo: Annotated[str, typer.Option(help="The name of this site, as others see it")] = "",
    device_name: Annotated[str, typer.Option(help="This device's name")] = "",
    credentials: Credentials = None,
) -> None:
    """Accept an invitation: account, device and group in one step."""
    _start_agent(credentials)
    invitation = ask("invitations.read", link=link)
    note(
        f"{invitation['invited_by']} invites you to '{invitation['group_name']}' "
        f"at {invitation['hub_name']} ({invitation['hub_url']})."
    )
    password = _password(password_stdin) if email else None
    ask(
        "invitations.join", link=link, silo=silo, device_name=device_name, email=email or None,
        name=name or None, password=password,
    )  # fmt: skip
    _show_device()


@error_border
def logout(
    keep_device: Annotated[
        bool, typer.Option("--keep-device", help="Stay bound; only forget the account")
    ] = False,
) -> None:
    """Take this machine out of its hub and forget the account."""
    if not keep_device and ask("agent.status")["device"]:
        ask("device.unbind")
    ask("account.sign_out")
    emit({}, False, "Signed out." if keep_device else "Signed out; this machine is unbound.")


def login_text(status: dict[str, Any]) -> str:
    """Return what a binding looks like, in the way of FedML's guide."""
    device, account = status["device"], status["account"]
    who = f"{account['name']} <{account['email']}>" if account else ""
    lines = [
        f"Welcome to {status['hub_name'] or 'SiloDesk'} ({status['hub_url']}), {who}",
        f"unique_device_id: {device['device_id']}",
        f"edge_id: {device['edge_id']}",
        f"silo: {device['silo']}",
        *(f"subscribe: {topic}" for topic in status["subscribed"]),
    ]
    if status["state"] == "online":
        lines.append("Congratulations, your device is connected to the hub successfully!")
    else:
        lines.append(f"Bound, but not connected yet ({status['state']}). {status['detail']}")
    return "\n".join(lines)


def _show_device() -> None:
    deadline = time.monotonic() + ONLINE_WITHIN_S
    status = ask("agent.status")
    while status["state"] != "online" and time.monotonic() < deadline:
        time.sleep(0.1)
        status = ask("agent.status")
    emit(status, False, lambda: login_text(status))


def _start_agent(credentials: Path | None) -> None:
    from agent_core.client import start_agent_if_needed

    more = ("--credentials", str(credentials.expanduser().resolve())) if credentials else ()
    start_agent_if_needed(chosen_home(), *more)


def _known_hub() -> str:
    from agent_core.errors import UserInputError

    known = str(ask("settings.get")["hub_url"])
    if not known:
        raise UserInputError(
            "No hub is known on this machine yet.",
            next_step="Name it: --hub http://…, or use an invitation: `silodesk join LINK`.",
            code="input.hub",
        )
    return known


def _password(from_stdin: bool, *, again: bool = False) -> str:
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=again))
