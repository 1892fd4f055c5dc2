"""What helps, and the letter to the IT department."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import tr
from app.pages.doctor import model
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Card, Inset
from app.widgets.key_value import KeyValue
from app.widgets.labels import Icon, Label
from app.widgets.layouts import clear, column, row, rule

SHOWN = 3


class FixCard(QWidget):
    """Numbered remedies over a preview of the letter."""

    copy_wanted = Signal()
    save_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.steps = QVBoxLayout()
        self.steps.setSpacing(10)
        card = Card(tr("How to fix it"), icon="wand-sparkles")
        self.save = Button(
            tr("Save letter to IT..."), "primary", icon="file-text", on_click=self.save_wanted.emit
        )
        self.copy = Button(tr("Copy"), icon="copy", on_click=self.copy_wanted.emit)
        self.copy.setAccessibleName(tr("Copy the letter to the IT department"))
        note = row(
            Icon("info", "faint", 14),
            (Label(tr("There is no switch to ignore certificates."), "small", "muted"), 1),
            gap=8,
        )
        card.add(self.steps, row(self.save, self.copy, None), rule(), note)
        self.preview = QVBoxLayout()
        head = row(Label(tr("Letter to IT"), "strong"), None, Tag(tr("preview")))
        intro = Label(
            tr("Please allow these outgoing connections, without inspection:"), "small", "muted",
            wrap=True,
        )  # fmt: skip
        self.letter = Inset(head, intro, self.preview, gap=10, margins=(14, 12, 14, 14))
        self.setLayout(column(card, self.letter, None, gap=16))
        self.setFixedWidth(396)
        self.show_report(None)

    def show_report(self, report: dict[str, Any] | None) -> None:
        """Show what helps; None while the doctor still looks."""
        clear(self.steps)
        clear(self.preview)
        rows = model.letter_rows(report, short=True) if report else []
        self.letter.setVisible(bool(rows))
        self.save.setVisible(bool(rows))
        self.copy.setVisible(bool(rows))
        for number, (key, what, why) in enumerate(model.remedies(report)[:SHOWN] if report else []):
            tag = Tag(str(number + 1), "info" if number == 0 else "gray")
            words = column(
                Label(model.title(key), "small", "faint"), Label(what, "medium", wrap=True), gap=2
            )
            if why:
                words.addWidget(Label(why, "small", "muted", wrap=True))
            self.steps.addLayout(row(column(tag, None), (words, 1), gap=12))
        if not self.steps.count():
            text = tr("Nothing needs to be fixed.") if report else tr("The checks are running.")
            self.steps.addWidget(Label(text, "body", "muted", wrap=True))
        if rows:
            self.preview.addWidget(
                KeyValue(rows, key_width=84, mono=[name for name, _ in rows], gap=6)
            )
