"""Settings: kept at once, undone, refused with a sentence under the field, and found by words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from agent_core.errors import UserInputError

BOUND_MS = 10_000


@pytest.fixture
def shown(make_agent, make_window, qtbot):
    agent = make_agent("working")
    window = make_window(agent.home).window
    window.navigate("settings")
    qtbot.waitUntil(lambda: bool(window.page().settings), timeout=BOUND_MS)
    return agent, window, window.page()


def undo(window) -> None:
    """Press the button of the newest toast."""
    buttons = window.toasts.toasts[-1].findChildren(QPushButton)
    next(button for button in buttons if button.text().strip() == "Undo").click()


def type_into(edit, text: str) -> None:
    edit.selectAll()
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def test_a_change_is_kept_at_once_and_can_be_undone(shown, qtbot) -> None:
    agent, window, page = shown
    page.lines["reduce_motion"].control.click()
    qtbot.waitUntil(lambda: agent.answers.settings.reduce_motion, timeout=BOUND_MS)
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    undo(window)
    qtbot.waitUntil(lambda: not agent.answers.settings.reduce_motion, timeout=BOUND_MS)
    qtbot.waitUntil(lambda: not page.lines["reduce_motion"].value(), timeout=BOUND_MS)


def test_a_typed_value_is_kept_by_return_and_not_before(shown, qtbot) -> None:
    agent, _, page = shown
    edit = page.lines["silo"].control
    edit.selectAll()
    QTest.keyClicks(edit, "Klinikum Lindenau")
    assert not agent.called("settings.set")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: agent.answers.settings.silo == "Klinikum Lindenau", timeout=BOUND_MS)


def test_a_refused_value_stays_with_its_sentence_until_it_is_right(shown, qtbot) -> None:
    agent, _, page = shown
    line = page.lines["proxy"]
    agent.errors["settings.set"] = UserInputError("'x y' is no proxy.", next_step="Write it so.")
    type_into(line.control, "x y")
    qtbot.waitUntil(lambda: "no proxy" in line.problem.plain(), timeout=BOUND_MS)
    assert line.control.text() == "x y"
    agent.errors.clear()
    type_into(line.control, "none")
    qtbot.waitUntil(lambda: line.problem.isHidden(), timeout=BOUND_MS)
    assert agent.answers.settings.proxy == "none"


def test_words_find_settings_and_nothing_is_said_when_none_has_them(shown) -> None:
    _, _, page = shown
    page.search.setText("proxy")
    assert not page.cards["network"].isHidden()
    assert page.cards["look"].isHidden()
    page.search.setText("no such words at all")
    assert not page.nothing.isHidden()
    page.search.clear()
    assert all(not card.isHidden() for card in page.cards.values())


def test_a_change_from_elsewhere_is_shown(shown, qtbot) -> None:
    agent, _, page = shown
    agent.push("settings", **{**agent.answers.settings_get(), "job_memory": 4000})
    qtbot.waitUntil(lambda: page.lines["job_memory"].value() == 4000, timeout=BOUND_MS)
    assert not agent.called("settings.set")


def test_it_opens_at_a_section(shown) -> None:
    _, window, page = shown
    window.navigate("settings", section="network")
    assert window.focusWidget() is page.lines["proxy"].control


def test_links_and_the_start_at_log_in_are_lines_of_their_own(shown, qtbot) -> None:
    agent, _, page = shown
    line = page.lines["links"]
    qtbot.waitUntil(line.isVisible, timeout=BOUND_MS)
    line.control.click()
    qtbot.waitUntil(lambda: agent.answers.autostart["links"], timeout=BOUND_MS)
    agent.errors["autostart.set"] = UserInputError("The folder resists.", next_step="Look there.")
    line.control.click()
    qtbot.waitUntil(lambda: "resists" in line.problem.plain(), timeout=BOUND_MS)
    assert line.value() is True
    assert agent.answers.autostart["enabled"] is False


def test_nothing_is_shown_as_kept_before_it_was_read(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    agent.errors["settings.get"] = UserInputError(
        "The file of the settings is damaged.", next_step="Restore it."
    )
    window = make_window(agent.home).window
    window.navigate("settings", section="network")
    page = window.page()
    qtbot.waitUntil(lambda: page.states.currentWidget() is page.error, timeout=BOUND_MS)
    assert "is damaged. Restore it." in page.error.text.plain()
    assert not page.lines["silo"].control.isEnabled()
    agent.errors.clear()
    page.error.button.click()
    qtbot.waitUntil(lambda: page.states.currentWidget() is page.area, timeout=BOUND_MS)
    assert page.lines["silo"].control.isEnabled()
    qtbot.waitUntil(lambda: window.focusWidget() is page.lines["proxy"].control, timeout=BOUND_MS)


def test_while_the_agent_is_away_nothing_can_be_set(shown, qtbot) -> None:
    agent, window, page = shown
    agent.stop()
    qtbot.waitUntil(lambda: not page.lines["silo"].control.isEnabled(), timeout=BOUND_MS)
    window.navigate("settings")
    qtbot.waitUntil(page.stale.isVisible, timeout=BOUND_MS)
    assert page.states.currentWidget() is page.area
