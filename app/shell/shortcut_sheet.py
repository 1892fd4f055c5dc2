"""The sheet that lists every key."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from app.i18n import tr
from app.shell.key_hint import KeyHint
from app.shell.shortcuts import sheet
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.labels import Label
from app.widgets.layouts import column, row, scrolled


class ShortcutSheet(Dialog):
    """Keys and what they do, in two columns."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(
            parent, tr("Keys"), tr("Everything here works without a mouse; Tab walks on."),
            icon="command", width=720,
        )  # fmt: skip
        columns = [column(gap=16), column(gap=16)]
        heights = [0, 0]
        for title, keys in sheet():
            shorter = heights.index(min(heights))
            heights[shorter] += len(keys) + 2
            columns[shorter].addLayout(_section(title, keys))
        for one in columns:
            one.addStretch(1)
        content = QWidget()
        content.setLayout(row((columns[0], 1), (columns[1], 1), gap=32))
        area = scrolled(content)
        area.setMinimumHeight(min(460, 28 * max(heights)))
        self.body.addWidget(area)
        self.shut = self.add_button(Button(tr("Close"), on_click=self.reject))
        self.first_focus = self.shut


def _section(title: str, keys: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    grid.addWidget(Label(title, "strong"), 0, 0, 1, 2)
    for place, (key, text) in enumerate(keys, start=1):
        grid.addWidget(Label(text, "body", "muted"), place, 0)
        hint = KeyHint(key)
        hint.setAccessibleName(tr("{keys}: {what}", keys=key, what=text))
        grid.addWidget(hint, place, 1)
    return grid
