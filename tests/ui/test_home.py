"""Home: decisions first, then what runs, what ended and what left."""

from __future__ import annotations

import time

import pytest
from helpers import fake_records
from helpers.dialogs import dialog_of
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from agent_core.errors import ConflictError, UnreachableError
from app.pages.home.page import HomePage
from app.pages.home.rules_dialog import RulesDialog
from app.widgets.buttons import Button
from app.widgets.decision_dialog import DecisionDialog
from app.widgets.dialogs import Dialog
from app.widgets.reason_dialog import ReasonDialog


@pytest.fixture
def agent(make_agent):
    return make_agent("working")


@pytest.fixture
def home(agent, make_window, qtbot) -> HomePage:
    window = make_window(agent.home).window
    page = window.pages["home"]
    qtbot.waitUntil(lambda: len(page.decisions.rows) == 2, timeout=10_000)
    qtbot.waitUntil(lambda: bool(page.ended.rows.rows), timeout=10_000)
    return page


def press_last(dialog: Dialog) -> None:
    dialog.footer.itemAt(dialog.footer.count() - 1).widget().click()


def texts(widget) -> str:
    return " | ".join(label.text() for label in widget.findChildren(QLabel))


def test_the_silo_its_machine_and_its_figures(home: HomePage) -> None:
    header = home.header
    assert header.name.plain() == "Klinikum Lindenau"
    assert header.badge.text == "Online · training"
    assert header.cpu.accessibleDescription().startswith(("2", "3", "4"))
    assert "18.4 / 64 GB" in texts(header.memory)
    assert not header.gpu.isHidden()


def test_no_network_is_promised_only_where_a_sandbox_holds(home: HomePage) -> None:
    status = dict(home.context.status())
    home.egress.show_status(status, 0)
    assert "Jobs have no network" in texts(home.egress)
    status["hardware"] = {**status["hardware"], "sandbox": "none"}
    home.egress.show_status(status, 0)
    assert "Jobs have no network" not in texts(home.egress)
    assert "There is no sandbox here" in texts(home.egress)


def test_a_machine_without_gpu_shows_none(home: HomePage) -> None:
    status = dict(home.context.status())
    status["hardware"] = {**status["hardware"], "gpus": []}
    status["system"] = {**status["system"], "gpu_percent": None}
    home.header.show_status(status)
    assert home.header.gpu.isHidden()


def test_what_left_is_the_largest_figure_and_is_told_by_kind(home: HomePage) -> None:
    assert home.egress.figure.plain() == "1.62 MB"
    said = texts(home.egress)
    assert "Model updates" in said
    assert "1.31 MB" in said


def test_what_a_status_repeats_is_not_made_or_painted_anew(home: HomePage) -> None:
    status = home.context.status()
    made = home.egress.findChildren(QLabel)
    by_kind = {kind: 2 * count for kind, count in status["bytes_by_kind"].items()}
    home.egress.show_status({**status, "bytes_by_kind": by_kind}, 0)
    assert home.egress.findChildren(QLabel) == made
    assert "2.62 MB" in texts(home.egress)
    home.egress.show_status({**status, "bytes_by_kind": {}}, 0)
    shown = [label.text() for label in made if not label.isHidden()]
    assert "Nothing was sent yet." in shown
    assert "Model updates" not in shown


def test_a_budget_is_compared_with_what_left(home: HomePage, agent, qtbot) -> None:
    agent.answers.settings_set(daily_egress_budget=5_000_000)
    home.open()
    qtbot.waitUntil(lambda: "of 5 MB daily budget" in texts(home.egress), timeout=10_000)
    assert home.egress.share.text == "32 %"
    agent.answers.settings_set(daily_egress_budget=1_000_000)
    home.open()
    qtbot.waitUntil(lambda: "is used up" in texts(home.egress), timeout=10_000)


def test_the_last_hours_are_a_curve(home: HomePage, qtbot) -> None:
    curve = home.egress.history
    qtbot.waitUntil(lambda: "an hour" in curve.accessibleDescription(), timeout=10_000)
    assert len(curve._values) == 24


def test_live_jobs_show_progress_and_ended_ones_how(home: HomePage) -> None:
    first, second = home.jobs.rows()
    assert first._round.plain() == "Round 18 of 50"
    assert first._left.plain().startswith("about ")
    assert second._badge.text == "Queued"
    spoken = home.ended.rows.index(1, 2).data(Qt.ItemDataRole.DisplayRole)
    assert spoken == "Killed: Stopped by you"


def test_a_job_event_moves_the_bar_without_making_the_row_anew(
    home: HomePage, agent, qtbot
) -> None:
    row = home.jobs.rows()[0]
    agent.answers.local_jobs[0]["round"] = 19  # what the next status says too
    agent.push("job", **{**row.job, "round": 19})
    qtbot.waitUntil(lambda: row._round.plain() == "Round 19 of 50", timeout=5000)
    assert home.jobs.rows()[0] is row


def test_a_job_that_ends_moves_to_earlier_today(home: HomePage, agent, qtbot) -> None:
    import time

    job = agent.answers.local_jobs[0]
    job.update(state="FINISHED", ended_at=time.time())
    agent.push("job", **job)
    qtbot.waitUntil(lambda: home.ended.rows.find(job["job_id"]) == 0, timeout=5000)
    assert job["job_id"] not in [row.job["job_id"] for row in home.jobs.rows()]


def test_stopping_a_job_asks_first(home: HomePage, agent, qtbot) -> None:
    home.jobs.rows()[0].stop.click()
    dialog = dialog_of(home, Dialog)
    assert "Stop run 1284" in dialog.windowTitle()
    dialog.reject()
    assert agent.called("jobs.stop") == []
    home.jobs.rows()[0].stop.click()
    press_last(dialog_of(home, Dialog))
    qtbot.waitUntil(lambda: bool(agent.called("jobs.stop")), timeout=5000)
    assert agent.called("jobs.stop")[0]["job_id"] == "run-1284-1-edge-266"
    qtbot.waitUntil(lambda: not home.jobs.rows()[0].stop.isEnabled(), timeout=5000)


def test_stop_everything_says_how_many_and_stops_them(home: HomePage, agent, qtbot) -> None:
    home.stop_all.click()
    dialog = dialog_of(home, Dialog)
    assert "all 2 jobs" in dialog.windowTitle()
    press_last(dialog)
    qtbot.waitUntil(lambda: bool(agent.called("jobs.stop_all")), timeout=5000)


def open_decision(home: HomePage, number: int, qtbot) -> DecisionDialog:
    row = next(row for row in home.decisions.rows if row.approval["id"] == number)
    row.review.click()
    dialog = dialog_of(home, DecisionDialog)
    qtbot.waitUntil(lambda: bool(dialog.code.text()) and dialog.approve.isEnabled(), timeout=10_000)
    return dialog


def test_a_decision_shows_who_what_and_how_it_is_contained(home: HomePage, qtbot) -> None:
    dialog = open_decision(home, 8, qtbot)
    said = texts(dialog)
    assert "Elif Kaya" in said
    assert "silver canyon thistle harbor" in said
    assert "no network" in said
    assert dialog.code.model.lines[0].path == "wdbc/data/loader.py"  # the first changed file
    assert "2 changed blocks" in dialog.code.model.lines[0].note
    assert "+import requests" in dialog.code.text()
    assert dialog.calls.rows["network"].accessibleName().startswith("Network, 1 new")
    dialog.reject()


def test_nothing_is_approved_by_return_or_escape(home: HomePage, agent, qtbot) -> None:
    dialog = open_decision(home, 8, qtbot)
    assert not dialog.approve.isDefault()
    assert not dialog.approve.autoDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert agent.called("approvals.approve") == agent.called("approvals.refuse") == []


def test_the_button_names_the_outcome_of_the_scope(home: HomePage, qtbot) -> None:
    dialog = open_decision(home, 8, qtbot)
    said = "Approve with WDBC tumour features, network stays blocked"
    assert dialog.approve.text().strip() == said
    dialog.data.switch.setChecked(False)
    assert dialog.approve.text().strip() == "Approve without data, network stays blocked"
    assert "run 1288 and its restarts" in dialog.cost.plain()
    assert dialog.scope.ends.isHidden()
    dialog.scope.radios["once"].setChecked(True)
    assert "this start of run 1288 only" in dialog.cost.plain()
    dialog.scope.radios["standing"].setChecked(True)
    assert "exactly this code on this data until" in dialog.cost.plain()
    assert not dialog.scope.ends.isHidden()
    dialog.scope.ends.setCurrentIndex(dialog.scope.ends.count() - 1)
    assert "for good" in dialog.cost.plain()
    dialog.reject()


def test_approving_sends_scope_and_end_and_empties_the_list(home: HomePage, agent, qtbot) -> None:
    dialog = open_decision(home, 8, qtbot)
    dialog.scope.radios["standing"].setChecked(True)
    dialog.approve.click()
    qtbot.waitUntil(lambda: bool(agent.called("approvals.approve")), timeout=5000)
    sent = agent.called("approvals.approve")[0]
    assert (sent["id"], sent["scope"], sent["dataset"]) == (8, "standing", 1)
    assert sent["version"] == fake_records.digest("wdbc-data")  # that of the shown offer
    assert sent["expires_at"] > 0
    qtbot.waitUntil(lambda: [r.approval["id"] for r in home.decisions.rows] == [9], timeout=5000)


def test_what_was_not_shown_holds_the_approval(home: HomePage, agent, qtbot, monkeypatch) -> None:
    whole = agent.answers.approvals_diff

    def cut(id: int, path: str = "", **how):  # noqa: A002 - the protocol's name
        found = whole(id=id, path=path, **how)
        return found if path else [{**one, "is_cut": True} for one in found]

    monkeypatch.setattr(agent.answers, "approvals_diff", cut)
    next(row for row in home.decisions.rows if row.approval["id"] == 8).review.click()
    dialog = dialog_of(home, DecisionDialog)
    qtbot.waitUntil(lambda: dialog.unshown.isVisible(), timeout=10_000)
    assert "3 files were not shown whole: wdbc/data/loader.py" in dialog.unshown.words.plain()
    assert not dialog.approve.isEnabled()
    dialog.unshown.tick.click()
    qtbot.waitUntil(dialog.approve.isEnabled, timeout=10_000)  # what it wants is shown, too
    dialog.unshown.tick.click()
    assert not dialog.approve.isEnabled()
    for left, path in ((2, "wdbc/data/loader.py"), (1, "wdbc/task.py"), (0, "pyproject.toml")):
        dialog._read_file(path)
        qtbot.waitUntil(lambda left=left: len(dialog.unshown._unshown) == left, timeout=10_000)
    assert dialog.unshown.isHidden()
    assert dialog.approve.isEnabled()
    dialog.reject()


def test_data_that_was_read_again_is_offered_as_it_is_now(home: HomePage, agent, qtbot) -> None:
    dialog = open_decision(home, 8, qtbot)
    found = agent.answers.approvals_review(id=8)
    first = found["datasets"][0]
    other = {**first, "id": 2, "name": "Other", "is_default": False, "hash": "b" * 64}
    agent.answer(
        "approvals.review", lambda _: {**found, "datasets": [{**first, "number": 3}, other]}
    )
    agent.push("changed", what="dataset", id=1, change=1)
    qtbot.waitUntil(lambda: dialog.data.combo.count() == 2, timeout=5000)
    assert dialog.data.chosen()["number"] == 3
    dialog.data.select("Other")
    agent.answer("approvals.review", lambda _: {**found, "datasets": [other, first]})
    agent.push("changed", what="dataset", id=1, change=2)
    qtbot.waitUntil(lambda: dialog.data.combo.itemText(0) == "Other", timeout=5000)
    assert dialog.data.params() == {"dataset": 2, "version": "b" * 64}
    dialog.data.switch.setChecked(False)
    agent.push("changed", what="dataset", id=1, change=3)
    qtbot.waitUntil(lambda: len(agent.called("approvals.review")) >= 4, timeout=5000)
    qtbot.wait(100)
    assert dialog.data.params() == {"no_data": True}
    dialog.reject()


def test_refusing_needs_a_reason(home: HomePage, agent, qtbot) -> None:
    dialog = open_decision(home, 9, qtbot)
    dialog.refuse.click()
    reason = dialog_of(home, ReasonDialog)
    assert isinstance(reason, ReasonDialog)
    reason.refuse.click()
    assert reason.field.message
    reason.field.set("Reads outside the data folder")
    reason.refuse.click()
    qtbot.waitUntil(lambda: bool(agent.called("approvals.refuse")), timeout=5000)
    assert agent.called("approvals.refuse")[0] == {
        "id": 9, "reason": "Reads outside the data folder",
    }  # fmt: skip


def test_a_decision_that_was_made_elsewhere_is_told(home: HomePage, agent, qtbot) -> None:
    agent.errors["approvals.approve"] = ConflictError("It was decided.", next_step="Look again.")
    dialog = open_decision(home, 8, qtbot)
    dialog.approve.click()
    toasts = home.window().toasts
    qtbot.waitUntil(lambda: bool(toasts.toasts), timeout=5000)
    assert toasts.toasts[0].title == "It was decided."
    assert dialog.approve.isEnabled()
    dialog.reject()


def test_cards_keep_what_they_show_while_the_hub_is_away(home: HomePage, agent, qtbot) -> None:
    agent.errors["approvals.list"] = UnreachableError("The agent is busy.")
    agent.errors["jobs.list"] = UnreachableError("The agent is busy.")
    before = len(agent.called("jobs.list"))
    home.open()
    qtbot.waitUntil(lambda: len(agent.called("jobs.list")) > before, timeout=5000)
    qtbot.wait(100)
    assert len(home.decisions.rows) == 2
    assert home.ended.rows.rows


def test_the_approvals_page_lists_by_state_and_opens_the_same_dialog(
    home: HomePage, agent, qtbot
) -> None:
    window = home.window()
    window.navigate("approvals")
    page = window.pages["approvals"]
    qtbot.waitUntil(lambda: len(page.rows.rows) == 2, timeout=5000)
    assert [row["id"] for row in page.rows.rows] == [9, 8]
    page.choice.select("decided")
    page._show()
    assert {row["state"] for row in page.rows.rows} == {"approved", "refused"}
    page.table.opened.emit(page.rows.rows[0])
    dialog = dialog_of(home, DecisionDialog)
    assert not hasattr(dialog, "approve")
    dialog.reject()
    page.choice.select("standing")
    page._show()
    qtbot.waitUntil(lambda: bool(page.standing.rows), timeout=10_000)
    page.standing_table.clicked_cell.emit(page.standing.rows[0], 4)
    qtbot.waitUntil(lambda: bool(agent.called("approvals.disallow")), timeout=5000)


def test_rules_show_their_reading_and_switch_with_undo(home: HomePage, agent, qtbot) -> None:
    row = home.rules.rows["mains"]
    qtbot.waitUntil(lambda: not row.isHidden(), timeout=10_000)
    assert row.reading.plain() == "On mains."
    assert home.rules.rows["hours"].title.plain() == "Only at night"
    assert home.rules.rows["hours"].reading.plain() == "21:05, allowed until 06:00."
    row.switch.click()
    qtbot.waitUntil(lambda: agent.answers.rules.file.rules.mains_on, timeout=10_000)
    toasts = home.window().toasts
    qtbot.waitUntil(lambda: any("is on" in t.title for t in toasts.toasts), timeout=10_000)
    toast = next(t for t in toasts.toasts if "is on" in t.title)
    next(b for b in toast.findChildren(Button) if b.text().strip() == "Undo").click()
    qtbot.waitUntil(lambda: not agent.answers.rules.file.rules.mains_on, timeout=10_000)
    qtbot.waitUntil(lambda: not row.switch.isChecked(), timeout=10_000)


def test_a_forbidding_rule_says_what_follows(home: HomePage, agent, qtbot) -> None:
    from dataclasses import replace

    rules = agent.answers.rules
    rules.readings = replace(rules.readings, on_battery=True, battery_percent=64.0)
    rules.file.change(mains_on=True)
    row = home.rules.rows["mains"]
    qtbot.waitUntil(lambda: "Jobs pause" in row.reading.plain(), timeout=10_000)
    assert row.reading.plain() == "On battery, 64 % left. Jobs pause at the end of their round."


def test_a_rule_that_cannot_be_set_springs_back(home: HomePage, agent, qtbot) -> None:
    row = home.rules.rows["mains"]
    qtbot.waitUntil(lambda: not row.isHidden(), timeout=10_000)
    agent.errors["rules.set"] = UnreachableError("The agent is busy.")
    row.switch.click()
    toasts = home.window().toasts
    qtbot.waitUntil(lambda: bool(toasts.toasts), timeout=10_000)
    qtbot.waitUntil(lambda: not row.switch.isChecked(), timeout=10_000)


def test_a_job_is_paused_and_resumed(home: HomePage, agent, qtbot) -> None:
    row = home.jobs.rows()[0]
    assert row.resume.isHidden()
    row.pause.click()
    qtbot.waitUntil(lambda: row._badge.text == "Paused", timeout=10_000)
    assert row._detail.plain() == "Paused by Dr. Marta Vogel."
    assert row.resume.text().strip() == "Resume"
    row.resume.click()
    qtbot.waitUntil(lambda: row.resume.isHidden(), timeout=10_000)
    assert [call["job_id"] for call in agent.called("jobs.resume")] == [row.job["job_id"]]


def test_a_job_held_by_a_rule_can_be_started_now(home: HomePage, agent, qtbot) -> None:
    job = agent.answers.local_jobs[1]
    agent.answers.rules.hold(job["job_id"], "rules", "Paused by its house rules: it is hot.")
    agent.push("job", **job)
    row = home.jobs.rows()[1]
    qtbot.waitUntil(lambda: not row.resume.isHidden(), timeout=10_000)
    assert row.resume.text().strip() in ("Start now", "Go on now")
    assert "it is hot" in row._detail.plain()


def test_pause_all_turns_into_resume_all(home: HomePage, agent, qtbot) -> None:
    home.pause_all.click()
    qtbot.waitUntil(lambda: not home.paused.isHidden(), timeout=10_000)
    assert home.pause_all.text().strip() == "Resume all"
    home.pause_all.click()
    qtbot.waitUntil(lambda: home.paused.isHidden(), timeout=10_000)
    assert agent.called("jobs.resume_all") == [{}]


def open_editor(home: HomePage, qtbot, part: str = "hours") -> RulesDialog:
    home._edit(part)
    qtbot.waitUntil(
        lambda: any(d.isVisible() for d in home.window().findChildren(RulesDialog)), timeout=10_000
    )
    dialog = dialog_of(home, RulesDialog)
    assert isinstance(dialog, RulesDialog)
    return dialog


def test_hours_are_painted_by_mouse_and_keyboard(home: HomePage, agent, qtbot) -> None:
    dialog = open_editor(home, qtbot)
    grid = dialog.grid
    grid.set_cells([[False] * 24 for _ in range(7)])
    first, last = grid._place(1, 8).center().toPoint(), grid._place(1, 10).center().toPoint()
    qtbot.mousePress(grid, Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseMove(grid, grid._place(1, 9).center().toPoint())
    qtbot.mouseMove(grid, last)
    qtbot.mouseRelease(grid, Qt.MouseButton.LeftButton, pos=last)
    assert grid.cells()[1][7:12] == [False, True, True, True, False]
    assert "allowed" in grid.accessibleDescription()
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    qtbot.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert grid.cells()[2][9:13] == [False, True, True, False]
    dialog.hours.switch.click()
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(agent.called("rules.set")), timeout=10_000)
    rules = agent.answers.rules.file.rules
    assert rules.hours_on
    assert rules.hours[1] == [(480, 660)]
    qtbot.waitUntil(
        lambda: home.rules.rows["hours"].title.plain() == "Only at allowed hours", timeout=10_000
    )


def test_limits_and_budget_are_saved_together(home: HomePage, agent, qtbot) -> None:
    dialog = open_editor(home, qtbot, "limits")
    dialog.budget.spin.setValue(250)
    dialog.cores.spin.setValue(4)
    dialog.capped.switch.click()
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(agent.called("rules.set")), timeout=10_000)
    assert agent.answers.settings.daily_egress_budget == 250_000_000
    assert (agent.answers.rules.file.rules.cores_on, agent.answers.rules.file.rules.cores) == (
        True, 4,
    )  # fmt: skip
    assert agent.answers.rules.file.rules.hours == [[(0, 360), (1200, 1440)]] * 7


def test_a_rule_over_programs_needs_one(home: HomePage, agent, qtbot) -> None:
    qtbot.waitUntil(lambda: not home.rules.rows["apps"].isHidden(), timeout=10_000)
    home.rules.rows["apps"].switch.click()
    qtbot.waitUntil(
        lambda: any(d.isVisible() for d in home.window().findChildren(RulesDialog)), timeout=10_000
    )
    dialog = dialog_of(home, RulesDialog)
    assert isinstance(dialog, RulesDialog)
    assert dialog.tabs.key() == "work"
    dialog.apps.switch.click()
    dialog.save.click()
    assert dialog.names.message
    dialog.names.set("pacs-viewer, slicer,")
    dialog.save.click()
    qtbot.waitUntil(lambda: agent.answers.rules.file.rules.apps_on, timeout=10_000)
    assert agent.answers.rules.file.rules.apps == ["pacs-viewer", "slicer"]


def test_a_narrow_window_puts_the_sides_under_each_other(home: HomePage, qtbot) -> None:
    home.window().resize(800, 500)
    qtbot.waitUntil(lambda: home.egress.y() > 0 and home.width() < 980, timeout=10_000)
    qtbot.waitUntil(
        lambda: (
            home.egress.mapTo(home, home.egress.rect().topLeft()).x()
            == home.jobs.mapTo(home, home.jobs.rect().topLeft()).x()
        ),
        timeout=10_000,
    )
    # The content's own layout follows once the sides have moved.
    qtbot.waitUntil(lambda: home.area.horizontalScrollBar().maximum() == 0, timeout=10_000)


def test_a_list_that_was_on_its_way_forgets_nothing_told_meanwhile(
    home: HomePage, agent, qtbot
) -> None:
    """A job that ended meanwhile would else run on Home until the next visit."""
    asked = agent.calls.count(("jobs.list", {}))
    job = next(one for one in agent.answers.local_jobs if not one["ended_at"])
    shown = len(home.jobs.rows())
    home.open()
    home.context.events.job.emit({**job, "state": "FINISHED", "ended_at": time.time()})
    qtbot.waitUntil(lambda: agent.calls.count(("jobs.list", {})) > asked, timeout=5000)
    qtbot.wait(200)
    assert len(home.jobs.rows()) == shown - 1
    assert job["job_id"] in {one["job_id"] for one in home.ended.rows.rows}

    home.open()  # what the agent says when it is asked again stands
    qtbot.waitUntil(lambda: len(home.jobs.rows()) == shown, timeout=5000)


def test_answers_that_overtake_each_other_leave_the_newest(
    home: HomePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    monkeypatch.setattr(
        home.context.tasks, "call", lambda _, success, *rest, **more: answers.append(success)
    )
    whole = [row.approval for row in home.decisions.rows]
    home._read_approvals()
    home._read_approvals()
    answers[1](whole[:1])
    answers[0](whole)
    assert len(home.decisions.rows) == 1
