"""The health of the hub's parts, and its numbers."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from app.i18n import mark, tr, trn
from app.pages.hub.model import PARTS
from app.widgets.badges import Badge
from app.widgets.cards import Card
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row, rule
from app.widgets.words import size
from app.wire_words import said

KINDS = {"embedded": mark("part of this hub"), "outside": mark("a service of its own")}


class PartRow(QWidget):
    """One part: what it is, how it is, how often it was started again."""

    def __init__(self, key: str) -> None:
        super().__init__()
        icon, name = PARTS[key]
        self.name = Label(tr(name), "medium")
        self.text = Label("", "small", "muted", wrap=True)
        self.badge = Badge("SKIP", tr("Unknown"))
        words = column(self.name, self.text, gap=1)
        parts = (Icon(icon, "muted", 18), (words, 1), self.badge)
        self.setLayout(row(*parts, gap=12, margins=(0, 8, 0, 8)))

    def show_part(self, part: dict[str, Any]) -> None:
        """Show a part."""
        kind, fault = str(part["kind"]), said(str(part["fault"] or ""))
        facts = [tr(KINDS[kind]) if kind in KINDS else kind]
        if part["size"] is not None:
            facts.append(size(part["size"]))
        count = int(part["restarts"])
        if count:
            facts.append(trn("started again once", "started again {count} times", count))
        self.text.setText(fault or " · ".join(facts))
        self.text.set_token("danger" if fault else "muted")
        if fault:
            self.badge.set("FAIL", tr("Down"))
        else:
            self.badge.set("PASS", tr("Up"))
        self.setAccessibleName(f"{self.name.plain()}: {self.badge.text}, {self.text.plain()}")


class HealthCard(Card):
    """Database, broker and store, one row each."""

    def __init__(self) -> None:
        super().__init__(tr("Health"), icon="activity", gap=0)
        self.rows = {key: PartRow(key) for key in PARTS}
        for number, one in enumerate(self.rows.values()):
            self.add(*([rule()] if number else []), one)

    def show_overview(self, overview: dict[str, Any]) -> None:
        """Show the parts."""
        for part in overview["parts"]:
            if part["key"] in self.rows:
                self.rows[part["key"]].show_part(part)


class NumbersCard(Card):
    """Devices, runs, messages and accounts as figures."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: dict[str, Label] = {}
        names = {
            "online": tr("devices online"), "away": tr("devices away"),
            "running": tr("runs that go on"), "rate": tr("messages a second"),
            "accounts": tr("accounts"), "free": tr("free on its disk"),
        }  # fmt: skip
        line = row(gap=24)
        for key, name in names.items():
            self.figures[key] = Label("–", "title")
            block = column(self.figures[key], Label(name, "small", "muted"), gap=2)
            line.addLayout(block, 1)
        self.add(line)

    def show_overview(self, overview: dict[str, Any], rate: float | None) -> None:
        """Show the numbers."""
        devices, runs = overview["devices"], overview["runs"]
        ended = {"IDLE", "FINISHED", "FAILED", "KILLED", "EXCEPTION"}
        self.figures["online"].setText(str(devices.get("online", 0)))
        self.figures["away"].setText(str(devices.get("silent", 0) + devices.get("offline", 0)))
        live = sum(count for state, count in runs.items() if state not in ended)
        self.figures["running"].setText(str(live))
        self.figures["rate"].setText("–" if rate is None else f"{rate:.1f}")
        self.figures["accounts"].setText(str(overview["accounts"]))
        self.figures["free"].setText(size(overview["disk_free"]))
