"""Notices reach bell and toast once; a click goes where they lead; quiet hours hold native ones."""

from __future__ import annotations

import time
from datetime import datetime

from helpers.dialogs import dialog_of
from helpers.fake_agent import FakeAgent
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from app.main import Desktop
from app.shell.notices import Notice
from app.widgets.decision_dialog import DecisionDialog

BOUND_MS = 10_000


def ended(agent: FakeAgent, state: str = "FINISHED") -> dict:
    job = next(one for one in agent.answers.local_jobs if not one["ended_at"])
    job.update(
        state=state, ended_at=time.time(), detail="Out of memory." if state != "FINISHED" else ""
    )
    return job


def scene(make_agent, make_window, qtbot) -> tuple[FakeAgent, Desktop]:
    agent = make_agent("working")
    desktop = make_window(agent.home)
    qtbot.waitUntil(lambda: desktop.window.tools.book.unseen == 2, timeout=BOUND_MS)
    return agent, desktop


def test_what_waited_before_is_in_the_bell_and_pops_up_nowhere(
    make_agent, make_window, qtbot
) -> None:
    _, desktop = scene(make_agent, make_window, qtbot)
    assert desktop.window.topbar.bell.count == 2
    assert "2 not seen" in desktop.window.topbar.bell.accessibleName()
    assert desktop.window.toasts.toasts == []


def test_an_end_is_told_once_and_leads_to_its_run(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    window = desktop.window
    job = ended(agent)
    agent.push("job", **job)
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    agent.push("job", **job)
    agent.push("status", **agent.answers.status())
    assert [one.title for one in window.toasts.toasts] == [f"Run {job['run_id']} finished"]
    assert window.tools.book.unseen == 3

    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier
                   | Qt.KeyboardModifier.ShiftModifier)  # fmt: skip
    window.tools.open_bell()
    rows = window.tools.popover.rows
    assert rows[0].notice.title == f"Run {job['run_id']} finished"
    assert rows[0].accessibleName().startswith("New: ")
    QTest.keyClick(rows[0], Qt.Key.Key_Space)
    assert window.key == "run"
    assert window.tools.book.unseen == 2


def test_mark_all_as_seen_keeps_what_waits_for_a_decision(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    agent.push("job", **ended(agent, "FAILED"))
    book, tools = desktop.window.tools.book, desktop.window.tools
    qtbot.waitUntil(lambda: book.unseen == 3, timeout=BOUND_MS)
    assert book.has_failure
    tools.open_bell()
    tools.popover.seen.click()
    assert book.unseen == 2
    assert not book.has_failure
    tools.popover.hide()


def test_a_decision_made_leaves_bell_and_toast(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    window = desktop.window
    window.navigate("settings")
    agent.push("approval", id=99, state="pending")
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    agent.push("approval", id=99, state="refused")
    qtbot.waitUntil(lambda: not window.toasts.toasts, timeout=BOUND_MS)
    assert window.tools.book.unseen == 2


def test_a_hidden_window_tells_natively_unless_it_is_quiet(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    tools, told = desktop.window.tools, []

    def native(notice: Notice) -> bool:
        told.append(notice)
        return True

    tools.native = native
    desktop.window.hide()
    agent.push("job", **ended(agent))
    qtbot.waitUntil(lambda: len(told) == 1, timeout=BOUND_MS)
    tools.notifier._clock = lambda: datetime.fromisoformat("2026-11-25T23:00:00+00:00")
    agent.push("settings", quiet_from="20:00", quiet_to="06:00")
    qtbot.waitUntil(lambda: tools.notifier.is_quiet, timeout=BOUND_MS)
    agent.push("approval", id=98, state="pending")
    qtbot.waitUntil(lambda: tools.book.unseen == 4, timeout=BOUND_MS)
    assert len(told) == 1
    assert desktop.window.toasts.toasts == []


def test_a_run_that_waits_for_a_silent_site_is_told_once(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    run = agent.answers.give("runs.get", {"run_id": 1284})
    device = {**run["devices"][0], "presence": "silent", "state": "TRAINING", "edge_id": 5}
    agent.answer("runs.get", lambda _: {**run, "devices": [device]})
    notifier, book = desktop.window.tools.notifier, desktop.window.tools.book
    notifier._look.timeout.emit()
    qtbot.waitUntil(lambda: any(n.key[0] == "waits" for n in book.notices), timeout=BOUND_MS)
    asked = len(agent.called("runs.get"))
    notifier._look.timeout.emit()
    qtbot.waitUntil(lambda: len(agent.called("runs.get")) > asked, timeout=BOUND_MS)
    assert len([n for n in book.notices if n.key[0] == "waits"]) == 1


def test_an_outage_is_told_once_after_a_while(make_agent, make_window, qtbot) -> None:
    _, desktop = scene(make_agent, make_window, qtbot)
    desktop.events.close()
    tools = desktop.window.tools
    away = {**desktop.window.status, "state": "offline", "heartbeat_age_s": 10.0, "detail": "Gone."}
    tools.notifier._take_status(away)
    assert not any(n.key[0] == "offline" for n in tools.book.notices)
    tools.notifier._away_since -= 60
    tools.notifier._take_status(away)
    tools.notifier._take_status(away)
    assert len([n for n in tools.book.notices if n.key[0] == "offline"]) == 1


def test_review_opens_the_decision_itself(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    window = desktop.window
    number = next(iter(agent.answers.approvals))
    window.navigate("settings")
    window.tools.book.decided(("approval", number))
    window.tools.book._told.clear()
    agent.push("approval", id=number, state="pending")
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    buttons = window.toasts.toasts[-1].findChildren(QPushButton)
    next(one for one in buttons if one.text().strip() == "Review").click()
    dialog = dialog_of(window, DecisionDialog)
    assert agent.called("approvals.get")[-1] == {"id": number}
    assert window.key == "approvals"
    dialog.reject()
    window.navigate("settings")
    window.rebuild()  # a change of language asks nothing again
    assert "approval" not in window._arguments


def test_a_row_of_the_bell_opens_the_decision_itself(make_agent, make_window, qtbot) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    window = desktop.window
    window.tools.open_bell()
    row = next(one for one in window.tools.popover.rows if one.notice.is_decision)
    QTest.keyClick(row, Qt.Key.Key_Space)
    dialog_of(window, DecisionDialog).reject()
    assert agent.called("approvals.get")[-1] == {"id": row.notice.key[1]}


def test_without_native_messages_the_window_asks_for_a_look_and_tells_when_it_is_back(
    make_agent, make_window, qtbot, monkeypatch
) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    window, asked = desktop.window, []
    monkeypatch.setattr(QApplication, "alert", lambda *which: asked.append(which))
    window.navigate("settings")
    window.tools.native = lambda _: False
    window.showMinimized()
    job = ended(agent, "FAILED")
    agent.push("job", **job)
    agent.push("approval", id=97, state="pending")
    agent.push("approval", id=99, state="pending")
    qtbot.waitUntil(lambda: len(asked) == 3, timeout=BOUND_MS)
    assert asked[0] == (window,)
    assert window.toasts.toasts == []
    agent.push("approval", id=99, state="refused")
    qtbot.waitUntil(lambda: len(window.tools._missed) == 2, timeout=BOUND_MS)
    window.showNormal()
    qtbot.waitUntil(lambda: len(window.toasts.toasts) == 2, timeout=BOUND_MS)
    assert {one.key[0] for one in window.toasts.toasts} == {"job", "approval"}
    assert all(one.isVisible() for one in window.toasts.toasts)


def test_two_questions_of_the_same_name_stand_beside_each_other(
    make_agent, make_window, qtbot
) -> None:
    agent, desktop = scene(make_agent, make_window, qtbot)
    window = desktop.window
    window.navigate("settings")
    same = {**next(iter(agent.answers.approvals.values())), "state": "pending"}
    agent.answer("approvals.get", lambda params: {**same, "id": params["id"]})
    for number in (97, 98):
        agent.push("approval", id=number, state="pending")
    qtbot.waitUntil(lambda: len(window.toasts.toasts) == 2, timeout=BOUND_MS)
    assert len({one.title for one in window.toasts.toasts}) == 1
    agent.push("approval", id=97, state="approved")
    qtbot.waitUntil(lambda: len(window.toasts.toasts) == 1, timeout=BOUND_MS)
    assert window.toasts.toasts[0].key == ("approval", 98)
