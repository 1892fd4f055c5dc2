"""`silodesk run`: create, start, watch and stop runs, and read what they left."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock, followed, items, parameters
from agent_core.cli.output import emit, error_border, is_json, table
from agent_core.cli.watching import run_text, watch_run

RunId = Annotated[int, typer.Argument(metavar="RUN", help="The run's number")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Runs.", no_args_is_help=True)
    for name, command in (
        ("create", create), ("start", start), ("list", list_runs), ("show", show),
        ("watch", watch), ("stop", stop), ("pause", pause), ("resume", resume),
        ("logs", logs), ("metrics", metrics), ("models", models), ("save-model", save_model),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="run")


@error_border
def create(
    project: Annotated[int, typer.Option(help="The project's number")],
    app: Annotated[int, typer.Option(help="The application's number")],
    server: Annotated[int, typer.Option(help="Edge id of the server's device")],
    client: Annotated[list[int], typer.Option(help="Edge id of a client; repeatable")],
    name: Annotated[str, typer.Option(help="The run's name")] = "",
    rounds: Annotated[int | None, typer.Option(min=1, help="How many rounds")] = None,
    param: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, repeatable")] = None,
    deadline: Annotated[float, typer.Option(help="Seconds a round may last")] = 600.0,
    quorum: Annotated[int | None, typer.Option(help="Silos that a round needs")] = None,
) -> None:
    """Create a run; `run start` starts it."""
    value = ask(
        "runs.create", idempotency_key=uuid.uuid4().hex, project_id=project, application_id=app,
        name=name, parameters=parameters(param), rounds=rounds, round_deadline_s=deadline,
        quorum=quorum or len(client), server_edge=server, client_edges=client,
    )  # fmt: skip
    emit(value, False, f"Run {value['id']}: {value['name']}")
    for event in followed("runs.events", run_id=value["id"]) if param else ():
        if event["kind"] == "parameter":
            typer.echo(f"Warning: {event['text']}", err=True)


@error_border
def start(
    run: RunId,
    watch: Annotated[bool, typer.Option("--watch", help="Show its progress to the end")] = False,
) -> None:
    """Sign the run's plan with this machine's owner key and start it."""
    value = ask("runs.start", run_id=run)
    if watch:
        watch_run(run)
        return
    emit(value, False, f"Run {run} is {value['state']}.")


@error_border
def watch(run: RunId) -> None:
    """Show a run's progress to its end."""
    watch_run(run)


@error_border
def list_runs(
    project: Annotated[int | None, typer.Option(help="Of this project only")] = None,
) -> None:
    """List runs, newest first."""
    value = items("runs.list", **({"project_id": project} if project else {}))
    rows = [
        [str(r["id"]), r["name"], r["project_name"], r["state"],
         f"{r['round']}/{r['rounds'] or '?'}", clock(r["started_at"]), r["detail"]]
        for r in value
    ]  # fmt: skip
    head = ["id", "name", "project", "state", "round", "started", "detail"]
    emit(value, False, lambda: table(rows, head))


@error_border
def show(run: RunId) -> None:
    """Show a run with every device's timeline."""
    value = ask("runs.get", run_id=run)
    emit(value, False, lambda: run_text(value))


@error_border
def stop(run: RunId, reason: Annotated[str, typer.Option(help="Others read it")] = "") -> None:
    """Stop a run on all its devices."""
    value = ask("runs.stop", run_id=run, reason=reason)
    emit(value, False, f"Run {run} is {value['state']}.")


@error_border
def pause(run: RunId, reason: Annotated[str, typer.Option(help="Others read it")] = "") -> None:
    """Pause a run when its present round ends; its deadline does not run meanwhile."""
    value = ask("runs.pause", run_id=run, reason=reason)
    waits = "" if value["state"] == "PAUSED" else "; it waits when its present round has ended"
    emit(value, False, f"Run {run} is {value['state']}{waits}.")


@error_border
def resume(run: RunId) -> None:
    """Let a paused run go on."""
    value = ask("runs.resume", run_id=run)
    emit(value, False, f"Run {run} goes on ({value['state']} so far).")


@error_border
def logs(
    run: RunId,
    level: Annotated[str, typer.Option(help="At least this level")] = "",
    device: Annotated[int | None, typer.Option(help="Of this edge id only")] = None,
    text: Annotated[str, typer.Option(help="With this text only")] = "",
) -> None:
    """Print a run's log lines."""
    wanted = {"level": level or None, "edge_id": device, "text": text or None}
    value = followed(
        "runs.logs", run_id=run, limit=5000, **{k: v for k, v in wanted.items() if v is not None}
    )
    emit(value, False, lambda: "\n".join(_log_line(line) for line in value))


@error_border
def metrics(
    run: RunId,
    key: Annotated[str, typer.Option(help="This metric only")] = "",
) -> None:
    """Print a run's metrics."""
    value = followed("runs.metrics", run_id=run, limit=5000, **({"key": key} if key else {}))
    rows = [
        [p["key"], "global" if p["edge_id"] == 0 else str(p["edge_id"]),
         "" if p["round"] is None else str(p["round"]), str(p["step"]), f"{p['value']:.6g}"]
        for p in value
    ]  # fmt: skip
    emit(value, False, lambda: table(rows, ["metric", "device", "round", "step", "value"]))


@error_border
def models(run: RunId) -> None:
    """List the models that a run's rounds left."""
    value = items("runs.models", run_id=run)
    rows = [[str(m["round"]), str(m["size"]), m["sha256"], clock(m["created_at"])] for m in value]
    emit(value, False, lambda: table(rows, ["round", "bytes", "sha256", "made"]))


@error_border
def save_model(
    run: RunId,
    round_number: Annotated[int, typer.Option("--round", help="Of which round")],
    path: Annotated[Path, typer.Argument(help="File or folder to save it to")],
) -> None:
    """Save a round's model as safetensors; its hash is checked."""
    value = ask(
        "runs.save_model", run_id=run, round=round_number, path=str(path.expanduser().resolve())
    )
    emit(value, is_json(), f"{value['path']}\nsha256 {value['sha256']}, {value['size']} bytes")


def _log_line(line: dict[str, Any]) -> str:
    where = f"{line['edge_id']}{'' if line['source'] == 'job' else ' agent'}"
    return f"{clock(line['at'])} {line['level']:<8} [{where}] {line['text']}"
