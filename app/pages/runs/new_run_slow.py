"""What happens when a site is slow or silent: deadline, quorum, and their effect in words."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QSpinBox, QWidget

from app.i18n import tr
from app.pages.runs.new_run_model import Draft
from app.pages.runs.parameter_rows import WIDTH
from app.widgets.cards import Inset
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.theme import theme


class SlowPanel(QWidget):
    """Set the round deadline and how many silos a round needs."""

    deadline_changed = Signal(int)
    quorum_changed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.deadline = make_spin(1, 7 * 86400, " s")
        self.deadline.setAccessibleName(tr("Round deadline"))
        self.deadline.valueChanged.connect(self.deadline_changed)
        self.quorum = QSlider(Qt.Orientation.Horizontal)
        self.quorum.setAccessibleName(tr("Quorum"))
        self.quorum.valueChanged.connect(self.quorum_changed)
        self._needed = Label("", "strong")
        self._needed.setMinimumWidth(52)
        self.effect = Label("", "small", "muted", wrap=True)
        icon = column(2, Icon("info", "info", 16), None, gap=0)
        self.setLayout(
            column(
                Label(tr("When a site is slow or silent"), "small_medium"),
                row(Label(tr("Round deadline"), "small"), None, self.deadline),
                row(Label(tr("Quorum"), "small"), (self.quorum, 1), self._needed, gap=12),
                Inset(row(icon, (self.effect, 1), gap=10)),
                gap=10,
            )
        )

    def show_draft(self, draft: Draft) -> None:
        """Show the draft's quorum and what it does."""
        self.quorum.blockSignals(True)
        self.quorum.setRange(1, max(1, len(draft.chosen)))
        self.quorum.setValue(draft.needed)
        self.quorum.blockSignals(False)
        self._needed.setText(
            tr("{needed} of {count}", needed=draft.needed, count=len(draft.chosen))
        )
        self.effect.setText(draft.effect())


def make_spin(low: int, high: int, suffix: str) -> QSpinBox:
    """Return a number field as the dialog has them."""
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setSuffix(suffix)
    spin.setFixedSize(WIDTH, 32)
    spin.setFont(theme().font(400, 13))
    spin.lineEdit().setTextMargins(6, 0, 0, 0)
    return spin
