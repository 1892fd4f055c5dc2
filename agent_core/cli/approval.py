"""`silodesk approval`: decide what may run on this silo's data."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock, until
from agent_core.cli.dataset import number_of
from agent_core.cli.output import emit, error_border, table

Number = Annotated[int, typer.Argument(help="The approval's number, from `approval list`")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Decide what may run on this silo's data.", no_args_is_help=True)
    for command in (show_list, show, approve, refuse, allow, disallow):
        group.command(command.__name__.replace("show_", ""))(command)
    app.add_typer(group, name="approval")


@error_border
def show_list(
    all_states: Annotated[bool, typer.Option("--all", help="Decided ones too")] = False,
    standing: Annotated[bool, typer.Option("--standing", help="The standing approvals")] = False,
) -> None:
    """List what waits for a decision."""
    if standing:
        value = ask("approvals.standing")
        emit(value, False, lambda: _standing_text(value))
        return
    value = ask("approvals.list", **({} if all_states else {"state": "pending"}))
    emit(value, False, lambda: _list_text(value))


@error_border
def show(
    number: Number,
    file: Annotated[str, typer.Option(help="Print this file of the package")] = "",
    diff: Annotated[
        bool, typer.Option("--diff/--no-diff", help="What changed since the last approval")
    ] = True,
) -> None:
    """Show what one approval is about: files, calls to look at, changes; or a file of it."""
    if file:
        content = ask("approvals.file", id=number, path=file)
        emit(content, False, "(binary)" if content["is_binary"] else content["text"])
        return
    value = {**ask("approvals.get", id=number), "review": ask("approvals.review", id=number)}
    if diff and not value["first_time"]:
        value["diff"] = ask("approvals.diff", id=number)
    emit(value, False, lambda: f"{approval_text(value)}\n{review_text(value)}")


@error_border
def approve(
    number: Number,
    scope: Annotated[
        str, typer.Option(help="once, run (restarts too), or standing (this exact content)")
    ] = "once",
    expires: Annotated[str, typer.Option(metavar="DATE", help="Ends with this day")] = "",
    dataset: Annotated[
        str, typer.Option(help="The dataset it sees as /data: number or name; `none` for none")
    ] = "",
) -> None:
    """Let it run here."""
    chosen: dict[str, Any] = {}
    if dataset == "none":
        chosen = {"no_data": True}
    elif dataset:
        chosen = {"dataset": number_of(dataset)}
    value = ask("approvals.approve", id=number, scope=scope, expires_at=until(expires), **chosen)
    data = f" on {value['dataset']['name']}" if value["dataset"] else ""
    emit(value, False, f"Approved: {value['run_name']} ({value['scope']}){data}.")


@error_border
def refuse(
    number: Number,
    reason: Annotated[str, typer.Option(help="The run's owner reads it")] = "",
) -> None:
    """Refuse it."""
    value = ask("approvals.refuse", id=number, reason=reason)
    emit(value, False, f"Refused: {value['run_name']}.")


@error_border
def allow(
    digest: Annotated[str, typer.Argument(help="The content digest, from `package inspect`")],
    by: Annotated[str, typer.Option(help="Who decides; default: the signed-in account")] = "",
    expires: Annotated[str, typer.Option(metavar="DATE", help="Ends with this day")] = "",
) -> None:
    """Give a standing approval for exactly this content, beforehand."""
    ask("approvals.allow", content_digest=digest, by=by, expires_at=until(expires))
    emit({"content_digest": digest}, False, "This exact content may run here from now on.")


@error_border
def disallow(digest: Annotated[str, typer.Argument(help="The content digest")]) -> None:
    """Take a standing approval back."""
    ask("approvals.disallow", content_digest=digest)
    emit({"content_digest": digest}, False, "Its next start will ask again.")


def approval_text(value: dict[str, Any]) -> str:
    """Return an approval for people."""
    signed = f"signed by {value['builder_key']}" if value["signed"] else "not signed"
    changed = ", ".join(value["changed_files"]) or "nothing"
    rows = [
        ("state", value["state"] + (f" ({value['scope']})" if value["scope"] else "")),
        ("run", f"{value['run_name']} (run {value['run_id']}, epoch {value['epoch']})"),
        ("project", value["project"]),
        ("application", f"{value['application']}, role {value['role']}, {value['engine']}"),
        ("asked by", f"{value['asked_by']}, {clock(value['asked_at'])}"),
        ("fingerprint", value["fingerprint"]),
        ("content", value["content_digest"]),
        ("package", signed),
        ("changed", "never approved here before" if value["first_time"] else changed),
        ("parameters", ", ".join(f"{k}={v}" for k, v in value["parameters"].items()) or "none"),
        ("rounds", str(value["rounds"] or "as the package says")),
        ("sandbox", value["sandbox"]),
        ("data", _data_text(value)),
    ]
    if value["asked_again"]:
        rows.insert(1, ("asked again", value["asked_again"]))
    if value["decided_by"]:
        rows.append(("decided by", f"{value['decided_by']}, {clock(value['decided_at'])}"))
    if value["reason"]:
        rows.append(("reason", value["reason"]))
    lines = [f"{name:<12} {text}" for name, text in rows]
    lines += ["", *(f"{item['size']:>9}  {item['path']}" for item in value["files"])]
    return "\n".join(lines)


def review_text(value: dict[str, Any]) -> str:
    """Return the calls to look at, the data that fits, and the changes, for people."""
    found = value["review"]
    lines = ["", "calls to look at" if found["risks"] else "no calls to look at"]
    lines += [
        f"  {'new ' if risk['is_new'] else '    '}{risk['kind']:<10} "
        f"{risk['path']}:{risk['line']}  {risk['text']}"
        for risk in found["risks"]
    ]
    if found["datasets"]:
        lines += ["", "datasets"]
    for one in found["datasets"]:
        lacks = f", lacks {', '.join(one['missing'][:10])}" if one["missing"] else ""
        lines.append(f"  {one['id']:>3} {one['name']}: {one['why_not'] or 'may be used'}{lacks}")
    for file in value.get("diff") or []:
        lines += ["", f"--- {file['path']}" + (" (not text)" if file["is_binary"] else "")]
        lines += [diff_line(row) for row in file["rows"]]
        if file["is_cut"]:
            lines.append("@@ not all of this file, or of its change, is shown")
    return "\n".join(lines)


def diff_line(row: dict[str, Any]) -> str:
    """Return a row of a diff as text."""
    if row["kind"] == "gap":
        return f"@@ {row['count']} unchanged lines"
    if row["kind"] == "cut":
        return f"@@ {row['count']} {row['text'] or 'lines'} are not shown"
    sign = {"add": "+", "del": "-"}.get(row["kind"], " ")
    return f"{sign}{row['text']}{'[...]' if row.get('is_cut') else ''}"


def _data_text(value: dict[str, Any]) -> str:
    wanted = f"; wants {', '.join(value['data_wanted'])}" if value["data_wanted"] else ""
    given = value["dataset"]
    if given:
        return f"{given['name']}, version {given['number']}, {given['rows']} rows{wanted}"
    return {"none": "none", "default": "the folder of the settings, if there is one"}.get(
        value["data"], ""
    ) + wanted


def _list_text(value: list[dict[str, Any]]) -> str:
    if not value:
        return "Nothing waits for a decision."
    rows = [
        [str(item["id"]), item["state"], item["run_name"], item["application"], item["role"],
         item["asked_by"], item["fingerprint"]]
        for item in value
    ]  # fmt: skip
    return table(rows, ["id", "state", "run", "application", "role", "asked by", "fingerprint"])


def _standing_text(value: list[dict[str, Any]]) -> str:
    if not value:
        return "There are no standing approvals."
    rows = [
        [item["content_digest"], item["application"], str(item["group_id"] or "every"),
         item["role"] or "every", item["by"], clock(item["expires_at"])]
        for item in value
    ]  # fmt: skip
    return table(rows, ["content digest", "application", "group", "role", "by", "until"])
