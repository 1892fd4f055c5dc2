"""The search bar over a log: what to look for, how, its hits, the way from one to the next."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from app.i18n import tr, trn
from app.widgets.buttons import Button
from app.widgets.labels import Label
from app.widgets.layouts import row
from app.widgets.log_view_search import Query
from app.widgets.theme import theme

TYPING_MS = 150


class SearchBar(QWidget):
    """Tell a query a moment after it is typed, and steps by F3 and Shift+F3."""

    asked = Signal(object)  # Query, or None
    narrowed = Signal(bool)  # only lines with a hit
    stepped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Find in all lines"))
        self.field.setAccessibleName(tr("Find in all lines"))
        self.field.setFixedSize(270, 32)
        self.field.setFont(theme().font(400, 13))
        self.field.setProperty("soft", "true")
        self._glass = self.field.addAction(
            theme().icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition
        )
        theme().changed.connect(self._ink)
        self.hits = Label("", "small", "faint")
        self.field.setLayout(row(None, self.hits, margins=(0, 0, 10, 0)))
        self.regex = QCheckBox(tr("Expression"))
        self.regex.setToolTip(tr("Read what is typed as a regular expression"))
        self.regex.toggled.connect(lambda _: self.ask())
        self.case = QCheckBox(tr("Match case"))
        self.case.toggled.connect(lambda _: self.ask())
        self.only = QCheckBox(tr("Only these lines"))
        self.only.setToolTip(tr("Show only the lines in which it is found"))
        self.only.toggled.connect(self.narrowed)
        self._typed = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typed.timeout.connect(self.ask)
        self.field.textChanged.connect(lambda _: self._typed.start())
        self.field.returnPressed.connect(self._on_return)
        before = self._step_button("chevron-up", tr("Previous hit"), -1)
        after = self._step_button("chevron-down", tr("Next hit"), 1)
        boxes = row(self.regex, self.case, self.only, gap=10)
        self.setLayout(row(self.field, before, after, boxes, 4, gap=8))

    def _step_button(self, icon: str, words: str, by: int) -> Button:
        standard = QKeySequence.StandardKey.FindNext if by > 0 else None
        keys = QKeySequence(standard or QKeySequence.StandardKey.FindPrevious)
        tip = f"{words} ({keys.toString(QKeySequence.SequenceFormat.NativeText)})"
        return Button(icon=icon, tip=tip, on_click=partial(self.stepped.emit, by))

    def add_keys(self, page: QWidget) -> None:
        """Let a page search by the usual keys wherever the focus is on it."""
        for standard, act in (
            (QKeySequence.StandardKey.FindNext, partial(self.stepped.emit, 1)),
            (QKeySequence.StandardKey.FindPrevious, partial(self.stepped.emit, -1)),
            (QKeySequence.StandardKey.Find, self.focus),
        ):
            shortcut = QShortcut(QKeySequence(standard), page)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def focus(self) -> None:
        """Go to the field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def query(self) -> Query | None:
        """Return what is looked for."""
        text = self.field.text()
        return Query(text, self.regex.isChecked(), self.case.isChecked()) if text else None

    def ask(self) -> None:
        """Tell what is looked for now."""
        self._typed.stop()
        self.asked.emit(self.query())

    def show_hits(self, current: int, total: int, share: float = 1.0) -> None:
        """Show the place among the hits; a share below 1 is a search that goes on."""
        if not self.field.text():
            self.hits.setText("")
        elif current:
            text = tr("{place} of {total}", place=f"{current:,}", total=f"{total:,}")
            self.hits.setText(text)
        elif share < 1.0:
            text = tr("{total}, {percent} % read", total=f"{total:,}", percent=int(share * 100))
            self.hits.setText(text)
        else:
            self.hits.setText(trn("{count} hit", "{count} hits", total))

    def _on_return(self) -> None:
        if self._typed.isActive():
            self.ask()
        self.stepped.emit(1)

    def _ink(self) -> None:
        self._glass.setIcon(theme().icon("search", "faint"))
