"""The palette: opened, walked and used by keys alone; found things come from the agent."""

from __future__ import annotations

from helpers.fake_agent import FakeAgent
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from agent_core.errors import UnreachableError
from app.main import Desktop
from app.shell.commands import Command
from app.shell.shortcut_sheet import ShortcutSheet
from app.shell.shortcuts import KEYS, keys_of, page_keys, sheet
from app.widgets.dialogs import Dialog
from app.widgets.page import PageCommand

BOUND_MS = 10_000
CTRL = Qt.KeyboardModifier.ControlModifier


def active(desktop: Desktop, qtbot) -> None:
    desktop.window.activateWindow()
    qtbot.waitUntil(desktop.window.isActiveWindow, timeout=BOUND_MS)


def opened(desktop: Desktop, qtbot, text: str = ""):
    active(desktop, qtbot)
    QTest.keyClick(desktop.window, Qt.Key.Key_K, CTRL)
    palette = desktop.window.tools.palette
    assert palette.isVisible()
    qtbot.waitUntil(palette.line.hasFocus, timeout=BOUND_MS)
    if text:
        QTest.keyClicks(palette.line, text)
    else:
        qtbot.waitUntil(lambda: not palette.is_filling, timeout=BOUND_MS)
    return palette


def shown(palette) -> list[str]:
    return [one.text for one in palette.list.lines.lines if isinstance(one, Command)]


def test_a_page_is_reached_by_typing_and_return(desktop: Desktop, qtbot) -> None:
    palette = opened(desktop, qtbot, "sett")
    assert palette.list.chosen().key == "page.settings"
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert desktop.window.key == "settings"
    assert not palette.isVisible()


def test_keys_that_come_before_the_list_find_it_filled(desktop: Desktop, qtbot) -> None:
    active(desktop, qtbot)
    palette = desktop.window.tools.palette
    palette.open()
    assert palette.is_filling
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    assert not palette.is_filling
    assert palette.list.chosen() == [one for one in palette.list.lines.lines
                                     if isinstance(one, Command)][1]  # fmt: skip
    palette.leave()
    palette.open()
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert desktop.window.key == "home"
    assert not palette.isVisible()


def test_runs_projects_and_applications_are_found_by_their_names(desktop, qtbot) -> None:
    palette = opened(desktop, qtbot, "1284")
    qtbot.waitUntil(lambda: any("1284" in one for one in shown(palette)), timeout=BOUND_MS)
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.window.key == "run", timeout=BOUND_MS)


def test_what_was_chosen_last_comes_first_next_time(desktop: Desktop, qtbot) -> None:
    palette = opened(desktop, qtbot, "build pack")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert desktop.window.key == "build"
    palette = opened(desktop, qtbot)
    assert palette.list.lines.lines[0] == "Recent"
    assert palette.list.chosen().key == "page.build"
    assert desktop.window.memory.recent() == ["page.build"]


def test_arrow_keys_walk_around_the_ends_and_skip_captions(desktop, qtbot) -> None:
    palette = opened(desktop, qtbot)
    first = palette.list.chosen()
    QTest.keyClick(palette.line, Qt.Key.Key_Up)
    assert palette.list.chosen() != first
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.list.chosen() == first
    QTest.keyClick(palette.line, Qt.Key.Key_Tab)
    assert palette.line.hasFocus()
    assert palette.list.chosen() != first


def test_escape_gives_the_keyboard_back(desktop: Desktop, qtbot) -> None:
    active(desktop, qtbot)
    desktop.window.rail.items["home"].setFocus()
    palette = opened(desktop, qtbot, "x")
    QTest.keyClick(palette.line, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert desktop.window.rail.items["home"].hasFocus()


def test_a_click_beside_it_closes_it(desktop: Desktop, qtbot) -> None:
    palette = opened(desktop, qtbot)
    QTest.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not palette.isVisible()


def test_nothing_found_is_said(desktop: Desktop, qtbot) -> None:
    palette = opened(desktop, qtbot, "qqqqqq")
    qtbot.waitUntil(lambda: not palette.search.is_asking, timeout=BOUND_MS)
    assert palette.list.isHidden()
    assert "qqqqqq" in palette.empty.plain()


def test_a_hub_that_does_not_answer_leaves_pages_and_actions(
    make_agent, make_window, qtbot
) -> None:
    agent: FakeAgent = make_agent("working")
    for method in ("runs.list", "projects.list", "applications.list"):
        agent.errors[method] = UnreachableError("The hub does not answer.")
    desktop = make_window(agent.home)
    desktop.window.navigate("settings")
    palette = opened(desktop, qtbot, "home")
    qtbot.waitUntil(lambda: not palette.search.is_asking, timeout=BOUND_MS)
    assert palette.list.chosen().key == "page.home"
    assert palette.told.plain() == ""


def test_a_run_beyond_the_list_is_found_by_its_number(make_agent, make_window, qtbot) -> None:
    agent: FakeAgent = make_agent("working")
    run = agent.answers.give("runs.get", {"run_id": 1284})
    agent.answer("runs.get", lambda params: {**run, "id": params["run_id"], "name": "old"})
    desktop = make_window(agent.home)
    palette = opened(desktop, qtbot, "77")
    qtbot.waitUntil(lambda: "Run 77 · old" in shown(palette), timeout=BOUND_MS)


def test_a_page_brings_its_own_commands(desktop: Desktop, qtbot) -> None:
    done: list[int] = []
    page = desktop.window.page()
    page.commands = lambda: [PageCommand("x.y", "Polish the bell", "bell", lambda: done.append(1))]
    palette = opened(desktop, qtbot, "polish")
    assert palette.list.chosen().section == "On this page"
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert done == [1]


def test_a_new_run_asks_for_its_project_first(desktop: Desktop, qtbot) -> None:
    active(desktop, qtbot)
    desktop.window.setFocus()
    QTest.keyClick(desktop.window, Qt.Key.Key_N, CTRL)
    palette = desktop.window.tools.palette
    assert "which project" in palette.line.placeholderText()
    qtbot.waitUntil(lambda: palette.list.chosen() is not None, timeout=BOUND_MS)
    assert palette.list.chosen().key.startswith("project.")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert desktop.window.key == "project"
    qtbot.waitUntil(
        lambda: any(one.isVisible() for one in desktop.window.findChildren(Dialog)),
        timeout=BOUND_MS,
    )


def test_stop_everything_asks_and_then_stops(make_agent, make_window, qtbot) -> None:
    agent: FakeAgent = make_agent("working")
    desktop = make_window(agent.home)
    palette = opened(desktop, qtbot, "stop everything")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    dialog = next(d for d in desktop.window.findChildren(Dialog) if d.isVisible())
    assert agent.called("jobs.stop_all") == []
    dialog.footer.itemAt(dialog.footer.count() - 1).widget().click()
    qtbot.waitUntil(lambda: bool(agent.called("jobs.stop_all")), timeout=BOUND_MS)


def test_pause_all_calls_the_agent_and_an_error_is_shown(make_agent, make_window, qtbot) -> None:
    agent: FakeAgent = make_agent("working")
    agent.errors["jobs.pause_all"] = UnreachableError("The agent is busy.")
    desktop = make_window(agent.home)
    desktop.window.tools.actions.do["pause_all"]()
    toasts = desktop.window.toasts
    qtbot.waitUntil(lambda: bool(toasts.toasts), timeout=BOUND_MS)
    assert toasts.toasts[0].title == "The agent is busy."


def test_every_key_of_the_sheet_is_written_and_the_question_mark_opens_it(desktop, qtbot) -> None:
    keys = [key for _, rows in sheet() for key, _ in rows]
    assert len(keys) == len(set(keys))
    assert len(keys) >= len(page_keys()) + 10
    assert keys_of("palette") == "Ctrl+K"
    assert all(one.text for one in KEYS)
    active(desktop, qtbot)
    desktop.window.setFocus()
    QTest.keyClick(desktop.window, Qt.Key.Key_Question)
    opened_sheet = desktop.window.findChild(ShortcutSheet)
    assert opened_sheet.isVisible()
    QTest.keyClick(opened_sheet, Qt.Key.Key_Escape)
    assert not opened_sheet.isVisible()


def test_ctrl_f_finds_the_pages_search(desktop: Desktop, qtbot) -> None:
    active(desktop, qtbot)
    desktop.window.navigate("applications")
    page = desktop.window.page()
    fields: list[QWidget] = []

    def focused() -> bool:
        desktop.window.page().setFocus()
        QTest.keyClick(desktop.window.page(), Qt.Key.Key_F, CTRL)
        fields[:] = [w for w in [desktop.window.focusWidget()] if w is not None]
        return bool(fields) and fields[0].metaObject().className() == "SearchField"

    if page.find_here():
        qtbot.waitUntil(focused, timeout=BOUND_MS)
