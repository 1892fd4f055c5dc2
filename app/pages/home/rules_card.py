"""Home's card of house rules: a switch and the present reading for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.pages.home.rules_words import ICONS, ORDER, rule_text, rule_title
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.switches import Switch


class RuleRow(QWidget):
    """One rule: what it is, what is measured, and its switch."""

    def __init__(self, key: str, on_switch: Callable[[str, bool], object]) -> None:
        super().__init__()
        self.key = key
        self._told: tuple[object, ...] = ()
        self._icon = Icon(ICONS[key], "faint")
        self.title = Label("", "medium")
        self.reading = Label("", "small", "faint", wrap=True)
        self.reading.setMinimumHeight(16)
        self.switch = Switch(key)
        self.switch.clicked.connect(lambda on: on_switch(self.key, on))
        words = column(self.title, self.reading, gap=2)
        self.setLayout(row(self._icon, (words, 1), self.switch, gap=12, margins=(0, 7, 0, 7)))

    def show_rule(self, rules: dict[str, Any], state: dict[str, Any]) -> None:
        """Show a rule as it stands now."""
        title, text = rule_title(self.key, rules), rule_text(state)
        forbids = state["is_on"] and not state["allows"]
        is_on = bool(state["is_on"])
        told = (title, text, forbids, is_on)
        if told == self._told and self.switch.isChecked() == is_on:
            return  # as with most statuses
        self._told = told
        self.title.setText(title)
        self.reading.setText(text)
        self.reading.set_token("warn" if forbids else "faint")
        self._icon.set_icon("pause" if forbids else ICONS[self.key], "warn" if forbids else "faint")
        self.switch.setChecked(is_on)
        self.switch.setAccessibleName(title)
        self.switch.setAccessibleDescription(text)
        self.switch.update()


class RulesCard(Card):
    """All house rules; `switched` carries a rule's key and its new state."""

    switched = Signal(str, bool)

    def __init__(self, on_edit: Callable[[], object]) -> None:
        self.edit = Button(tr("Edit"), "link", on_click=on_edit)
        super().__init__(tr("House rules"), icon="sliders-horizontal", actions=[self.edit], gap=0)
        self.rows = {key: RuleRow(key, self.switched.emit) for key in ORDER}
        self.failed = Label("", "small", "muted", wrap=True)
        self.failed.hide()
        self._waits = Skeleton(4)
        self._rules: dict[str, Any] | None = None
        self.add(self._waits, self.failed, *self.rows.values(), None)
        for made in self.rows.values():
            made.hide()

    @property
    def rules(self) -> dict[str, Any] | None:
        """Return the rules that are shown, or None before they came."""
        return self._rules

    def show_rules(self, rules: dict[str, Any]) -> None:
        """Take other limits."""
        self._rules = rules

    def show_states(self, states: list[dict[str, Any]]) -> None:
        """Show what the rules say now."""
        if self._rules is None or not states:
            return
        self._waits.hide()
        self.failed.hide()
        for state in states:
            if state["key"] in self.rows:
                self.rows[state["key"]].show_rule(self._rules, state)
                self.rows[state["key"]].show()

    def fail(self, sentence: str) -> None:
        """Say why there are no rules to show."""
        if self._rules is None:
            self._waits.hide()
            self.failed.setText(sentence)
            self.failed.show()
