"""`silodesk doctor`: find out why a hub cannot be reached, and what to ask the IT desk for."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any

import typer

from agent_core.cli.output import chosen_home, emit, error_border, is_json

_MARKS = {"pass": "ok  ", "note": "note", "fail": "FAIL", "skip": "-   "}
_NAMES = {
    "address": "Address", "proxy": "Proxy", "dns": "Name lookup", "tcp": "Port",
    "tls": "Encryption", "hub": "Hub", "clock": "Clock", "broker": "Message broker",
    "heartbeat": "Heartbeat", "store": "Object store", "disk": "Disk space",
    "sandbox": "Sandbox", "python": "Job runtime", "gpu": "Graphics", "keyring": "Secrets",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


@error_border
def doctor(
    url: Annotated[str, typer.Argument(metavar="[URL]", help="Default: the hub in use")] = "",
) -> None:
    """Check the way to a hub and this machine; exit code 1 where something is broken."""
    report = _through_agent(url) or _alone(url)
    emit(report, is_json(), lambda: text(report))
    if report["state"] == "fail":
        raise typer.Exit(1)


def _through_agent(url: str) -> dict[str, Any] | None:
    """Return what the agent finds, or None where no agent answers."""
    from agent_core.client import AgentClient
    from agent_core.errors import UnreachableError

    client = AgentClient(chosen_home())
    try:
        if not client.is_running():
            return None
        return dict(client.call("doctor.run", hub_url=url))
    except UnreachableError:
        return None
    finally:
        client.close()


def _alone(url: str) -> dict[str, Any]:
    """Examine without an agent: the device's credentials are not known then."""
    from agent_core import settings as settings_file
    from agent_core.agent.doctor import examine
    from agent_core.agent.doctor_case import Case
    from agent_core.agent.own_doctor import address_of
    from agent_core.transport import proxy

    home = chosen_home()
    settings = settings_file.load(home.settings)
    proxy.choose(settings.proxy)
    case = Case(
        home, settings, address_of(url) or settings.hub_url, "No hub is named yet.",
        why_unbound="Not tried: the agent does not run, and only it has the device's credentials.",
    )  # fmt: skip

    def tell(check: Any, done: int, total: int) -> None:
        if not is_json() and sys.stderr.isatty():
            typer.echo(f"{done}/{total} {_NAMES[check.key]}", err=True)

    return asyncio.run(examine(case, tell)).model_dump(mode="json")


def text(report: dict[str, Any]) -> str:
    """Return a report as people read it, with the letter under it."""
    lines = [report["sentence"]]
    if report["consequence"]:
        lines.append(report["consequence"])
    lines.append("")
    for check in report["checks"]:
        lines.append(f"{_MARKS[check['state']]}  {_NAMES[check['key']]:<15} {check['result']}")
        if check["state"] in {"fail", "note"}:
            lines += [f"{'':22}{words}" for words in (check["cause"], check["remedy"]) if words]
    if report["state"] == "fail" and report["letter"]:
        lines += ["", "For the IT desk:"]
        lines += [f"  {name:<12} {value}" for name, value in report["letter"].items()]
    return "\n".join(lines)
