"""The hub's page where it is hard to bring about for real: silence, faults, cleaning up."""

from __future__ import annotations

import time

import pytest
from PySide6.QtWidgets import QPushButton

from agent_core.errors import ConflictError, ForbiddenError, UnreachableError
from app import i18n
from app.pages.hub.model import Seen, rate, state_of
from app.pages.hub.storage_card import CleanUpDialog
from app.wire_words import said

BOUND_MS = 10_000
FAULT = "The message broker ended by itself (exit code 1)."


@pytest.fixture
def shown(make_agent, make_window, qtbot):
    agent = make_agent("working")
    window = make_window(agent.home).window
    window.navigate("hub")
    page = window.page()
    qtbot.waitUntil(lambda: page.seen is not None, timeout=BOUND_MS)
    return agent, window, page


def test_a_part_that_is_down_says_why(shown, qtbot) -> None:
    agent, _, page = shown
    overview = agent.answers.hub_overview()
    overview["parts"][1]["fault"] = "The message broker ended by itself (exit code 1)."
    agent.answer("hub.overview", lambda _: overview)
    page.look()
    row = page.health.rows["broker"]
    qtbot.waitUntil(lambda: row.badge.state == "FAIL", timeout=BOUND_MS)
    assert "ended by itself" in row.text.plain()


def test_what_the_hub_says_of_a_part_is_said_in_the_language(shown, themed, qtbot) -> None:
    agent, _, page = shown
    i18n.install(themed, "zh_CN")
    try:
        overview = agent.answers.hub_overview()
        overview["parts"][0]["fault"] = FAULT
        agent.answer("hub.overview", lambda _: overview)
        page.look()
        row = page.health.rows["database"]
        qtbot.waitUntil(lambda: row.badge.state == "FAIL", timeout=BOUND_MS)
        assert row.text.plain() != FAULT
        assert row.text.plain() == said(FAULT)
    finally:
        i18n.install(themed, "en")


def test_a_hub_elsewhere_runs_also_for_who_may_not_look_into_it(shown, qtbot) -> None:
    agent, _, page = shown
    agent.errors["hub.overview"] = ForbiddenError("Only an administrator may.")
    page.look()
    qtbot.waitUntil(lambda: "administrator" in page.why.plain(), timeout=BOUND_MS)
    assert page.head.badge.state == "RUNNING"
    assert "hosted elsewhere" in page.head.note.plain()


@pytest.mark.parametrize(
    ("answers", "heard", "shown_as"),
    [(True, "offline", "RUNNING"), (False, "online", "OFFLINE"), (None, "online", "RUNNING"),
     (None, "silent", "SILENT"), (None, "connecting", "CONNECTING"), (None, "", "OFFLINE")],
)  # fmt: skip
def test_the_agent_tells_of_a_hub_that_was_not_asked(answers, heard: str, shown_as: str) -> None:
    assert state_of(Seen({}, answers=answers), heard) == shown_as


def test_nothing_old_is_shown_as_running_after_the_agent_ended(shown, qtbot) -> None:
    agent, _, page = shown
    qtbot.waitUntil(lambda: page.head.badge.state == "RUNNING", timeout=BOUND_MS)
    agent.stop()
    page.look()
    qtbot.waitUntil(lambda: page.head.badge.state != "RUNNING", timeout=BOUND_MS)
    assert page.head.badge.text == "Unknown"
    assert "up for" not in page.head.note.plain()
    assert "Last seen" in page.head.note.plain()


def test_a_silent_hub_is_told_and_old_numbers_go(shown, qtbot) -> None:
    agent, _, page = shown
    qtbot.waitUntil(lambda: not page.told.isHidden(), timeout=BOUND_MS)
    agent.errors["hub.overview"] = UnreachableError("The hub is away.", next_step="Wait.")
    page.look()
    qtbot.waitUntil(lambda: "The hub is away." in page.why.plain(), timeout=BOUND_MS)
    assert page.told.isHidden()


def test_what_would_go_is_shown_before_it_goes(shown, qtbot) -> None:
    agent, window, page = shown
    calls: list[bool] = []

    def clean(params: dict[str, object]) -> object:
        calls.append(bool(params["dry_run"]))
        return {"items": [{"key": "uploads", "count": 2, "size": 4_000_000}]}

    agent.answer("hub.clean_up", clean)
    page.storage.clean.click()
    qtbot.waitUntil(lambda: window.findChild(CleanUpDialog) is not None, timeout=BOUND_MS)
    assert calls == [True]
    dialog = window.findChild(CleanUpDialog)
    assert "4 MB" in dialog.cost.plain()
    dialog.go.click()
    qtbot.waitUntil(lambda: calls == [True, False], timeout=BOUND_MS)


def test_nobody_changes_their_own_account(shown, qtbot) -> None:
    _, _, page = shown
    qtbot.waitUntil(lambda: len(page.people.model.rows) == 2, timeout=BOUND_MS)
    page.people.own_id = page.people.model.rows[0]["id"]
    page.people.table.selectRow(0)
    assert page.people.choices() == []
    page.people.table.selectRow(1)
    assert [key for key, _ in page.people.choices()] == ["reset", "admin", "disable"]


def test_a_backup_that_fails_says_why_and_may_be_tried_again(shown, qtbot) -> None:
    agent, window, page = shown
    made = {**agent.answers.hub_state(), "is_made": True}
    agent.answer("hub.state", lambda _: made)
    agent.errors["hub.backup"] = ConflictError("A backup goes on already.", next_step="Wait.")
    page.back_up("/tmp/x.silohub")
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    assert "goes on already" in window.toasts.toasts[-1].title
    qtbot.waitUntil(page.backup.now.isEnabled, timeout=BOUND_MS)
    assert page.backup.bar.isHidden()
    assert not [b for b in page.backup.findChildren(QPushButton) if not b.accessibleName()]


def test_a_rate_needs_two_looks_at_the_same_life() -> None:
    now = time.time()
    first = {"at": now, "started_at": 1.0, "messages": 100.0}
    later = {"at": now + 5, "started_at": 1.0, "messages": 150.0}
    assert rate(None, later) is None
    assert rate(first, later) == 10.0
    assert rate(first, {**later, "started_at": 2.0}) is None
