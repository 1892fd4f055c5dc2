"""Painted texts: one that is painted again looks as it did, and only so many are kept."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.widgets import painted_text
from app.widgets.painted_marks import CENTER
from app.widgets.painting import LEFT, RIGHT, draw_text, noting_cuts
from app.widgets.theme import theme

TEXTS = ("NW", "12, Steady rounds", "7f3a 90bc…", "第 12 轮", "Loading\nmore", "Room for W ")


def picture(text: str, px: int, rect: QRectF, align: Qt.AlignmentFlag) -> QImage:
    """Return a text as it is painted now."""
    image = QImage(200, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("#1A1F27"))
    painter = QPainter(image)
    draw_text(painter, rect, text, theme().font(600, px), theme().color("text"), align)
    painter.end()
    return image


@pytest.mark.parametrize("align", [LEFT, RIGHT, CENTER, Qt.AlignmentFlag.AlignLeft])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_looks_the_same_each_time(
    themed: QApplication, text: str, align: Qt.AlignmentFlag
) -> None:
    """Its letters' places are kept from the second time on."""
    for px in (10, 11, 12, 13, 20):
        for rect in (QRectF(8, 4, 150, 22), QRectF(8, 4.3, 61, 23), QRectF(8, 9, 150, 9)):
            first, *others = (picture(text, px, rect, align) for _ in range(3))
            assert all(one == first for one in others), (px, rect)


def test_a_text_is_cut_and_told_each_time(themed: QApplication) -> None:
    """Whoever wants to know of cut texts hears of kept ones, too; another room is another cut."""
    long = "A text that has no room at all"
    for width in (60, 60, 90, 400, 60):
        with noting_cuts() as found:
            shown = picture(long, 13, QRectF(0, 0, width, 30), LEFT)
        assert found == ([long] if width < 400 else [])
        assert shown != picture(long, 13, QRectF(0, 0, width + 30, 30), LEFT) or width == 400


def test_only_so_many_are_kept(themed: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is scrolled through leaves no more behind."""
    monkeypatch.setattr(painted_text, "MOST", 20)
    painted_text._lines.clear()
    painted_text._older.clear()
    for number in range(100):
        picture(f"line {number}", 13, QRectF(0, 0, 200, 30), LEFT)
        assert len(painted_text._lines) <= 20
        assert len(painted_text._older) <= 20


def test_what_is_painted_again_stays(themed: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painted_text, "MOST", 20)
    painted_text._lines.clear()
    font = themed.font()
    kept = painted_text.line_of("the page's title", font)
    gone = painted_text.line_of("a number that was seen once", font)
    for number in range(100):
        painted_text.line_of(f"line {number}", font)
        assert painted_text.line_of("the page's title", font) is kept
    assert painted_text.line_of("a number that was seen once", font) is not gone
