"""Showing a run's progress in a terminal, line by line, to its end."""

from __future__ import annotations

import time
from typing import Any

import typer

from agent_core.cli.asking import clock
from agent_core.cli.output import chosen_home, emit, is_json, table
from agent_core.client import AgentClient
from agent_core.errors import JobError, UnreachableError
from agent_core.protocol.states import TERMINAL, State

LOOK_EVERY_S = 0.5


def watch_run(run_id: int) -> None:
    """Print what changes until the run ends; raises JobError unless it finished.

    A hub or agent that goes away meanwhile is waited for; one that is away at once is an error.
    """
    client = AgentClient(chosen_home())
    shown: dict[Any, Any] = {}
    while True:
        try:
            run = client.call("runs.get", run_id=run_id)
        except UnreachableError as error:
            if not shown:  # it was away from the start: whoever typed this has to know
                raise
            _say(shown, "line", f"waiting: {error.sentence}")
            time.sleep(2.0)
            continue
        _show(run, shown)
        if State(run["state"]) in TERMINAL:
            break
        time.sleep(LOOK_EVERY_S)
    client.close()
    emit(run, False, "")
    if run["state"] != State.FINISHED:
        raise JobError(
            f"The run ended as {run['state']}: {run['detail'] or 'no reason was given'}.",
            next_step=f"Read its log: `silodesk run logs {run_id}`.",
            code="job.run",
        )


def run_text(run: dict[str, Any]) -> str:
    """Return a run with its devices for people."""
    lines = [
        f"run {run['id']}  {run['name']}  ({run['project_name']}, {run['application_name']})",
        f"state    {run['state']}" + (f" — {run['detail']}" if run["detail"] else ""),
        f"round    {run['round']} of {run['rounds'] or '?'}",
        f"started  {clock(run['started_at']) or 'not yet'}   ended  {clock(run['ended_at'])}",
    ]
    if run["headline"]:
        lines.append("metrics  " + _figures(run["headline"]))
    rows = [
        [str(d["edge_id"]), d["silo"], d["role"], d["state"], d["presence"],
         ", ".join(mark["stage"] for mark in d["stages"]), d["detail"]]
        for d in run["devices"]
    ]  # fmt: skip
    head = ["edge", "silo", "role", "state", "presence", "stages", "detail"]
    return "\n".join([*lines, "", table(rows, head)])


def _show(run: dict[str, Any], shown: dict[Any, Any]) -> None:
    figures = _figures(run["headline"])
    text = f"{run['state']:<17} round {run['round']:>3} of {run['rounds'] or '?'}  {figures}"
    _say(shown, "run", text.rstrip())
    for device in run["devices"]:
        stage = device["stages"][-1]["stage"] if device["stages"] else ""
        detail = f" — {device['detail']}" if device["detail"] else ""
        _say(
            shown,
            device["edge_id"],
            f"  {device['silo']} ({device['role']}): {device['state']}, {stage}{detail}",
        )


def _say(shown: dict[Any, Any], key: Any, text: str) -> None:
    if shown.get(key) != text and not is_json():
        typer.echo(text)
    shown[key] = text


def _figures(values: dict[str, float]) -> str:
    return "  ".join(f"{key} {value:.4f}" for key, value in values.items())
