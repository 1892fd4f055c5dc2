"""The main window: pages, narrow rail, the agent's going and coming, one instance."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea

from agent_core import settings
from agent_core.errors import ServiceError
from agent_core.paths import Home
from app.main import arguments, make_desktop, window_icon
from app.shell import agent_start
from app.shell.main_window import MainWindow
from app.shell.navigation import PAGES, is_known
from app.shell.rail import NARROW, WIDE
from app.shell.screenshots import Photographer
from app.shell.single_instance import SingleInstance, hand_over
from app.widgets.theme import theme


def test_the_window_paints_before_any_agent_answers(
    themed: QApplication, root: Path, qtbot
) -> None:
    from agent_core.client import AgentClient, EventStream

    home = Home(root / "home").make()
    desktop = make_desktop(home, AgentClient(home), lambda c: EventStream(home, c))
    qtbot.addWidget(desktop.window)
    desktop.window.navigate("home")
    desktop.window.show()
    try:
        assert desktop.window.page() is desktop.window.pages["home"]
        assert not desktop.window.grab().isNull()
        assert desktop.window.status == {}
    finally:
        desktop.close()


def test_the_foot_tells_connection_heartbeat_and_account(desktop) -> None:
    rail = desktop.window.rail
    assert rail.presence.plain() == "Connected"
    assert rail.heartbeat.plain().startswith("heartbeat ")
    assert "24 ms" in rail.heartbeat.plain()
    assert rail.person.plain() == "Dr. Marta Vogel"
    assert rail.hub.plain() == "OncoFed"
    assert rail.items["approvals"].accessibleName() == "Approvals, 2 waiting"


def test_an_old_heartbeat_is_amber(desktop) -> None:
    rail = desktop.window.rail
    rail.show_status({**desktop.window.status, "heartbeat_age_s": 43.0})
    assert rail.heartbeat.property("tok") == "warn"
    assert "43 s ago" in rail.heartbeat.plain()


def test_every_page_in_the_rail_opens(desktop, qtbot) -> None:
    for entry in [one for one in PAGES if one.section]:
        qtbot.mouseClick(desktop.window.rail.items[entry.key], Qt.MouseButton.LeftButton)
        assert desktop.window.key == entry.key
        assert desktop.window.topbar.title.plain()
        assert desktop.window.rail.items[entry.key].isChecked()


def test_an_unknown_page_changes_nothing(desktop) -> None:
    desktop.window.navigate("no such page")
    assert desktop.window.key == "home"
    assert not is_known("no such page")


def test_the_rail_shows_icons_only_in_a_narrow_window(desktop, qtbot) -> None:
    window = desktop.window
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: window.rail.width() == WIDE, timeout=2000)
    window.resize(1280, 760)
    qtbot.waitUntil(lambda: window.rail.width() == NARROW, timeout=2000)
    assert window.rail.items["home"].toolTip() == "Home"


def test_home_does_not_scroll_sideways_where_everything_is_doubled(desktop, qtbot) -> None:
    """A screen of 1600 x 1000 at twice the size is a window of 800 x 500."""
    window = desktop.window
    window.setMinimumSize(400, 300)
    window.resize(800, 500)
    areas = [one for one in window.pages["home"].findChildren(QScrollArea) if one.isVisible()]
    assert areas
    qtbot.waitUntil(lambda: window.width() == 800, timeout=10_000)
    qtbot.waitUntil(
        lambda: all(one.horizontalScrollBar().maximum() == 0 for one in areas), timeout=10_000
    )


def test_the_rail_keeps_its_foot_in_a_low_window(desktop, qtbot) -> None:
    window = desktop.window
    window.setMinimumSize(400, 300)
    window.resize(800, 420)
    qtbot.waitUntil(lambda: window.height() == 420, timeout=10_000)
    rail = window.rail

    def has_foot() -> bool:
        bottom = rail.account.mapTo(rail, rail.account.rect().bottomLeft()).y()
        return 0 < bottom < rail.height()

    qtbot.waitUntil(has_foot, timeout=10_000)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=10_000)
    last = list(rail.items.values())[-1]
    last.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: not last.visibleRegion().isEmpty(), timeout=10_000)


def test_no_label_is_cut_in_a_window_of_1280(desktop, qtbot) -> None:
    """Words that may not fit are ElidedLabels; every other label has the room it needs."""
    window = desktop.window
    for width, height in ((1440, 900), (1280, 760)):
        window.resize(width, height)
        for key in ("home", "approvals", "build", "settings"):
            window.navigate(key)
            qtbot.wait(120)
            for label in window.pages[key].findChildren(QLabel):
                if label.isVisible() and label.text() and not label.wordWrap():
                    needed = label.fontMetrics().horizontalAdvance(label.text())
                    assert label.width() >= needed - 1, (key, width, label.text())


def test_the_window_says_when_the_agent_is_gone_and_takes_it_back(
    make_agent, make_window, qtbot, monkeypatch
) -> None:
    agent = make_agent("working")
    desktop = make_window(agent.home)
    window = desktop.window
    window._gone.setInterval(10)
    agent.stop()
    qtbot.waitUntil(lambda: window._banner_row.isVisible(), timeout=10_000)
    assert window.rail.presence.plain() == "The agent does not answer"
    asked: list[int] = []
    window.agent_wanted.connect(lambda: asked.append(1))
    window.banner.acted.emit()
    assert asked == [1]
    make_agent("working")
    qtbot.waitUntil(lambda: not window._banner_row.isVisible(), timeout=10_000)
    qtbot.waitUntil(lambda: window.rail.presence.plain() == "Connected", timeout=10_000)


def test_signing_out_returns_to_the_doors(desktop, qtbot) -> None:
    window = desktop.window
    window.ask_sign_out()
    dialog = next(d for d in window.findChildren(agent_start.Dialog) if d.isVisible())
    dialog.footer.itemAt(dialog.footer.count() - 1).widget().click()
    qtbot.waitUntil(lambda: window.key == "sign_in", timeout=10_000)
    assert not window.rail.isVisible()


def test_an_approval_that_comes_in_is_told_on_other_pages(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    window = make_window(agent.home).window
    window.navigate("settings")
    agent.push("approval", id=99, state="pending")
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=5000)
    assert window.toasts.toasts[0].title.startswith("Approval needed: ")


def test_geometry_is_kept_and_closing_leaves_the_agent_alone(
    make_agent, make_window, monkeypatch
) -> None:
    agent = make_agent("working")
    first = make_window(agent.home)
    kept = bytes(first.window.saveGeometry().data())
    first.window.close()
    assert agent.called("agent.shutdown") == []
    assert agent.called("jobs.stop_all") == []
    restored: list[bytes] = []  # virtual screens are too small to compare sizes
    monkeypatch.setattr(
        MainWindow, "restoreGeometry", lambda _, given: restored.append(bytes(given.data()))
    )
    make_window(agent.home)
    assert restored == [kept]


def test_a_second_start_hands_its_link_to_the_first(themed, root: Path, qtbot) -> None:
    home = Home(root / "home").make()
    assert not hand_over(home, "x")
    instance = SingleInstance(home)
    got: list[str] = []
    instance.opened.connect(got.append)
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication;"
        "from app.shell.single_instance import hand_over; from agent_core.paths import Home;"
        "app = QCoreApplication([]);"
        "sys.exit(0 if hand_over(Home(Path(sys.argv[1])), 'silodesk://join?hub=h&code=c') else 1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(home.root)])
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=20_000)
    assert process.returncode == 0
    assert got == ["silodesk://join?hub=h&code=c"]
    instance.close()
    assert not hand_over(home, "x")


def test_a_link_opens_where_it_can_be_accepted(desktop, qtbot) -> None:
    desktop.window.open_link("silodesk://join?hub=https%3A%2F%2Fhub.oncofed.example&code=c")
    page = desktop.window.pages["sign_in"]
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=10_000)
    assert page.form.title.plain() == "Join OncoFed"
    assert page.form.password.isHidden()


def test_the_theme_changes_while_the_window_is_open(desktop, themed: QApplication) -> None:
    window = desktop.window
    dark = window.grab().toImage().pixelColor(300, 880).lightness()
    theme().apply(themed, "light")
    try:
        light = window.grab().toImage().pixelColor(300, 880).lightness()
    finally:
        theme().apply(themed, "dark")
    assert dark < 40
    assert light > 230


def test_pictures_of_all_pages_are_saved_in_both_themes(
    desktop, themed, root: Path, qtbot, monkeypatch
) -> None:
    monkeypatch.setattr("app.shell.screenshots.SETTLE_MS", 30)
    left: list[int] = []
    monkeypatch.setattr(themed, "quit", lambda: left.append(1), raising=False)
    photographer = Photographer(themed, desktop.context, desktop.window, root / "shots")
    photographer.start()
    qtbot.waitUntil(lambda: bool(left), timeout=180_000)  # some forty pages, one by one
    names = {path.name for path in (root / "shots").iterdir()}
    assert {"home-dark.png", "home-light.png", "build-dark.png"} <= names
    theme().apply(themed, "dark")


def test_without_a_keyring_a_file_is_offered_and_only_then_named(
    themed, root: Path, make_window, make_agent, qtbot
) -> None:
    error = ServiceError("The agent ended while starting. error: x code: keyring")
    assert agent_start.lacks_keyring(error)
    assert not agent_start.lacks_keyring(ServiceError("The agent ended."))
    agent = make_agent("first-run")
    desktop = make_window(agent.home, "sign_in")
    answered: list[int] = []
    dialog = agent_start.KeyringDialog(desktop.window, agent.home, lambda: answered.append(1))
    dialog.open()
    assert settings.load(agent.home.settings).credentials == ""
    dialog.file.click()
    assert answered == [1]
    assert settings.load(agent.home.settings).credentials == str(agent.home.credentials)


def test_the_command_line_takes_home_theme_and_link(root: Path, themed) -> None:
    given = arguments(["--home", str(root), "--theme", "light", "silodesk://join?x"])
    assert (given.home, given.theme, given.link) == (root, "light", "silodesk://join?x")
    assert not window_icon().isNull()


def test_a_hub_that_is_away_is_told_and_the_banner_leaves_by_itself(desktop, monkeypatch) -> None:
    window = desktop.window
    monkeypatch.setattr("app.shell.main_window.AWAY_AFTER_S", 0.0)
    desktop.events.close()  # the agent's own status must not come in between
    away = {**window.status, "state": "offline", "detail": "The broker does not answer."}
    window._take_status(away)
    assert window._banner_row.isVisible()
    assert (
        "what they send waits here"
        in window.banner.layout().itemAt(1).layout().itemAt(1).widget().plain()
    )
    window._take_status({**away, "state": "online"})
    assert not window._banner_row.isVisible()


def test_a_page_is_laid_out_first_and_painted_in_the_next_turn(make_agent, make_window, qtbot):
    window = make_window(make_agent("working").home).window
    window.navigate("devices")
    page = window.page()
    assert page.isVisible()
    QApplication.sendPostedEvents()  # the window's repaint with them: this turn ends here
    assert not page.updatesEnabled()
    assert not window.rail.updatesEnabled()
    qtbot.waitUntil(page.updatesEnabled, timeout=5000)
    assert window.rail.updatesEnabled()
