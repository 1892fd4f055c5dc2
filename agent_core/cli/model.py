"""`silodesk model`: the registry of models; download, export, serve, ask, stop."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock, items
from agent_core.cli.output import emit, error_border, is_json, note, table
from agent_core.errors import JobError, UserInputError

RunId = Annotated[int, typer.Argument(metavar="RUN", help="The run's number")]
Round = Annotated[int, typer.Argument(metavar="ROUND", help="Of which round")]
ServerId = Annotated[str, typer.Argument(metavar="SERVER", help="From `model list --served`")]
Allow = Annotated[
    str, typer.Option(help="Content digest of the package whose code you allow to run here")
]
START_BOUND_S = 1800.0  # a runtime may have to be made first
ASK_EVERY_S = 0.5


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Models of all runs.", no_args_is_help=True)
    for name, command in (
        ("list", list_models), ("show", show), ("download", download), ("export", export),
        ("serve", serve), ("predict", predict), ("stop", stop), ("delete", delete),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="model")


@error_border
def list_models(
    run: Annotated[int | None, typer.Option(help="Of this run only")] = None,
    project: Annotated[int | None, typer.Option(help="Of this project only")] = None,
    text: Annotated[str, typer.Option(help="With this text in a name or hash")] = "",
    served: Annotated[bool, typer.Option("--served", help="Prediction servers instead")] = False,
) -> None:
    """List models, the newest run first; or the prediction servers of this machine."""
    if served:
        _list_served()
        return
    wanted = {"run_id": run, "project_id": project, "text": text or None}
    value = items("models.list", **{key: v for key, v in wanted.items() if v is not None})
    rows = [
        [str(m["run_id"]), str(m["round"]), _marks(m), m["project_name"], _metrics(m["metrics"]),
         str(len(m["sites"])), str(m["size"]), m["sha256"][:16], clock(m["created_at"])]
        for m in value
    ]  # fmt: skip
    head = ["run", "round", "", "project", "metrics", "sites", "bytes", "sha256", "made"]
    emit(value, False, lambda: table(rows, head))


def _list_served() -> None:
    value = ask("serving.list")
    rows = [
        [s["id"], s["state"], s["title"], str(s["calls"]), s["url"] or s["detail"]] for s in value
    ]
    emit(value, False, lambda: table(rows, ["server", "state", "model", "calls", "address"]))


@error_border
def show(run: RunId, round_number: Round) -> None:
    """Show a model with everything it came from."""
    value = ask("models.show", run_id=run, round=round_number)
    emit(value, False, lambda: _detail(value))


@error_border
def download(
    run: RunId,
    round_number: Round,
    path: Annotated[Path, typer.Argument(help="File or folder to save it to")],
) -> None:
    """Save a model as safetensors; its hash is checked."""
    value = ask("runs.save_model", run_id=run, round=round_number, path=_absolute(path))
    emit(value, is_json(), f"{value['path']}\nsha256 {value['sha256']}, {value['size']} bytes")


@error_border
def export(
    run: RunId,
    round_number: Round,
    path: Annotated[Path, typer.Argument(help="File or folder to write it to")],
    form: Annotated[str, typer.Option("--format", help="torchscript")] = "torchscript",
    allow: Allow = "",
) -> None:
    """Write a model as a TorchScript file, made in a sandboxed process."""
    value = ask(
        "models.export", run_id=run, round=round_number, path=_absolute(path), format=form,
        allow=allow,
    )  # fmt: skip
    emit(value, is_json(), f"{value['path']}\nsha256 {value['sha256']}, {value['size']} bytes")


@error_border
def serve(run: RunId, round_number: Round, allow: Allow = "") -> None:
    """Start a prediction server for a model; prints its address and its token, once."""
    answer = ask("serving.start", run_id=run, round=round_number, allow=allow)
    name, told = str(answer["serving"]["id"]), ""
    until = time.monotonic() + START_BOUND_S
    while True:
        found = _server(name)
        if found["state"] != "starting":
            break
        if found["detail"] != told:
            told = found["detail"]
            note(told)
        if time.monotonic() > until:
            raise JobError("The server did not start in time.", code="job.model")
        time.sleep(ASK_EVERY_S)
    if found["state"] == "ended":
        raise JobError(
            found["detail"], next_step="See the lines above and the agent's log.", code="job.model"
        )
    text = f"{found['id']}\n{found['url']}\ntoken {answer['token']}"
    emit({"serving": found, "token": answer["token"]}, False, text)


@error_border
def predict(
    server: ServerId,
    file: Annotated[Path | None, typer.Argument(help="CSV or PNG file")] = None,
    row: Annotated[list[str] | None, typer.Option(help="Values with commas; repeatable")] = None,
) -> None:
    """Ask a prediction server."""
    given: dict[str, Any] = {"path": _absolute(file)} if file else {"rows": _rows(row)}
    value = ask("serving.predict", id=server, **given)
    emit(value, False, lambda: "\n".join(_prediction(one) for one in value["predictions"]))


@error_border
def stop(server: ServerId) -> None:
    """Stop a prediction server."""
    value = ask("serving.stop", id=server)
    emit(value, False, value["detail"])


@error_border
def delete(
    run: RunId,
    rounds: Annotated[list[int], typer.Argument(help="Of which rounds")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Delete models of a run, for everyone."""
    if not yes and not is_json():
        typer.confirm(f"Delete {len(rounds)} models of run {run} for everyone?", abort=True)
    value = ask("models.delete", run_id=run, rounds=",".join(str(number) for number in rounds))
    emit(value, False, f"Deleted the models of rounds {', '.join(map(str, value['rounds']))}.")


def _server(name: str) -> dict[str, Any]:
    return next(dict(one) for one in ask("serving.list") if one["id"] == name)


def _absolute(path: Path) -> str:
    return str(path.expanduser().resolve())


def _rows(texts: list[str] | None) -> list[list[float]]:
    if not texts:
        raise UserInputError(
            "Nothing to predict was given.",
            next_step="Name a CSV or PNG file, or give --row 1.5,2.5,…",
            code="input.rows",
        )
    try:
        return [[float(value) for value in text.split(",")] for text in texts]
    except ValueError as error:
        raise UserInputError(
            f"A row is not numbers: {error}.",
            next_step="Write it like --row 1.5,2.5.",
            code="input.rows",
        ) from error


def _marks(model: dict[str, Any]) -> str:
    marks = (("best", model["is_best"]), ("newest", model["is_newest"]))
    return " ".join(word for word, on in marks if on)


def _metrics(metrics: dict[str, float]) -> str:
    return " ".join(f"{key}={value:.4g}" for key, value in sorted(metrics.items())[:3])


def _prediction(one: dict[str, Any]) -> str:
    if "label" not in one:
        return " ".join(f"{value:.6g}" for value in one["values"])
    return f"{one['label']}  p={one['probabilities'][one['label']]:.4f}"


def _detail(value: dict[str, Any]) -> str:
    model = value["model"]
    lines = [
        f"Model of run {model['run_id']} ({model['run_name']}), round {model['round']}",
        f"  project      {model['project_name']}",
        f"  application  {model['application_name']}",
        f"  owner        {model['owner_name']}",
        f"  sha256       {model['sha256']}",
        f"  size         {model['size']} bytes",
        f"  made from    {value['before'][:16] or 'a fresh start'}",
        f"  metrics      {json.dumps(model['metrics'])}",
        f"  parameters   {json.dumps(value['parameters'])}",
    ]
    lines += [
        f"  package      {one['name']} ({one['type']}): {one['fingerprint']}"
        for one in value["packages"]
    ]
    lines += [
        f"  site         {one['silo']}, {one['name']} ({one['role']})"
        for one in value["sites"]
        if one["took_part"] or one["role"] == "server"
    ]
    return "\n".join(lines)
