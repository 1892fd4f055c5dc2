"""A run's page over an agent's socket: it follows, it explains, it acts."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import Any, TextIO

import pytest
from helpers.fake_records import digest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from agent_core.errors import UnreachableError
from agent_core.protocol.records import RoundRecord
from agent_core.protocol.states import State
from app.bridge.newest import Newest
from app.pages.runs import export
from app.pages.runs.page import RunPage
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.log_view_store import Line, LogStore
from app.widgets.theme import theme


@pytest.fixture
def agent(make_agent):
    return make_agent("working")


@pytest.fixture
def open_run(agent, make_window, qtbot):
    """Open a run's page at a tab, and wait until the run is there."""

    def show(run_id: int = 1284, tab: str = "overview", *, ready: bool = True) -> RunPage:
        desktop = make_window(agent.home)
        desktop.window.navigate("run", run_id=run_id, tab=tab)
        page = desktop.window.page()
        if ready:
            qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=5000)
            qtbot.waitUntil(lambda: len(page.view.live.events) > 0, timeout=5000)
            qtbot.waitUntil(lambda: len(page.view.live.rounds) > 0, timeout=5000)
        page.desktop = desktop
        return page

    return show


def button(parent, text: str) -> Button:
    return next(one for one in parent.findChildren(Button) if one.text().strip() == text)


def test_the_head_says_state_and_figures(open_run) -> None:
    """The head names the run, its state, round and who answers."""
    page = open_run()
    header = page.view.header

    assert header.title.text() == "Run 1284"
    assert header.badge.text == "Running"
    facts = [fact.accessibleName() for fact in header.facts if not fact.isHidden()]
    assert facts[0] == "Round: 18 of 50"
    assert "Sites in: 4 of 5" in facts
    assert page.crumbs[1] == ("WDBC breast cancer", "project", {"project_id": 11})


def test_the_overview_shows_who_is_waited_for(open_run) -> None:
    """One amber row; rounds and events are there, the newest event first."""
    overview = open_run().view.tab("overview")

    assert [row.site.edge_id for row in overview.timeline.rows if row.is_amber] == [280]
    assert "silent" in overview.timeline.accessibleDescription()
    assert overview.bars.accessibleDescription() == "18 rounds closed, 2 of them by the deadline"
    rows = overview.events.rows
    times = [rows.event_at(place).at for place in range(rows.shown)]
    assert len(times) > 2
    assert times == sorted(times, reverse=True)


def test_a_failed_run_says_why_and_leads_to_its_logs(open_run) -> None:
    """The cause stands over the sites, whole; one click opens the logs."""
    page = open_run(1271)
    cause = page.view.tab("overview").cause

    assert not cause.isHidden()
    assert cause._text.plain() == "Quorum missed: 2 of 3 answered."
    button(cause, "Open logs").click()
    assert page.view.tabs.key() == "logs"


def test_curves_follow_without_being_built_again(open_run, agent, qtbot) -> None:
    """New points are asked for behind the cursor and appended to the same curves."""
    page = open_run(tab="curves")
    curves = page.view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    card = curves.cards["test_accuracy"]
    series = card.plot.lines[0].series
    new = {"edge_id": 0, "run_id": 1284, "key": "test_accuracy", "round": 19, "step": 19}

    def answer(asked):
        start = int(asked.get("after") or 0)
        items = [{**new, "value": 0.99, "at": 1.0, "sequence": 301}] if start == 300 else []
        return {"items": items, "next_cursor": str(start + len(items))}

    agent.answer("runs.metrics", answer)
    agent.push("changed", what="metrics", id=1284, change=1)
    qtbot.waitUntil(lambda: curves.book.points == 301 and curves.filling.is_over, timeout=5000)

    assert curves.cards["test_accuracy"] is card
    assert card.plot.lines[0].series is series
    assert series.y[-1] == 0.99
    assert card.value.text() == "99.0 %"
    assert curves.count.text() == "3 metrics, 301 points, none left out"


def test_the_crosshair_is_shared(open_run, qtbot) -> None:
    """Pointing in one plot stands the line in all; only that plot tells the values."""
    curves = open_run(tab="curves").view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    plots = [card.plot for card in curves.cards.values()]
    plots[0].hovered.emit(plots[0].snap(11.8))

    assert [plot._cursor for plot in plots] == [12.0, 12.0, 12.0]
    assert [plot._tip.isHidden() for plot in plots] == [False, True, True]
    assert "Round 12 · " in plots[0].accessibleDescription()
    assert "Hôpital Saint-Roch late" in plots[0].accessibleDescription()
    plots[0].hovered.emit(None)
    assert all(plot._tip.isHidden() for plot in plots)


def test_who_was_late_is_who_the_round_names(open_run, qtbot) -> None:
    """A site that was not asked in a round is not called late; an old record names nobody."""
    page = open_run(tab="curves")
    curves = page.view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    qtbot.waitUntil(lambda: 12 in page.view.live.rounds, timeout=5000)
    lines = {line.key: line for line in curves.cards["test_accuracy"].plot.lines}
    first, second = [key for key in lines if key][:2]
    rounds = page.view.live.rounds
    old = rounds.find(12)
    assert old.is_late
    assert not old.missing

    def said() -> list[str]:
        return [curves._missing(lines[key], 12.0) for key in (first, second)]

    assert said() == ["late", "late"]
    told = {name: getattr(old, name) for name in ("started_at", "closed_at", "answered", "asked")}
    rounds.add([RoundRecord(round=12, closed_by="deadline", missing=[first], **told)])
    assert said() == ["late", "–"]
    rounds.add([RoundRecord(round=12, closed_by="all", missing=[first], **told)])
    assert said() == ["no answer", "–"]


def test_many_points_are_laid_along_another_axis_elsewhere(open_run, qtbot, monkeypatch) -> None:
    """The window does not wait for it, and the axis asked for last is the one shown."""
    monkeypatch.setattr("app.pages.runs.curves_laying.BACKGROUND_POINTS", 1)
    page = open_run(tab="curves")
    curves = page.view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    for key in ("bytes", "time"):
        curves.axis.select(key)
        curves._on_axis(key)
        assert curves.book.axis == "round"
    qtbot.waitUntil(lambda: curves.book.axis == "time", timeout=5000)

    (line, *_) = curves.cards["test_accuracy"].plot.lines
    assert line.series is curves.book.curves("test_accuracy")[line.key].series
    assert curves.book.origin == page.view.live.run.started_at


def test_a_chip_hides_a_site_and_a_key_walks_the_points(open_run, qtbot) -> None:
    """Chips switch curves; Left and Right walk along the points."""
    curves = open_run(tab="curves").view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    curves.chips.chip(271).click()
    plot = curves.cards["test_loss"].plot

    assert {line.key for line in plot.lines if not line.is_visible} == {271}
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert curves.group.cursor == 18.0
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert curves.group.cursor == 17.0


def test_plots_are_inked_anew_in_the_other_theme(open_run, qtbot, themed) -> None:
    """Switching light and dark re-pens curves and axes while the page is shown."""
    curves = open_run(tab="curves").view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    plot = curves.cards["test_loss"].plot
    qtbot.waitUntil(lambda: len(plot.drawn) > 0, timeout=10_000)
    before = plot.drawn[-1].pen.color().name()
    try:
        theme().apply(themed, "light")
        after = plot.drawn[-1].pen.color().name()
    finally:
        theme().apply(themed, "dark")

    assert before == "#edf0f4"
    assert after == "#141922"


def test_points_are_saved_as_csv(open_run, qtbot, tmp_path: Path, monkeypatch) -> None:
    """Every point of the run is read and in the file, with its site's name."""
    curves = open_run(tab="curves").view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 300 and curves.filling.is_over, timeout=5000)
    target = tmp_path / "curves.csv"
    monkeypatch.setattr("app.pages.runs.export_runs.ask_path", lambda *_: target)
    curves._save_csv()
    qtbot.waitUntil(lambda: target.exists() and target.read_text().count("\n") == 301, timeout=5000)

    lines = target.read_text().splitlines()
    assert lines[0] == "run,run_name,project,metric,site,edge_id,round,step,time,value"
    assert any(",test_accuracy,global,0,1,1," in line for line in lines)
    assert sum("St. Anna Hospital" in line for line in lines) == 54


def test_system_figures_keep_gaps(open_run, qtbot) -> None:
    """A site that was away has a shaded gap and no line through it."""
    system = open_run(tab="system").view.tab("system")
    qtbot.waitUntil(lambda: system.book.samples > 500 and system.filling.is_over, timeout=5000)

    assert list(system.book.gaps) == [280]
    assert [card.title.text() for card in system.cards.values()][:3] == [
        "CPU", "Memory", "Job memory",
    ]  # fmt: skip
    assert system.cards["cpu"].plot.spans


def test_this_machines_figure_ages(open_run, qtbot) -> None:
    """A value says after 10 s how old it is, and after 30 s it is a faint dash."""
    page = open_run(tab="system")
    system = page.view.tab("system")
    qtbot.waitUntil(lambda: system.book.samples > 500 and system.filling.is_over, timeout=5000)
    card = system.cards["cpu"]
    own = page.view.live.own_edge

    def known(seconds_ago: float) -> tuple[str, str, str]:
        system.book.last_at[own] = time.time() - seconds_ago
        system._refresh()
        return card.value.plain(), card.whose.plain(), card.value.property("tok")

    value, whose, tok = known(2)
    assert value.endswith("%")
    assert (whose, tok) == ("whole machine", "text")
    assert known(20)[0] == value
    assert known(20)[1].endswith(" s ago")
    assert known(40) == ("–", "last known 40 s ago", "faint")


def test_a_run_without_a_connection_is_not_called_live(open_run, agent, qtbot, monkeypatch) -> None:
    """Head, overview and logs say how old what they show is, in faint ink; then it is live."""
    page = open_run()
    header, live = page.view.header, page.view.live
    overview, logs = page.view.tab("overview"), page.view.tab("logs")
    assert header.old.isHidden()
    assert header.facts[0].value.property("tok") == "text"

    agent.errors["runs.get"] = UnreachableError("The hub did not answer.", next_step="Wait.")
    live.reload()
    qtbot.waitUntil(lambda: not header.old.isHidden(), timeout=10_000)
    qtbot.waitUntil(lambda: "not live, known" in overview._live_tag.text, timeout=10_000)
    assert header.old.text.startswith("not live, known ")
    shown = [fact for fact in header.facts if not fact.isHidden()]
    assert {fact.value.property("tok") for fact in shown} == {"faint"}
    before = [fact.value.plain() for fact in shown]
    header.show_run(live.run, live.rounds, live.read_at + 500, 500)
    assert [fact.value.plain() for fact in shown] == before
    page.view.tabs.select("logs")
    logs._refresh_words()
    assert logs._state.plain().startswith("not live, known ")

    del agent.errors["runs.get"]
    live.reload()
    qtbot.waitUntil(lambda: header.old.isHidden(), timeout=10_000)
    qtbot.waitUntil(lambda: logs._state.plain().startswith("Live"), timeout=10_000)
    silent = {**agent.answers.status(), "state": "silent"}
    with monkeypatch.context() as away:
        away.setattr(agent.answers, "status", lambda: silent)
        qtbot.waitUntil(lambda: not header.old.isHidden(), timeout=10_000)
    qtbot.waitUntil(lambda: header.old.isHidden(), timeout=10_000)
    live.read_at -= 40  # nothing was heard for longer than a figure may stand
    qtbot.waitUntil(lambda: not header.old.isHidden(), timeout=10_000)


@pytest.mark.parametrize("fails", [False, True])
def test_the_last_rounds_model_is_not_lost(open_run, agent, qtbot, fails: bool) -> None:
    """A notice that comes while models are read asks once more, after a failure too."""
    models = open_run(tab="models").view.tab("models")
    qtbot.waitUntil(lambda: len(models._models) == 18, timeout=5000)
    if fails:
        agent.errors["runs.models"] = UnreachableError("No answer.", next_step="Wait.")
    qtbot.waitUntil(lambda: not models._busy, timeout=5000)
    asked = len(agent.called("runs.models"))
    models._reload()
    models._reload()
    qtbot.waitUntil(lambda: len(agent.called("runs.models")) >= asked + 2, timeout=5000)


def test_a_notice_during_a_failing_look_is_followed(open_run, agent, qtbot) -> None:
    """A record that could not be read is read once more where that was asked for meanwhile."""
    live = open_run().view.live
    agent.errors["runs.get"] = UnreachableError("The hub did not answer.", next_step="Wait.")
    asked = len(agent.called("runs.get"))
    live.reload()
    live.reload()
    qtbot.waitUntil(lambda: len(agent.called("runs.get")) >= asked + 2, timeout=5000)


def test_logs_are_merged_filtered_and_found(open_run, qtbot) -> None:
    """Counts are exact for levels, sites and hits; F3 goes to the next one."""
    logs = open_run(tab="logs").view.tab("logs")
    qtbot.waitUntil(lambda: len(logs.store) == 224, timeout=5000)
    view = logs.view

    assert view.follow
    logs.search.setText("train loss")
    qtbot.waitUntil(lambda: logs.hits.text() == "90 hits", timeout=5000)
    qtbot.keyClick(view, Qt.Key.Key_F3)
    assert logs.hits.text().endswith(" of 90")
    assert not view.follow
    logs._only_mine()
    assert logs.hits.text() == "18 hits" or logs.hits.text().endswith("of 18")
    logs.levels.chip(1).click()
    assert len(view.model) == 18
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.follow


def test_chips_of_the_log_count_exactly(open_run, qtbot) -> None:
    """A short count on the chip, the exact one for who points at it or hears it, sites too."""
    logs = open_run(tab="logs").view.tab("logs")
    qtbot.waitUntil(lambda: len(logs.store) == 224, timeout=5000)
    lines = [Line(1.0, 271, 1, "job", "x") for _ in range(1100)]
    logs._on_lines([*lines, Line(1.0, 271, 1, "job", "y", continued=True)])
    info, site = logs.levels.chip(1), logs.sites.chip(271)
    before = logs.store.counts()[1]

    assert info._count.endswith(" k")
    assert info.toolTip() == f"{before:,} messages"
    assert info.accessibleName() == f"Show Info, {before:,} messages"
    assert site.toolTip() == f"{logs.store.count_of(271):,} messages"
    assert sum(logs.store.count_of(edge) for edge in logs.store.edges) == sum(logs.store.counts())


def test_a_wrong_expression_is_told_beside_the_log(open_run, qtbot) -> None:
    """The sentence stands under the log; nothing else happens."""
    logs = open_run(tab="logs").view.tab("logs")
    qtbot.waitUntil(lambda: len(logs.store) == 224, timeout=5000)
    logs.regex.setChecked(True)
    logs.search.setText("round (")

    qtbot.waitUntil(lambda: "not a regular expression" in logs._problem.text(), timeout=5000)


def test_selected_lines_are_copied(open_run, qtbot) -> None:
    """Copy gives whole lines with time, site and level."""
    logs = open_run(tab="logs").view.tab("logs")
    qtbot.waitUntil(lambda: len(logs.store) == 224, timeout=5000)
    qtbot.keyClick(logs.view, Qt.Key.Key_Home)
    qtbot.keyClick(logs.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(logs.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    copied = QGuiApplication.clipboard().text().splitlines()
    assert len(copied) == 2
    assert "start order verified" in copied[0]
    assert copied[1] in logs.view.accessibleDescription()


def test_models_mark_newest_and_best_and_are_saved(open_run, agent, qtbot, tmp_path, monkeypatch):
    """The best by the main metric is marked; saving shows the hash that was checked."""
    models = open_run(tab="models").view.tab("models")
    qtbot.waitUntil(lambda: len(models._models) == 18, timeout=5000)
    rows = models._rows.rows
    best = max(models._models, key=lambda one: one.metrics["test_accuracy"])

    assert [row.model.round for row in rows if row.is_newest] == [18]
    assert [row.model.round for row in rows if row.is_best] == [best.round]
    target = tmp_path / "model.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    models._save()
    qtbot.waitUntil(lambda: bool(agent.called("runs.save_model")), timeout=5000)
    assert agent.called("runs.save_model")[0] == {
        "run_id": 1284, "round": 18, "path": str(target),
    }  # fmt: skip
    qtbot.waitUntil(lambda: models.panel.detail is not None, timeout=5000)
    assert models.panel.detail.before.startswith(digest("1284-17")[:8])


def test_stopping_asks_and_names_run_and_sites(open_run, agent, qtbot) -> None:
    """Nothing is stopped before the confirm; it names the run and every site."""
    page = open_run()
    button(page.desktop.window, "Stop…").click()
    dialog = page.findChild(Dialog) or page.desktop.window.findChild(Dialog)
    shown = f"{dialog.windowTitle()} {dialog.subtitle.plain()}"

    assert "1284" in shown
    assert "Klinikum Lindenau" in shown
    assert "Karelia Cancer Centre" in shown
    assert not agent.called("runs.stop")
    button(dialog, "Stop the run").click()
    qtbot.waitUntil(lambda: bool(agent.called("runs.stop")), timeout=5000)
    qtbot.waitUntil(lambda: page.view.live.run.state == State.STOPPING, timeout=5000)
    assert page.view.header.badge.text == "Stopping"


def test_a_change_at_the_hub_is_shown(open_run, agent, qtbot) -> None:
    """An event that the run changed brings the new state, without any refresh button."""
    page = open_run()
    agent.answers._set_run(1284, state=State.FINISHED, round=50, ended_at=2e9, change=9999)
    agent.push("changed", what="run", id=1284, change=9999)

    qtbot.waitUntil(lambda: page.view.header.badge.text == "Finished", timeout=5000)
    assert page.view.header.bar.value == 1.0


def test_nothing_is_asked_while_another_page_is_shown(open_run, agent, qtbot) -> None:
    """Away from the page a notice asks nothing; coming back reads what came meanwhile."""
    page = open_run()
    window = page.desktop.window
    window.navigate("projects")
    asked = len(agent.called("runs.get"))
    agent.answers._set_run(1284, round=33, change=9999)
    agent.push("changed", what="run", id=1284, change=9999)
    qtbot.waitUntil(lambda: len(window.page().projects) == 2, timeout=5000)
    qtbot.wait(200)

    assert len(agent.called("runs.get")) == asked
    window.navigate("run", run_id=1284)
    qtbot.waitUntil(lambda: page.view.live.run.round == 33, timeout=5000)
    assert window.page() is page


def test_an_unreadable_run_says_why_and_tries_again(open_run, agent, qtbot) -> None:
    """Cause and code are shown; Try again reads it once the hub is back."""
    agent.errors["runs.get"] = UnreachableError("The hub did not answer.", next_step="Wait.")
    page = open_run(ready=False)
    view = page.view
    qtbot.waitUntil(lambda: view._states.currentWidget() is view._error, timeout=5000)

    assert view._error.title.text() == "The hub did not answer."
    assert "unreachable" in view._error.text.plain()
    del agent.errors["runs.get"]
    button(view._error, "Try again").click()
    qtbot.waitUntil(lambda: view.live.run is not None, timeout=5000)
    assert view._states.currentWidget() is view._whole


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    """The error names the file and says what to do."""
    with pytest.raises(export.StorageError, match="cannot be written"):
        export.write_system(tmp_path / "missing" / "x.csv", [], {})


def test_half_a_file_is_never_left(tmp_path: Path) -> None:
    """What could not be written to its end leaves the file that was there as it was."""
    target = tmp_path / "x.csv"
    target.write_text("before")

    def write(file: TextIO) -> int:
        file.write("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(export.StorageError, match="No space left"):
        export.written(target, write)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("x.csv", "before")]


def test_points_on_their_way_are_saved_and_told(
    open_run, agent, qtbot, tmp_path: Path, monkeypatch
) -> None:
    """While pages load, nothing is said to be whole, and the file is."""
    monkeypatch.setattr("app.pages.runs.feed.PAGE", 100)
    monkeypatch.setattr("app.pages.runs.feed.RETRY_MS", 100)
    is_away = True

    def half(asked: dict[str, Any]) -> Any:
        if is_away and asked.get("limit") == 100 and int(asked.get("after") or 0) >= 200:
            raise UnreachableError("The hub did not answer.", next_step="Wait.")
        return agent.answers.give("runs.metrics", asked)

    agent.answer("runs.metrics", half)
    curves = open_run(tab="curves").view.tab("curves")
    qtbot.waitUntil(lambda: curves.book.points == 200 and curves.filling.is_over, timeout=5000)
    assert curves.count.text().endswith("200 points, loading…")
    target = tmp_path / "curves.csv"
    monkeypatch.setattr("app.pages.runs.export_runs.ask_path", lambda *_: target)
    curves._save_csv()
    qtbot.waitUntil(target.exists, timeout=5000)
    assert target.read_text().count("\n") == 301
    is_away = False
    qtbot.waitUntil(lambda: curves.count.text().endswith("none left out"), timeout=5000)


def test_logs_are_saved_whole_when_another_run_is_opened(
    open_run, qtbot, tmp_path: Path, monkeypatch
) -> None:
    """The lines live until they are written; the person is told where."""
    page = open_run(tab="logs")
    window = page.desktop.window
    logs = page.view.tab("logs")
    qtbot.waitUntil(lambda: len(logs.store) == 224, timeout=5000)
    gate = Event()
    store = logs.store
    monkeypatch.setattr(store, "lines", lambda rows: gate.wait(20) and LogStore.lines(store, rows))
    target = tmp_path / "run.log"
    monkeypatch.setattr("app.pages.runs.logs.ask_path", lambda *_: target)
    logs._save()
    window.navigate("run", run_id=1271)
    qtbot.waitUntil(lambda: store._file.is_unwanted, timeout=5000)
    gate.set()

    qtbot.waitUntil(
        lambda: any(one.title == "224 lines saved" for one in window.toasts.toasts), timeout=5000
    )
    assert len(target.read_text().splitlines()) == 224
    qtbot.waitUntil(lambda: store._file._file.closed, timeout=5000)


def test_a_run_is_paused_and_resumed_from_its_page(open_run, agent, qtbot) -> None:
    """The badge says that it takes effect at the round's end; the button turns round."""
    page = open_run()
    assert page._pause in page.top_actions
    page._pause.click()
    qtbot.waitUntil(lambda: page._resume in page.top_actions, timeout=10_000)
    assert "Pauses at the round's end" in page.view.header.badge.text
    assert page._pause not in page.top_actions
    page._resume.click()
    qtbot.waitUntil(lambda: page._pause in page.top_actions, timeout=10_000)
    assert agent.called("runs.resume") == [{"run_id": 1284}]


def test_models_out_of_sight_are_counted_and_read_when_they_are_seen(
    open_run, agent, qtbot
) -> None:
    """A model a round need not be read, sorted and shown where nobody looks."""
    view = open_run(tab="models").view
    models = view.tab("models")
    qtbot.waitUntil(lambda: len(models._models) == 18 and not models._busy, timeout=5000)
    view.tabs.select("overview")
    asked = len(agent.called("runs.models"))
    agent.push("changed", what="models", id=1284, change=1)
    qtbot.waitUntil(lambda: len(agent.called("runs.models")) == asked + 1, timeout=5000)
    assert agent.called("runs.models")[-1]["limit"] == 1
    view.tabs.select("models")
    qtbot.waitUntil(lambda: len(agent.called("runs.models")) == asked + 2, timeout=5000)


def test_tabs_out_of_sight_rest_and_catch_up_when_they_are_seen(open_run, qtbot) -> None:
    """What nobody sees is not laid out anew with each round and sample."""
    view = open_run(tab="system").view
    system = view.tab("system")
    qtbot.waitUntil(lambda: system.book.samples > 0 and system.filling.is_over, timeout=5000)
    overview = view.tab("overview")
    overview.timeline.set_rows([])
    system._late.setText("old")
    view.live.rounds_changed.emit()
    assert not overview.timeline.rows
    view.tabs.select("overview")
    assert overview.timeline.rows
    samples = {edge: series.x[-1:] for edge, series in system.book.series["cpu"].items()}
    assert samples
    view.live.changed.emit()
    assert system._late.text() == "old"
    view.tabs.select("system")
    assert system._late.text() != "old"


def test_the_chosen_model_stays_while_newer_ones_push_it_out(open_run, qtbot) -> None:
    """Also where the best of all, which is always shown, is an earlier one."""
    models = open_run(tab="models").view.tab("models")
    qtbot.waitUntil(lambda: len(models._models) == 18 and not models._busy, timeout=5000)
    every = sorted(models._models, key=lambda one: -one.round)
    newest, best, chosen = every[:5], every[-1], every[8]
    models._table.selectRow(models._rows.find(chosen.round))
    for _ in range(2):
        models._on_models((Newest(newest, "14", 18), [*newest, best]))
        shown = [one.model.round for one in models._rows.rows]
        assert shown == [*(one.round for one in newest), chosen.round, best.round]
        assert models._current().model.round == chosen.round


def test_the_newest_model_is_followed_until_somebody_works_with_it(open_run, qtbot) -> None:
    """A prediction is not lost to the round that ends meanwhile."""
    models = open_run(tab="models").view.tab("models")
    qtbot.waitUntil(lambda: len(models._models) == 18 and not models._busy, timeout=5000)
    every = sorted(models._models, key=lambda one: -one.round)

    def shows_newest_of(count: int) -> int:
        newest = every[-count:]
        models._on_models((Newest(newest, "", count), newest))
        return models._current().model.round

    assert [shows_newest_of(count) for count in (14, 15)] == [14, 15]
    prediction = models.panel.prediction
    qtbot.waitUntil(prediction.predict.isVisible, timeout=5000)
    prediction.predict.setFocus()
    assert shows_newest_of(15) == 15
    prediction.predict.click()
    models._table.setFocus()  # the button rests meanwhile, and the keyboard goes elsewhere
    assert [shows_newest_of(count) for count in (16, 17)] == [15, 15]
    qtbot.waitUntil(prediction.result.isVisible, timeout=10_000)
    assert shows_newest_of(18) == 15
    assert prediction.result.isVisible()

    models._table.setFocus()
    models._table.selectRow(models._rows.find(18))
    assert shows_newest_of(17) == 17
