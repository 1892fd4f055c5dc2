"""What a first walk through the window met: focus, keys, files of an approval, words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from helpers.dialogs import dialog_of
from helpers.fake_agent import FakeAgent
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from agent_core.errors import UnreachableError
from app.main import Desktop, _page
from app.shell import main_window
from app.widgets.buttons import Button
from app.widgets.cells import fitting
from app.widgets.decision_dialog import DecisionDialog
from app.widgets.event_list import words_of
from app.widgets.painted_marks import badge_width
from app.widgets.words import key_name, tip

BOUND_MS = 5000


def review(desktop: Desktop, qtbot) -> DecisionDialog:
    """Return the dialog of Home's first question."""
    home = desktop.window.pages["home"]
    qtbot.waitUntil(lambda: bool(home.decisions.rows), timeout=BOUND_MS)
    home.decisions.rows[0].review.click()
    return dialog_of(desktop.window, DecisionDialog)


def test_an_approval_shows_its_files_before_it_can_be_approved(desktop, qtbot) -> None:
    dialog = review(desktop, qtbot)
    assert not dialog.approve.isEnabled()
    qtbot.waitUntil(lambda: dialog.files.topLevelItemCount() > 0, timeout=BOUND_MS)
    qtbot.waitUntil(dialog.approve.isEnabled, timeout=BOUND_MS)
    dialog.reject()


def test_code_that_cannot_be_shown_cannot_be_approved(make_agent, make_window, qtbot) -> None:
    agent: FakeAgent = make_agent("working")
    agent.errors["approvals.review"] = UnreachableError("The agent is busy.")
    dialog = review(make_window(agent.home), qtbot)
    qtbot.waitUntil(lambda: "could not be read" in dialog.against.plain(), timeout=BOUND_MS)
    assert not dialog.approve.isEnabled()
    dialog.reject()


def test_the_focus_stays_on_the_page_when_its_button_leaves(desktop, qtbot) -> None:
    window = desktop.window
    window.navigate("build")
    page = window.page()
    page.next.setFocus()
    window.navigate("projects")
    assert not window.rail.isAncestorOf(window.focusWidget())


def test_preview_fills_in_what_nobody_waited_for(desktop, root, qtbot) -> None:
    folder = root / "client"
    folder.mkdir()
    (folder / "torch_client.py").write_text("print('train')\n")
    (folder / "model.py").write_text("size = 3\n")
    window = desktop.window
    window.navigate("build")
    page = window.page()
    page.source.source.edit.setText(str(folder))
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 1, timeout=BOUND_MS)
    assert page.wizard.fields.entry_point == "torch_client.py"


def test_return_presses_the_focused_button(themed: QApplication, qtbot) -> None:
    pressed: list[int] = []
    button = Button("Go", on_click=lambda: pressed.append(1))
    qtbot.addWidget(button)
    button.show()
    QTest.keyClick(button, Qt.Key.Key_Return)
    QTest.keyClick(button, Qt.Key.Key_A)
    assert pressed == [1]


def test_a_hub_of_this_home_can_be_started_from_the_banner(
    make_agent, make_window, qtbot, monkeypatch
) -> None:
    monkeypatch.setattr(main_window, "AWAY_AFTER_S", 0.0)
    agent: FakeAgent = make_agent("working")
    agent.home.hub.mkdir(exist_ok=True)
    window = make_window(agent.home).window
    away = {**window.status, "state": "offline", "hub_url": "http://127.0.0.1:8750"}
    window._take_status(away)
    assert window.banner._button.text() == "Start the hub"
    window._take_status({**away, "hub_url": "https://hub.example"})
    assert window.banner._button.isHidden()


def test_the_banner_comes_though_the_agent_says_nothing_more(desktop, monkeypatch) -> None:
    window = desktop.window
    window._take_status({**window.status, "state": "offline", "heartbeat_age_s": 0.0})
    assert window._banner_row.isHidden()
    monkeypatch.setattr(main_window, "AWAY_AFTER_S", 0.0)
    assert window._away.isActive()
    window._away.timeout.emit()
    assert not window._banner_row.isHidden()


def test_a_dismissed_keyring_question_leaves_a_way_back(desktop, qtbot) -> None:
    window = desktop.window
    window.show_keyless()
    with qtbot.waitSignal(window.agent_wanted, timeout=BOUND_MS):
        window.banner.acted.emit()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home", ("home", {})),
        ("run:12", ("run", {"run_id": 12, "tab": ""})),
        ("run:12:curves", ("run", {"run_id": 12, "tab": "curves"})),
        ("run:x", ("run", {})),
    ],
)
def test_a_page_of_the_command_line_may_name_a_run(text: str, expected: object) -> None:
    assert _page(text) == expected


def test_words_are_for_people(themed: QApplication) -> None:
    event = SimpleNamespace(text="Cosel: PENDING_APPROVAL, waits")
    assert "PENDING" not in words_of(event)
    assert tip("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert len(key_name("abc").split(":")) == 4


def test_a_long_badge_stays_in_its_cell(themed: QApplication) -> None:
    long = "Failed: the operator refused it, and the reason is rather long"
    assert badge_width(fitting(long, 150.0)) <= 151
    assert fitting("Finished", 150.0) == "Finished"
