"""No text is cut or overlaps, in both languages, at both sizes, and where everything is doubled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from helpers.window_walk import places, settle
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QWidget
from tools.clipping import check

from app.i18n import install
from app.widgets import painting
from app.widgets.labels import ElidedLabel
from app.widgets.painting import Canvas
from app.widgets.theme import theme

SIZES = ((1440, 900), (1280, 760))


@pytest.fixture(params=["en", "zh_CN"])
def language(request: pytest.FixtureRequest, themed: QApplication) -> Iterator[str]:
    """Show each language for the length of a test."""
    install(themed, request.param)
    yield request.param
    install(themed, "en")


@pytest.mark.parametrize("size", SIZES, ids=["large", "compact"])
def test_every_page_has_room_for_its_words(
    language: str, size: tuple[int, int], make_agent, make_window
) -> None:
    desktop = make_window(make_agent("working").home)
    desktop.window.resize(*size)
    found = []
    for name, key, arguments in places():
        desktop.window.navigate(key, **arguments)
        settle(desktop)
        found += [f"{name}: {' | '.join(one)}" for one in check(desktop.window)]
    assert not found, "\n".join(found)


def test_every_page_has_room_where_everything_is_doubled() -> None:
    """The same walk on a screen of two device pixels a point."""
    chosen = "room_for_its_words and large and zh_CN"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", chosen],
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


# --- the measuring itself ---
class Painted(Canvas):
    """A canvas with one text in a rectangle."""

    def __init__(self, width: float, tip: str = "") -> None:
        super().__init__()
        self._room = width
        self.setFixedSize(200, 40)
        self.setToolTip(tip)

    def draw(self, painter: QPainter) -> None:
        rect = QRectF(0, 0, self._room, 40)
        font, color = theme().font(), theme().color("text")
        painting.draw_text(painter, rect, "Twelve letters and more", font, color)


def shown(widget: QWidget, qtbot) -> QWidget:
    window = QWidget()
    window.resize(400, 120)
    layout = QHBoxLayout(window)
    layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
    qtbot.addWidget(window)
    window.show()
    return window


def test_cut_and_overlapping_texts_are_found(themed: QApplication, qtbot) -> None:
    label = QLabel("A sentence that needs room")
    label.setFixedWidth(40)
    assert [one.kind for one in check(shown(label, qtbot))] == ["cut"]

    button = QPushButton("A sentence that needs room")
    button.setFixedWidth(40)
    assert [one.kind for one in check(shown(button, qtbot))] == ["cut"]

    window = shown(QLabel("One"), qtbot)
    for text in ("Left text", "Other text"):
        free = QLabel(text, window)
        free.setGeometry(150, 60, 90, 20)
        free.show()
    assert [one.kind for one in check(window)] == ["overlap"]


def test_painted_text_is_found_unless_a_tooltip_says_it(themed: QApplication, qtbot) -> None:
    assert check(shown(Painted(190), qtbot)) == []
    assert [one.kind for one in check(shown(Painted(60), qtbot))] == ["cut"]
    assert check(shown(Painted(60, tip="Twelve letters and more"), qtbot)) == []
    assert check(shown(ElidedLabel("A text that is shortened here"), qtbot)) == []
