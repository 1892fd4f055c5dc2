"""Runs over real processes: started in the dialog, watched, stopped, repeated, compared, saved."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.dialogs import dialog_of
from PySide6.QtWidgets import QApplication

from agent_core.protocol.states import TERMINAL, State
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.run import read_all
from app.main import Desktop
from app.pages.runs import export_runs
from app.pages.runs.new_run import NewRunDialog
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(300)]
LONG = 120_000


@pytest.fixture
def window(federation: Federation, make_window: Callable[..., Desktop]) -> Any:
    """Return the coordinator's window."""
    return make_window(federation.coordinator.home).window


@pytest.fixture
def second_run(federation: Federation, finished_run: dict[str, Any], qtbot) -> dict[str, Any]:
    """Return the finished run's repetition, finished too, with another parameter."""
    call = federation.coordinator.client.call
    first = call("runs.get", run_id=finished_run["id"])
    run = call(
        "runs.create", project_id=first["project_id"], application_id=first["application_id"],
        name="other rate", parameters={"lr": 0.02}, rounds=2, round_deadline_s=120.0, quorum=1,
        server_edge=federation.coordinator.edge_id,
        client_edges=[member.edge_id for member in federation.members[1:]],
    )  # fmt: skip
    call("runs.start", run_id=run["id"])
    qtbot.waitUntil(
        lambda: State(call("runs.get", run_id=run["id"])["state"]) in TERMINAL, timeout=LONG
    )
    return dict(call("runs.get", run_id=run["id"]))


def press(parent: Any, text: str) -> None:
    """Press the visible button with a text."""
    found = [one for one in parent.findChildren(Button) if one.text().strip() == text]
    next(one for one in found if one.isVisible()).click()


def test_a_run_is_started_in_the_dialog_and_stopped(federation, window, qtbot) -> None:
    """The dialog tells what is sent, the page follows, and stopping ends it on every site."""
    project = federation.coordinator.client.call("projects.list")["items"][-1]["id"]
    window.navigate("project", project_id=project)
    page = window.page()
    qtbot.waitUntil(lambda: page.group is not None and page.project is not None, timeout=20_000)
    page.new_run()
    dialog = dialog_of(window, NewRunDialog)
    qtbot.waitUntil(lambda: dialog.application.count() >= 1, timeout=20_000)
    free = dialog.form.add_free()
    free.key.setText("learning-rat")
    free.check([row.key for row in dialog.form.rows])
    assert "no parameter of this name" in free._message.plain()
    free.key.setText("")
    dialog.name.setText("to be stopped")
    dialog.rounds.setValue(5000)
    dialog._start.click()
    qtbot.waitUntil(lambda: window.key == "run", timeout=30_000)
    run_page = window.page()
    live = run_page.view.live
    qtbot.waitUntil(lambda: live.run is not None and live.run.state == State.RUNNING, timeout=LONG)
    qtbot.waitUntil(lambda: len(live.rounds) >= 1, timeout=LONG)

    run_page._stop.click()
    asked = next(one for one in window.findChildren(Dialog) if one.isVisible())
    press(asked, "Stop the run")
    qtbot.waitUntil(lambda: live.run.state in TERMINAL, timeout=LONG)
    assert live.run.state == State.KILLED
    assert "Elif Kaya" in run_page.view.header.badge.text


def test_a_repetition_counts_and_is_put_away_with_undo(
    federation, window, finished_run, qtbot
) -> None:
    """Run again makes "(2)", and an archived run comes back by the toast."""
    first = federation.coordinator.client.call("runs.get", run_id=finished_run["id"])
    window.navigate("run", run_id=first["id"])
    page = window.page()
    qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=20_000)
    page._again.click()
    qtbot.waitUntil(lambda: page.view.run_id != first["id"], timeout=20_000)
    qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=20_000)
    made = page.view.live.run
    assert made.name.startswith(first["name"].split(" (")[0])
    assert made.name.endswith(")")
    assert "(copy)" not in made.name

    page._put_away.trigger()
    qtbot.waitUntil(lambda: page.view.live.run.archived_at is not None, timeout=20_000)
    qtbot.waitUntil(
        lambda: any(f"Run {made.id} archived" in one.title for one in window.toasts.toasts),
        timeout=20_000,
    )
    toast = next(one for one in window.toasts.toasts if str(made.id) in one.title)
    press(toast, "Undo")
    qtbot.waitUntil(lambda: page.view.live.run.archived_at is None, timeout=20_000)


def test_runs_are_ticked_and_compared(window, finished_run, second_run, qtbot) -> None:
    """Curves of both, the best round of each, and only the parameters that differ."""
    window.navigate("project", project_id=second_run["project_id"])
    page = window.page()
    numbers = {finished_run["id"], second_run["id"]}
    qtbot.waitUntil(lambda: numbers <= {run.id for run in page.rows.rows}, timeout=20_000)
    for run in list(page.rows.rows):
        if run.id in numbers:
            page.tick_run(run)
    page.compare.click()
    assert window.key == "compare"
    compare = window.page()
    qtbot.waitUntil(
        lambda: len(compare.compared) == 2 and all(one.book.points for one in compare.compared),
        timeout=20_000,
    )
    qtbot.waitUntil(
        lambda: (
            "test_accuracy" in compare.plots.cards
            and len(compare.plots.cards["test_accuracy"].plot.lines) == 2
        ),
        timeout=20_000,
    )
    qtbot.waitUntil(lambda: compare.results.rows.rowCount() == 2, timeout=20_000)
    shown = [compare.results.rows.index(0, place).data() for place in range(2)]
    assert "round" in shown[1]
    different = [row.key for row in compare.parameters.rows.rows]
    assert "lr" in different
    assert "batch-size" not in different


def test_points_are_saved_as_they_are(
    federation, window, second_run, qtbot, monkeypatch, tmp_path: Path
) -> None:
    """CSV and JSON hold every point that the hub has, and the picture is one."""
    run_id = second_run["id"]
    window.navigate("run", run_id=run_id, tab="curves")
    page = window.page()
    qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=20_000)
    points = read_all(federation, "runs.metrics", run_id)
    curves = page.view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == len(points), timeout=20_000)
    for kind in ("csv", "json", "png"):
        path = tmp_path / f"points.{kind}"
        monkeypatch.setattr(export_runs, "ask_path", lambda *_, path=path: path)
        if kind == "png":
            curves._save_png()
        else:
            page._save(kind)
        qtbot.waitUntil(path.exists, timeout=20_000)

    with (tmp_path / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = sorted((one["metric"], float(one["value"])) for one in rows)
    assert told == sorted((point["key"], point["value"]) for point in points)
    assert {one["run_name"] for one in rows} == {"other rate"}
    (saved,) = json.loads((tmp_path / "points.json").read_text())["runs"]
    assert saved["parameters"] == {"lr": 0.02}
    assert sum(len(curve["points"]) for curve in saved["curves"]) == len(points)
    qtbot.waitUntil(lambda: (tmp_path / "points.png").stat().st_size > 1000, timeout=20_000)


def test_logs_are_filtered_with_exact_counts(federation, window, finished_run, qtbot) -> None:
    """Hits and shown lines are what a plain count of the hub's lines gives."""
    run_id = finished_run["id"]
    window.navigate("run", run_id=run_id, tab="logs")
    page = window.page()
    qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=20_000)
    logs = page.view.tab("logs")
    texts = [one["text"] for one in read_all(federation, "runs.logs", run_id)]
    lines = [line for text in texts for line in text.rstrip("\n").split("\n")]
    qtbot.waitUntil(lambda: len(logs.store) == len(lines), timeout=30_000)
    holding = [line for line in lines if "round" in line.lower()]

    logs.search.setText("round")
    hits = sum(line.lower().count("round") for line in lines)
    qtbot.waitUntil(lambda: len(logs.view.model.hits) == hits, timeout=20_000)
    logs.bar.only.setChecked(True)
    assert len(logs.view.model) == len(holding)
    assert f"{len(holding)} of {len(lines)} lines shown" in logs._state.plain()
    logs.view.next_hit(1)
    assert logs.hits.plain() == f"1 of {hits}"
    logs.bar.only.setChecked(False)
    assert len(logs.view.model) == len(lines)
    logs.view.model.select(0, extend=False)
    logs.view.copy()
    assert QApplication.clipboard().text()


def test_a_log_file_is_opened_found_and_followed(window, qtbot, tmp_path: Path) -> None:
    """A file of this machine: lines, exact hits, only errors, and what is added."""
    path = tmp_path / "some.log"
    path.write_text(
        "".join(f"2026-01-02 03:04:{n % 60:02d} INFO step {n}\n" for n in range(5000))
        + "2026-01-02 03:05:00 ERROR gone\n"
    )
    window.navigate("log_file", path=str(path))
    page = window.page()
    qtbot.waitUntil(lambda: page.view is not None and len(page.view.file) == 5001, timeout=20_000)
    page.bar.field.setText("step 49")
    qtbot.waitUntil(lambda: len(page.view.model.hits) == 111, timeout=20_000)
    page.level.select("error")
    page._on_narrow()
    qtbot.waitUntil(lambda: len(page.view.model) == 1, timeout=20_000)
    with path.open("a") as file:
        file.write("2026-01-02 03:06:00 ERROR again\n")
    qtbot.waitUntil(lambda: len(page.view.model) == 2, timeout=20_000)
    page.bar.field.setText("03:0")
    qtbot.waitUntil(lambda: len(page.view.model.hits) == 2, timeout=20_000)
    page.level.select("all")
    page._on_narrow()
    qtbot.waitUntil(lambda: len(page.view.model.hits) == 5002, timeout=20_000)
    page.go.setText("4,000")
    page._on_go()
    assert page.view.model.cursor == 3999
    page.view.close_file()
