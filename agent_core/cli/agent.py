"""`silodesk agent` and `silodesk status`: run the silo's agent, and ask it how it is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agent_core.cli.output import ParentOption, chosen_home, emit, error_border, is_json, table
from agent_core.paths import Home


class AutostartWish(StrEnum):
    """What `agent autostart` does."""

    on = "on"
    off = "off"
    status = "status"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Run this silo's agent until Ctrl+C; jobs outlive it.")
    group.callback(invoke_without_command=True)(agent)
    group.command()(autostart)
    app.add_typer(group, name="agent")
    app.command()(status)


@error_border
def agent(
    context: typer.Context,
    silo: Annotated[str, typer.Option(help="The name of this site, as others see it")] = "",
    data: Annotated[Path | None, typer.Option(help="Folder that jobs see read-only")] = None,
    credentials: Annotated[
        Path | None, typer.Option(help="A 0600 file for secrets, instead of the keyring")
    ] = None,
    prewarm: Annotated[
        bool | None, typer.Option("--prewarm/--no-prewarm", help="Keep an imported worker ready")
    ] = None,
    with_parent: ParentOption = False,
) -> None:
    """Run this silo's agent until Ctrl+C; jobs outlive it."""
    if context.invoked_subcommand is None:
        _run(silo, data, credentials, prewarm, with_parent)


def _run(
    silo: str, data: Path | None, credentials: Path | None, prewarm: bool | None, with_parent: bool
) -> None:
    import asyncio
    import json
    import logging
    import os
    import sys

    from agent_core import lifeline
    from agent_core.agent.logs import log_to
    from agent_core.agent.service import AgentService

    home = chosen_home().make()
    service = AgentService(home, credentials, lifeline.take() if with_parent else None)
    wanted: dict[str, Any] = {}
    if silo:
        wanted["silo"] = silo
    if data is not None:
        wanted["data_dir"] = str(_folder(data))
    if credentials is not None:
        wanted["credentials"] = str(credentials.expanduser().resolve())
    if prewarm is not None:
        wanted["prewarm"] = prewarm
    service.change_settings(**wanted)
    log_to(home.agent_log)

    def on_ready() -> None:
        if is_json():
            typer.echo(json.dumps({"ready": True, "home": str(home.root)}))
        else:
            typer.echo(f"The agent of {home.root} is ready. Ctrl+C ends it; jobs go on.")

    # Not asyncio.run: at its end it waits for every thread, one of which may wait for the network.
    runner = asyncio.Runner()
    runner.run(service.run(on_ready))
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)  # whatever matters is committed


@error_border
def autostart(
    context: typer.Context,
    what: Annotated[AutostartWish, typer.Argument(help="on, off or status")],
    links: Annotated[
        bool | None, typer.Option("--links/--no-links", help="Open silodesk:// links")
    ] = None,
) -> None:
    """Start the agent and its tray icon when this account logs in."""
    from agent_core.agent.autostart import autostart_of, change

    enabled = None if what is AutostartWish.status else what is AutostartWish.on
    # `--home` may stand before the command's name, where it is the group's.
    named = context.parent.params.get("home") if context.parent else None
    home = Home(named.expanduser().resolve()) if named else chosen_home()
    value = change(autostart_of(home.make()), enabled, links)
    emit(value, False, lambda: _autostart_text(value))


def _autostart_text(value: dict[str, Any]) -> str:
    """Return what starts by itself, for people."""
    return "\n".join(
        [
            f"at log-in  {'on' if value['enabled'] else 'off'} ({value['how']})",
            f"links      {'on' if value['links'] else 'off'} (silodesk://)",
            *(f"           {place}" for place in value["places"]),
        ]
    )


@error_border
def status() -> None:
    """Show how the agent, its connection and its jobs stand."""
    from agent_core.client import AgentClient

    value = AgentClient(chosen_home()).status()
    emit(value, False, lambda: status_text(value))


def status_text(value: dict[str, Any]) -> str:
    """Return an AgentStatus for people."""
    device, account = value["device"], value["account"]
    lines = [
        f"agent      {value['state']}" + (f" — {value['detail']}" if value["detail"] else ""),
        f"hub        {value['hub_name'] or ''} {value['hub_url'] or 'none'}".replace("  ", " "),
        f"account    {account['name']} <{account['email']}>" if account else "account    none",
    ]
    if device:
        lines.append(
            f"device     {device['name']} at {device['silo']}, edge id {device['edge_id']}"
        )
    if value["heartbeat_ms"] is not None:
        lines.append(
            f"heartbeat  {value['heartbeat_ms']:.0f} ms, {value['heartbeat_age_s']:.0f} s ago"
        )
    lines.append(f"approvals  {value['approvals_waiting']} waiting")
    if value["jobs"]:
        lines.append("")
        lines.append(jobs_table(value["jobs"]))
    return "\n".join(lines)


def jobs_table(jobs: list[dict[str, Any]]) -> str:
    """Return jobs as a table."""
    rows = [
        [job["job_id"], job["run_name"], job["role"], job["state"],
         f"{job['round']}/{job['rounds'] or '?'}", job["detail"]]
        for job in jobs
    ]  # fmt: skip
    return table(rows, ["job", "run", "role", "state", "round", "detail"])


def _folder(path: Path) -> Path:
    from agent_core.errors import UserInputError

    if not path.is_dir():
        raise UserInputError(
            f"The data folder {path} does not exist.",
            next_step="Name a folder that exists.",
            code="input.data",
        )
    return path.resolve()
