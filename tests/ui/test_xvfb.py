"""The window on a real X display: painted, clicked, themed, whole, and only once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from app.main import Desktop
from app.shell.single_instance import SingleInstance
from app.widgets.buttons import Button
from app.widgets.dialogs import confirm
from app.widgets.labels import ElidedLabel
from app.widgets.theme import theme

pytestmark = pytest.mark.xvfb

BOUND_MS = 10_000


@pytest.fixture(autouse=True)
def on_a_display(qapp: QApplication) -> None:
    """Skip where no X display is, as in the offscreen run."""
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("runs on an X display: tests/tools/under_xvfb.py brings one")


@pytest.fixture
def shown(desktop: Desktop, qtbot) -> Iterator[Desktop]:
    """A desktop that the X server has drawn and that has the keyboard."""
    qtbot.waitExposed(desktop.window)
    desktop.window.activateWindow()
    QTest.qWaitForWindowActive(desktop.window, 2000)
    yield desktop
    theme().apply(QApplication.instance(), "dark")


def on_screen(desktop: Desktop) -> QImage:
    """Return what the X server shows of the window, not what Qt would draw."""
    window = desktop.window
    screen = window.screen()
    at = window.mapToGlobal(QPoint(0, 0)) - screen.geometry().topLeft()
    return screen.grabWindow(0, at.x(), at.y(), window.width(), window.height()).toImage()


def rough(colour: QColor | int) -> tuple[int, int, int]:
    """Return a colour as a screen of 16 bits can tell it from others."""
    parts = QColor(colour)
    return parts.red() >> 3, parts.green() >> 3, parts.blue() >> 3


def colours(image: QImage) -> set[tuple[int, int, int]]:
    pixels = (
        image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)
    )
    return {rough(pixel) for pixel in pixels}


def press(widget: QAbstractButton) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())


def test_the_x_server_shows_a_painted_window(shown: Desktop, qtbot) -> None:
    assert QGuiApplication.platformName() == "xcb"
    qtbot.waitUntil(lambda: len(colours(on_screen(shown))) > 20, timeout=BOUND_MS)
    canvas = rough(theme().color("canvas"))
    assert canvas in colours(on_screen(shown))


def test_the_mouse_walks_through_the_rail(shown: Desktop, qtbot) -> None:
    window = shown.window
    before = on_screen(shown)
    for key in ("approvals", "projects", "applications", "build", "settings", "home"):
        press(window.rail.items[key])
        qtbot.waitUntil(lambda key=key: window.key == key, timeout=BOUND_MS)
        assert window.page() is not None
        assert window.page().isVisible()
    press(window.rail.items["build"])
    qtbot.waitUntil(lambda: on_screen(shown) != before, timeout=BOUND_MS)


def test_keys_reach_the_pages(shown: Desktop, qtbot) -> None:
    window = shown.window
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.key == "approvals", timeout=BOUND_MS)
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.key == "home", timeout=BOUND_MS)


def test_the_theme_switch_changes_what_is_on_the_screen(shown: Desktop, qtbot) -> None:
    window = shown.window
    window.navigate("settings")

    def corner() -> tuple[int, int, int]:
        image = on_screen(shown)
        return rough(image.pixel(image.width() - 6, image.height() - 6))

    dark = rough(theme().color("canvas"))
    qtbot.waitUntil(lambda: corner() == dark, timeout=BOUND_MS)
    # Nothing can be set before the agent said what is kept.
    qtbot.waitUntil(window.page().themes.button("light").isEnabled, timeout=BOUND_MS)
    press(window.page().themes.button("light"))
    qtbot.waitUntil(lambda: theme().name == "light", timeout=BOUND_MS)  # once the agent kept it
    light = rough(theme().color("canvas"))
    assert light != dark
    qtbot.waitUntil(lambda: corner() == light, timeout=BOUND_MS)


def test_a_dialog_has_no_black_frame_without_a_compositor(shown: Desktop, qtbot) -> None:
    window = shown.window
    done: list[bool] = []
    dialog = confirm(window, "End it?", "It ends.", "End it", lambda: done.append(True))
    qtbot.waitExposed(dialog)

    def beside() -> tuple[int, int, int]:
        at = dialog.mapToGlobal(QPoint(-8, dialog.height() // 2))
        return rough(window.screen().grabWindow(0, at.x(), at.y(), 1, 1).toImage().pixel(0, 0))

    qtbot.waitUntil(lambda: beside() != rough(theme().color("canvas")), timeout=BOUND_MS)
    assert beside() != (0, 0, 0)
    end = next(one for one in dialog.findChildren(Button) if one.text().strip() == "End it")
    end.setFocus()
    QTest.keyClick(end, Qt.Key.Key_Return)
    assert done == [True]


@pytest.mark.parametrize("size", [(1280, 760), (1000, 700)])
def test_nothing_is_cut_in_small_windows(shown: Desktop, qtbot, size: tuple[int, int]) -> None:
    window = shown.window
    window.resize(*size)
    for key in ("home", "approvals", "projects", "applications", "build", "settings"):
        window.navigate(key)
        qtbot.wait(50)
        assert (window.width(), window.height()) == size
        cut = [
            label.text()
            for label in window.page().findChildren(QLabel)
            if label.isVisible()
            and not isinstance(label, ElidedLabel)
            and not label.wordWrap()
            and label.width() < label.sizeHint().width() - 1
        ]
        assert cut == [], key


def test_a_second_start_brings_the_first_window_forward(shown: Desktop, qtbot) -> None:
    home = shown.context.home
    instance = SingleInstance(home, shown.window)
    opened: list[str] = []
    instance.opened.connect(opened.append)
    instance.opened.connect(shown.window.open_link)
    shown.window.showMinimized()
    command = [sys.executable, "-m", "app", "--home", str(home.root)]
    second = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=2 * BOUND_MS)
    assert second.returncode == 0
    assert opened == [""]
    qtbot.waitUntil(lambda: not shown.window.isMinimized(), timeout=BOUND_MS)
