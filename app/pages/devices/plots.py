"""A machine's figures of the last minutes as three small curves."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from agent_core.protocol.vitals import Vitals
from app.i18n import tr
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.painted_marks import draw_sparkline
from app.widgets.painting import Canvas
from app.widgets.theme import theme

SPAN_S = 600.0
STEP_S = 10.0
SLOTS = int(SPAN_S / STEP_S)


def slots_of(
    samples: Sequence[Vitals], values: Sequence[float | None], now: float
) -> list[float | None]:
    """Return values in slots of ten seconds up to now; a missing heartbeat stays a gap."""
    slots: list[float | None] = [None] * SLOTS
    for sample, value in zip(samples, values, strict=True):
        # Heartbeats come a little late or early; two in a slot are one, the newer.
        place = SLOTS - 1 - round((now - sample.at) / STEP_S)
        if 0 <= place < SLOTS:
            slots[place] = value
    return _bridged(slots)


def _bridged(slots: list[float | None]) -> list[float | None]:
    """Close holes of one slot between two values: a beat that fell into the next slot."""
    found = list(slots)
    for at in range(1, len(slots) - 1):
        before, after = slots[at - 1], slots[at + 1]
        if slots[at] is None and before is not None and after is not None:
            found[at] = (before + after) / 2
    return found


class Curve(Canvas):
    """A curve between 0 and 1 over four quiet lines."""

    def __init__(self, tok: str) -> None:
        super().__init__()
        self.values: list[float | None] = []
        self._tok = tok
        self.setMinimumHeight(80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def set(self, values: Sequence[float | None]) -> None:
        """Show other values."""
        self.values = list(values)
        self.update()

    def draw(self, painter: QPainter) -> None:
        area = self.rect().toRectF().adjusted(0, 2, 0, -2)
        for line in range(5):
            y = area.top() + area.height() * line / 4
            painter.fillRect(QRectF(area.left(), y, area.width(), 1), theme().color("grid"))
        draw_sparkline(painter, area, self.values, theme().color(self._tok), 0.0, 1.0)


class VitalsPlot(QWidget):
    """Name, newest value, curve and a line of words under it."""

    def __init__(self, name: str, tok: str) -> None:
        super().__init__()
        self._name = name
        self.value = Label("–", "strong")
        self.curve = Curve(tok)
        self.foot = Label("", "caption", "faint")
        head = row(Label(name, "small", "muted"), None, self.value, gap=8)
        self.setLayout(column(head, (self.curve, 1), self.foot, gap=6))
        self.setAccessibleName(name)

    def show_values(
        self, newest: str, values: Sequence[float | None], foot: str, is_old: bool
    ) -> None:
        """Show the newest value and those before it; an old one is not in normal ink."""
        self.value.setText(newest)
        self.value.set_token("faint" if is_old else "text")
        self.curve.set(values)
        known = [value for value in values if value is not None]
        peak = tr("no figures yet")
        if known:
            peak = tr("last 10 minutes, peak {n} %", n=f"{100 * max(known):.0f}")
        self.foot.setText(foot or peak)
        self.setAccessibleDescription(f"{self._name} {newest}. {self.foot.plain()}")
