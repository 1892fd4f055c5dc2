"""The editor of house rules: hours, power and heat, other work, limits, quiet hours."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLayout, QStackedWidget, QWidget

from app.context import AppContext
from app.i18n import tr
from app.pages.home.hours_grid import HoursGrid
from app.pages.home.rules_words import NIGHT, QUIET, Week, hours_text, to_cells, to_week
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import ChoiceField, NumberField, TextField
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.switches import Switch
from app.widgets.tabs import Tabs
from app.wire_words import said

MEGA = 1_000_000
OFFICE = [[(0, 420), (1140, 1440)]] * 5 + [[(0, 1440)]] * 2  # outside office hours


class Rule(QWidget):
    """A rule's switch with its sentence."""

    def __init__(self, title: str, text: str, on: bool) -> None:
        super().__init__()
        self.switch = Switch(title, on)
        self.switch.setAccessibleDescription(text)
        words = column(Label(title, "medium"), Label(text, "small", "faint", wrap=True), gap=2)
        self.setLayout(row((words, 1), self.switch, gap=16))

    @property
    def is_on(self) -> bool:
        """Return whether the rule is on."""
        return self.switch.isChecked()


class RulesDialog(Dialog):
    """Edit all rules at once; `saved` carries the RulesReport that follows."""

    saved = Signal(dict)

    def __init__(
        self, parent: QWidget, context: AppContext, report: dict[str, Any], part: str = "hours"
    ) -> None:
        super().__init__(
            parent, tr("House rules"),
            tr("Jobs pause at the end of their round while a rule forbids them, and go on by "
               "themselves."),
            icon="sliders-horizontal", width=680,
        )  # fmt: skip
        self._context = context
        self._report = report
        self._parts = QStackedWidget()
        self.tabs = Tabs([
            ("hours", tr("Hours")), ("power", tr("Power and heat")), ("work", tr("Other work")),
            ("limits", tr("Limits")), ("quiet", tr("Notifications")),
        ])  # fmt: skip
        rules = report["rules"]
        for made in (self._hours(rules), self._power(rules), self._work(rules),
                     self._limits(rules), self._quiet()):  # fmt: skip
            page = QWidget()
            page.setLayout(made)
            self._parts.addWidget(page)
        self.tabs.currentChanged.connect(self._parts.setCurrentIndex)
        self.tabs.select(part)
        self.body.addWidget(self.tabs)
        self.body.addWidget(self._parts)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.save = self.add_button(Button(tr("Save rules"), "primary", on_click=self._save))
        self.first_focus = self.tabs

    def _hours(self, rules: dict[str, Any]) -> QLayout:
        self.hours = Rule(
            tr("Only at allowed hours"),
            tr("Paint the hours in which jobs may work, or use arrows and Space."),
            rules["hours_on"],
        )
        self.grid = HoursGrid()
        self.grid.set_cells(to_cells(rules["hours"]))
        self._sum = Label("", "small", "faint")
        self.grid.changed.connect(self._show_sum)
        self._show_sum()
        presets: list[tuple[str, Week]] = [
            (tr("Nights"), [[(0, NIGHT[0][1]), (NIGHT[1][0], 1440)]] * 7),
            (tr("Outside office hours"), OFFICE),
            (tr("Always"), [[(0, 1440)]] * 7),
            (tr("Never"), [[]] * 7),
        ]
        buttons = [
            Button(text, sz="sm", on_click=partial(self._preset, week)) for text, week in presets
        ]
        return column(self.hours, self.grid, row(*buttons, None, self._sum, gap=6), None, gap=12)

    def _power(self, rules: dict[str, Any]) -> QLayout:
        self.mains = Rule(tr("Only on mains power"), self._reading("mains"), rules["mains_on"])
        self.heat = Rule(
            tr("Only while the machine is cool"), self._reading("temperature"),
            rules["temperature_on"],
        )  # fmt: skip
        self.limit = NumberField(
            tr("Pause above"), round(rules["temperature_limit"]), low=30, high=110, suffix=" °C",
            hint=tr("Of CPU or GPU, whichever is hotter; jobs go on 5 °C below."),
        )  # fmt: skip
        return column(self.mains, self.heat, self.limit, None, gap=18)

    def _work(self, rules: dict[str, Any]) -> QLayout:
        self.busy = Rule(tr("Give way to other work"), self._reading("busy"), rules["busy_on"])
        self.cpu = NumberField(
            tr("CPU used by others"), round(rules["busy_cpu"]), low=5, high=100, suffix=" %"
        )
        self.gpu = NumberField(
            tr("GPU used by others"), round(rules["busy_gpu"]), low=5, high=100, suffix=" %"
        )
        self.seconds = NumberField(
            tr("For at least"), round(rules["busy_for_s"]), low=5, high=3600, suffix=" s"
        )
        self.apps = Rule(
            tr("Never beside listed programs"), self._reading("apps"), rules["apps_on"]
        )
        self.names = TextField(
            tr("Programs"), text=", ".join(rules["apps"]), placeholder="pacs-viewer, slicer",
            hint=tr("Names of processes, separated by commas."),
        )  # fmt: skip
        limits = row((self.cpu, 1), (self.gpu, 1), (self.seconds, 1), gap=12)
        return column(self.busy, limits, self.apps, self.names, None, gap=14)

    def _limits(self, rules: dict[str, Any]) -> QLayout:
        report = self._report
        every = max(1, int(report["cores"]))
        self.capped = Rule(tr("CPU limit"), self._reading("cores"), rules["cores_on"])
        self.cores = NumberField(
            tr("Cores for all jobs together"), min(int(rules["cores"]), every), low=1, high=every
        )
        self.memory = NumberField(
            tr("Memory of one job"), int(report["job_memory"]), high=10 * MEGA, suffix=" MB",
            hint=tr("0 is no limit; holds for jobs that start from now on."),
        )  # fmt: skip
        self.budget = NumberField(
            tr("Egress budget a day"), round(int(report["budget"]) / MEGA), high=10 * MEGA,
            suffix=" MB",
            hint=tr("0 is no budget. Once it is used up, jobs pause until midnight."),
        )  # fmt: skip
        numbers = row((column(self.memory, None), 1), (column(self.budget, None), 1), gap=12)
        return column(self.capped, self.cores, numbers, None, gap=16)

    def _quiet(self) -> QLayout:
        start, end = self._report["quiet_from"], self._report["quiet_to"]
        self.quiet = Rule(
            tr("Quiet hours"),
            tr("No notifications; what waits for your decision stays in the tray icon."),
            bool(start and end),
        )
        half_hours = [f"{half // 2:02d}:{half % 2 * 30:02d}" for half in range(48)]
        times = [(time, time) for time in sorted({*half_hours, start, end} - {""})]
        self.quiet_from = ChoiceField(tr("From"), times)
        self.quiet_to = ChoiceField(tr("To"), times)
        self.quiet_from.select(start or QUIET[0])
        self.quiet_to.select(end or QUIET[1])
        line = row((self.quiet_from, 1), (self.quiet_to, 1), gap=12)
        return column(self.quiet, line, None, gap=16)

    def _reading(self, key: str) -> str:
        found = [state for state in self._report["states"] if state["key"] == key]
        return said(str(found[0]["reading"])) if found else ""

    def _preset(self, week: Week) -> None:
        self.grid.set_cells(to_cells(week))
        self._show_sum()

    def _show_sum(self) -> None:
        self._sum.setText(hours_text(to_week(self.grid.cells())))

    def fields(self) -> dict[str, Any]:
        """Return the rules as they stand in the dialog; those that were not touched stay exact."""
        before = self._report["rules"]
        names = [name.strip() for name in self.names.value().split(",")]
        is_same_week = self.grid.cells() == to_cells(before["hours"])
        return {
            "hours_on": self.hours.is_on,
            "hours": before["hours"] if is_same_week else to_week(self.grid.cells()),
            "mains_on": self.mains.is_on,
            "temperature_on": self.heat.is_on,
            "temperature_limit": float(self.limit.number()),
            "busy_on": self.busy.is_on,
            "busy_cpu": float(self.cpu.number()),
            "busy_gpu": float(self.gpu.number()),
            "busy_for_s": float(self.seconds.number()),
            "apps_on": self.apps.is_on,
            "apps": [name for name in dict.fromkeys(names) if name],
            "cores_on": self.capped.is_on,
            "cores": self.cores.number(),
        }

    def settings(self) -> dict[str, Any]:
        """Return the settings that stand beside the rules in the dialog."""
        budget = self.budget.number() * MEGA
        if round(int(self._report["budget"]) / MEGA) == self.budget.number():
            budget = int(self._report["budget"])  # a budget below a megabyte is not rounded away
        return {
            "daily_egress_budget": budget,
            "job_memory": self.memory.number(),
            "quiet_from": self.quiet_from.key() if self.quiet.is_on else "",
            "quiet_to": self.quiet_to.key() if self.quiet.is_on else "",
        }

    def _save(self) -> None:
        fields = self.fields()
        if fields["apps_on"] and not fields["apps"]:
            self.tabs.select("work")
            self.names.say(tr("Name at least one program, or switch the rule off."))
            self.names.edit.setFocus()
            return
        client, settings = self._context.client, self.settings()

        def send() -> Any:
            client.call("settings.set", **settings)
            return client.call("rules.set", **fields)

        self.save.setEnabled(False)
        self._context.tasks.run(send, self._saved, self._failed, self)

    def _saved(self, report: dict[str, Any]) -> None:
        self.saved.emit(report)
        self.accept()

    def _failed(self, error: Exception) -> None:
        self.save.setEnabled(True)
        self._context.notify(tr("The rules were not changed"), str(error), kind="danger")
