"""The ways in, as sequences of the agent's methods, without widgets."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent_core.errors import SiloDeskError, UnreachableError
from app.context import Client
from app.i18n import tr

PASSWORD_LENGTH = 8
RESET = "silodesk://reset?"


@dataclass(frozen=True)
class Entry:
    """What a person gave on the way in."""

    silo: str = ""
    device_name: str = ""
    email: str = ""
    name: str = ""
    password: str = ""


def machine_name() -> str:
    """Return this machine's name, as a first proposal for the device's."""
    return socket.gethostname().split(".")[0] or tr("this machine")


def join(client: Client, link: str, entry: Entry, signed_in: bool) -> dict[str, Any]:
    """Accept an invitation and put this machine into the group."""
    given: dict[str, Any] = {"link": link, "silo": entry.silo, "device_name": entry.device_name}
    if not signed_in:
        given |= {"email": entry.email, "name": entry.name, "password": entry.password}
    return dict(client.call("invitations.join", **given))


def sign_in(client: Client, hub_url: str, entry: Entry) -> dict[str, Any]:
    """Sign in to a hub and bind this machine to it."""
    client.call("account.sign_in", hub_url=hub_url, email=entry.email, password=entry.password)
    return dict(client.call("device.bind", silo=entry.silo, name=entry.device_name))


def reset(client: Client, link: str, entry: Entry, *, is_bound: bool) -> dict[str, Any]:
    """Choose a new password by an administrator's link, sign in, and bind where it is not."""
    account = client.call("account.reset", link=link, password=entry.password)
    if not is_bound:
        client.call("device.bind", silo=entry.silo, name=entry.device_name)
    return dict(account)


def sign_up(client: Client, hub_url: str, entry: Entry, group: str) -> dict[str, Any]:
    """Make a new hub's first account, its first group, and put this machine into it."""
    client.call(
        "account.sign_up",
        hub_url=hub_url,
        email=entry.email,
        name=entry.name,
        password=entry.password,
    )
    device = client.call("device.bind", silo=entry.silo, name=entry.device_name)
    made = client.call("groups.create", name=group)
    client.call("groups.add_device", group_id=made["id"], edge_id=device["edge_id"])
    return dict(device)


def host(client: Client, name: str) -> dict[str, Any]:
    """Start a hub on this machine; return its address and what it says of itself."""
    url = client.call("hub.host", name=name)["url"]
    return {**client.call("hub.about", hub_url=url), "url": url}


def check_link(link: str) -> str:
    """Return what is wrong with an invitation link, or an empty text."""
    if not link:
        return tr("Paste the link that you were sent.")
    parts = urlsplit(link)
    fields = parse_qs(parts.query)
    if parts.scheme == "silodesk" and parts.netloc == "reset" and fields.get("code"):
        return ""
    if parts.scheme != "silodesk" or not fields.get("hub") or not fields.get("code"):
        return tr("This is not an invitation link. It begins with silodesk://join?")
    return ""


def check_hub(url: str) -> str:
    """Return what is wrong with a hub's address, or an empty text."""
    if not url:
        return tr("Type the hub's address, hub.example.org for example.")
    if " " in url or urlsplit(url if "://" in url else f"https://{url}").netloc == "":
        return tr(
            "This is not an address. Use hub.example.org or http://127.0.0.1:8430, for example."
        )
    return ""


def check_email(email: str) -> str:
    """Return what is wrong with an e-mail address, or an empty text."""
    name, _, host_name = email.partition("@")
    return "" if name and "." in host_name else tr("Type an e-mail address, you@example.org.")


def check_new_password(password: str) -> str:
    """Return what is wrong with a new password, or an empty text."""
    if len(password) < PASSWORD_LENGTH:
        return tr(
            "Use at least {count} characters; a few words are easiest.",
            count=PASSWORD_LENGTH,
        )
    return ""


def offer_words(invitation: dict[str, Any]) -> str:
    """Return what an invitation offers."""
    by = invitation.get("invited_by") or tr("someone")
    return tr(
        "{group}, invited by {by}", group=invitation.get("group_name") or tr("A group"), by=by
    )


def field_of(error: Exception) -> str:
    """Return the field that an error belongs under, or an empty text."""
    if not isinstance(error, SiloDeskError):
        return ""
    family, _, detail = error.code.partition(".")
    if family == "auth":
        return "password"
    known = {"email", "name", "password", "silo", "link", "hub_url"}
    return detail if detail in known else ""


def start_demo() -> subprocess.Popen[bytes]:
    """Start the demo as a process of its own; it opens its own window."""
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "agent_core.cli", "demo"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=Path.home(),
        )
    except OSError as error:
        raise UnreachableError(
            tr("The demo could not be started: {strerror}.", strerror=error.strerror),
            next_step=tr("Run `silodesk demo` in a terminal; it says what is missing."),
        ) from error
