"""`silodesk rules`: when and how far jobs may use this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, parameters
from agent_core.cli.output import emit, error_border, table

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Job = Annotated[str, typer.Argument(metavar="[JOB]", help="The job, as `silodesk status` names it")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="House rules of this silo, and pauses.", no_args_is_help=True)
    for command in (show, pause, resume):
        group.command()(command)
    group.command("set")(change)
    app.add_typer(group, name="rules")


@error_border
def show() -> None:
    """Show the house rules and what they say now."""
    value = ask("rules.get")
    emit(value, False, lambda: _text(value))


@error_border
def change(pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…")]) -> None:
    """Change house rules: mains_on=true, temperature_limit=80, apps='["slicer"]'."""
    value = ask("rules.set", **parameters(pairs))
    emit(value, False, lambda: _text(value))


@error_border
def pause(job: Job = "", reason: Annotated[str, typer.Option(help="Others read it")] = "") -> None:
    """Pause one job, or every job of this machine, at the end of its round."""
    if job:
        value = [ask("jobs.pause", job_id=job, reason=reason)]
    else:
        value = ask("jobs.pause_all", reason=reason)
    emit(value, False, lambda: _jobs(value) or "No job runs here; new ones will wait.")


@error_border
def resume(job: Job = "") -> None:
    """Let one job go on whatever the rules say, or every job that was paused by hand."""
    value = [ask("jobs.resume", job_id=job)] if job else ask("jobs.resume_all")
    emit(value, False, lambda: _jobs(value) or "Jobs that come may begin again.")


def _text(value: dict[str, Any]) -> str:
    rows = [
        [state["key"], "on" if state["is_on"] else "off",
         "allows" if state["allows"] else "pauses", state["reading"]]
        for state in value["states"]
    ]  # fmt: skip
    rules = value["rules"]
    hours = [
        f"{day}  " + ("  ".join(f"{_clock(a)}-{_clock(b)}" for a, b in spans) or "never")
        for day, spans in zip(DAYS, rules["hours"], strict=True)
    ]
    parts = [table(rows, ["rule", "", "now", "reading"]), "Hours:", *hours]
    if value["budget"]:
        used = ", used up" if value["budget_used_up"] else ""
        parts.append(f"Daily egress budget: {value['budget']} bytes{used}")
    if value["all_paused"]:
        parts.append(value["all_paused"])
    return "\n".join(parts)


def _jobs(jobs: list[dict[str, Any]]) -> str:
    return "\n".join(f"{job['job_id']}: {job['state']} {job['detail']}".rstrip() for job in jobs)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
