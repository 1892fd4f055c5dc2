"""Closing never loses the window; the tray's menu acts; without a tray the window says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from helpers.fake_agent import FakeAgent
from PySide6.QtWidgets import QApplication

from app.main import Application, Desktop, arguments
from app.shell import presence as presence_module
from app.shell.notices import of_approval
from app.shell.presence import Presence
from app.shell.tray import Tray
from app.widgets.dialogs import Dialog

BOUND_MS = 10_000


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch, themed: QApplication) -> list[str]:
    """What the application was asked to end with, instead of ending it."""
    asked: list[str] = []
    monkeypatch.setattr(themed, "quit", lambda: asked.append("quit"), raising=False)
    return asked


@pytest.fixture
def has_tray(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the desktop has a tray; offscreen it never has."""
    there = [True]
    monkeypatch.setattr(Tray, "is_there", property(lambda _: there[0]))
    return there


@pytest.fixture
def present(
    make_agent, make_window, themed: QApplication, left: list[str], has_tray: list[bool]
) -> Iterator[Callable[..., tuple[FakeAgent, Desktop, Presence]]]:
    """A desktop with tray and closing."""
    ways: list[Presence] = []

    def make(**settings: object) -> tuple[FakeAgent, Desktop, Presence]:
        agent = make_agent("working")
        desktop = make_window(agent.home)
        ways.append(Presence(desktop.window, desktop.context, themed, settings))
        return agent, desktop, ways[-1]

    yield make
    for one in ways:
        one.closing.let_go()
    themed.setQuitOnLastWindowClosed(True)


def test_the_first_close_explains_and_then_hides(present, qtbot) -> None:
    agent, desktop, here = present()
    window = desktop.window
    window.close()
    dialog = here.closing.dialog
    assert dialog.isVisible()
    assert window.isVisible()
    assert "tray" in dialog.windowTitle()
    dialog.stay.click()
    assert not window.isVisible()
    qtbot.waitUntil(lambda: bool(agent.called("settings.set")), timeout=BOUND_MS)
    assert agent.called("settings.set")[-1] == {"closing": "tray"}
    assert agent.called("autostart.set") == []
    window.come_forward()
    window.close()
    assert here.closing.dialog is None
    assert not window.isVisible()


def test_the_events_go_on_while_the_window_is_hidden(present, qtbot) -> None:
    agent, desktop, _ = present(closing="tray")
    desktop.window.close()
    agent.push("approval", id=99, state="pending")
    qtbot.waitUntil(lambda: desktop.window.tools.book.unseen == 3, timeout=BOUND_MS)


def test_the_explanation_can_start_it_at_log_in(present, qtbot) -> None:
    agent, desktop, here = present()
    desktop.window.close()
    here.closing.dialog.login.setChecked(True)
    here.closing.dialog.stay.click()
    qtbot.waitUntil(lambda: bool(agent.called("autostart.set")), timeout=BOUND_MS)
    assert agent.called("autostart.set") == [{"enabled": True}]


def test_the_explanation_offers_links_where_they_open_nothing_here(present, qtbot) -> None:
    agent, desktop, here = present()
    agent.answers.autostart["enabled"] = True
    desktop.window.close()
    qtbot.waitUntil(here.closing.dialog.links.isVisible, timeout=BOUND_MS)
    assert not here.closing.dialog.login.isVisible()
    here.closing.dialog.links.setChecked(True)
    here.closing.dialog.stay.click()
    qtbot.waitUntil(lambda: bool(agent.called("autostart.set")), timeout=BOUND_MS)
    assert agent.called("autostart.set") == [{"links": True}]


def test_escape_decides_nothing(present) -> None:
    _, desktop, here = present()
    desktop.window.close()
    here.closing.dialog.reject()
    assert desktop.window.isVisible()
    assert here.closing.choice == ""


def test_quitting_is_a_choice_too(present, left, qtbot) -> None:
    agent, desktop, here = present()
    desktop.window.close()
    here.closing.dialog.leave.click()
    qtbot.waitUntil(lambda: left == ["quit"], timeout=BOUND_MS)
    assert agent.called("settings.set")[-1] == {"closing": "quit"}
    assert here.closing.may_close()
    assert agent.called("agent.shutdown") == []


def test_without_a_tray_closing_minimises_and_never_hides(present, has_tray, qtbot) -> None:
    _agent, desktop, here = present()
    has_tray[0] = False
    desktop.window.close()
    assert "no tray" in here.closing.dialog.windowTitle()
    here.closing.dialog.stay.click()
    assert desktop.window.isVisible()
    assert desktop.window.isMinimized()
    here.closing.choice = "tray"  # chosen on another day, on a desktop with a tray
    desktop.window.showNormal()
    desktop.window.close()
    assert desktop.window.isVisible()
    assert desktop.window.isMinimized()


def test_a_tray_that_goes_away_brings_the_window_back(present, has_tray, qtbot) -> None:
    _, desktop, here = present(closing="tray")
    desktop.window.close()
    assert not desktop.window.isVisible()
    has_tray[0] = False
    here.tray._look.timeout.emit()
    assert desktop.window.isVisible()
    assert desktop.window.toasts.toasts[-1].title == "The tray of this desktop is gone"


def test_started_for_the_tray_without_one_the_window_comes(
    present, has_tray, qtbot, monkeypatch
) -> None:
    monkeypatch.setattr(presence_module, "PATIENCE", 2)
    _, desktop, here = present()
    desktop.window.hide()
    has_tray[0] = False
    here._wait.setInterval(5)
    here.start(hidden=True)
    assert not desktop.window.isVisible()
    qtbot.waitUntil(desktop.window.isVisible, timeout=BOUND_MS)
    assert desktop.window.toasts.toasts[-1].title == "No tray on this desktop"


def test_a_tray_that_comes_late_is_waited_for(present, has_tray, qtbot) -> None:
    _, desktop, here = present()
    desktop.window.hide()
    has_tray[0] = False
    here._wait.setInterval(5)
    here.start(hidden=True)
    qtbot.waitUntil(lambda: here._looked >= 2, timeout=BOUND_MS)
    has_tray[0] = True
    qtbot.waitUntil(lambda: not here._wait.isActive(), timeout=BOUND_MS)
    assert not desktop.window.isVisible()


def test_the_missing_tray_is_said_once(present, has_tray) -> None:
    _, desktop, here = present()
    has_tray[0] = False
    here._note_missing_tray()
    assert desktop.window.toasts.toasts[-1].title == "No tray on this desktop"
    desktop.window.toasts.close(desktop.window.toasts.toasts[-1])
    here._note_missing_tray()
    assert desktop.window.toasts.toasts == []


def texts(here: Presence) -> list[str]:
    return [one.text() for one in here.tray.menu.actions() if one.isVisible() and one.text()]


def test_the_menu_tells_facts_first_then_decisions_then_stops(present, qtbot) -> None:
    _, _, here = present(daily_egress_budget=5_000_000)
    said = texts(here)
    assert said[:3] == ["Klinikum Lindenau", "Connected, edge 266", said[2]]
    assert said[2].startswith("Run 1284: Training, round 18")
    assert "Sent today: 1.62 MB of 5 MB" in said
    assert said.index("2 approvals waiting…") < said.index("Pause all at the end of the round")
    assert said[-2].startswith("Quit the window")
    assert said[-1].startswith("Quit the agent too")


def test_facts_and_decisions_lead_into_the_window(present, qtbot) -> None:
    _, desktop, here = present(closing="tray")
    desktop.window.close()
    here.tray.menu.facts[2].trigger()
    assert desktop.window.isVisible()
    assert desktop.window.key == "run"
    desktop.window.close()
    here.tray.menu.approvals.trigger()
    assert desktop.window.key == "approvals"


def test_stop_everything_asks_in_the_window(present, qtbot) -> None:
    agent, desktop, here = present(closing="tray")
    desktop.window.close()
    here.tray.menu.stop.trigger()
    assert desktop.window.isVisible()
    dialog = next(one for one in desktop.window.findChildren(Dialog) if one.isVisible())
    dialog.footer.itemAt(dialog.footer.count() - 1).widget().click()
    qtbot.waitUntil(lambda: bool(agent.called("jobs.stop_all")), timeout=BOUND_MS)


def test_quitting_the_agent_says_what_it_means_and_then_ends_both(present, left, qtbot) -> None:
    agent, desktop, here = present(closing="tray")
    here.tray.menu.quit_agent.trigger()
    dialog = next(one for one in desktop.window.findChildren(Dialog) if one.isVisible())
    assert "Jobs go on" in dialog.subtitle.plain()
    dialog.footer.itemAt(dialog.footer.count() - 1).widget().click()
    qtbot.waitUntil(lambda: left == ["quit"], timeout=BOUND_MS)
    assert len(agent.called("agent.shutdown")) == 1


def test_a_click_on_a_message_goes_where_it_leads(present, qtbot) -> None:
    agent, desktop, here = present(closing="tray")
    desktop.window.close()
    shown: list[tuple] = []
    here.tray.icon.showMessage = lambda *words: shown.append(words)  # type: ignore[method-assign]
    here.tray.tell(of_approval({"id": 8, "application": "WDBC"}, 1.0))
    if shown:  # a platform without messages tells in the bell only
        assert shown[0][0] == "Approval needed: WDBC"
        here.tray.icon.messageClicked.emit()
        assert desktop.window.key == "approvals"
        assert desktop.window.isVisible()
        qtbot.waitUntil(lambda: agent.called("approvals.get") == [{"id": 8}], timeout=BOUND_MS)


def test_the_icon_follows_the_state_and_says_it(present, qtbot) -> None:
    agent, _desktop, here = present()
    assert here.tray.state.key == "needs_you"
    assert "Klinikum Lindenau" in here.tray.icon.toolTip()
    agent.answers.approvals.clear()
    agent.push("status", **agent.answers.status())
    qtbot.waitUntil(lambda: here.tray.state.key == "working", timeout=BOUND_MS)
    agent.stop()
    qtbot.waitUntil(lambda: here.tray.state.key == "problem", timeout=BOUND_MS)


def test_the_command_line_knows_the_tray() -> None:
    assert arguments(["--tray"]).tray
    assert arguments(["--no-tray"]).no_tray
    assert hasattr(Application, "ending")
