"""Settings: names, data folder, theme, and what is known about this machine."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.dialogs import confirm
from app.widgets.forms import Form, NumberField, TextField
from app.widgets.key_value import KeyValue
from app.widgets.labels import Label
from app.widgets.layouts import column, row, rule, scrolled
from app.widgets.page import Page
from app.widgets.path_field import PathField
from app.widgets.switches import Segmented, Switch
from app.widgets.words import memory

MB = 1_000_000


class SettingsPage(Page):
    """What a person may set on this machine."""

    title = "Settings"
    subtitle = "of this machine"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.silo = TextField("Name of this silo", hint="Used when this machine is bound again.")
        self.device = TextField("Name of this machine")
        self.data = PathField(
            "Data folder", placeholder="/srv/silo/data",
            hint="Jobs see it read-only, as /data. Nothing else of this machine is shown to them.",
        )  # fmt: skip
        self.budget = NumberField(
            "Daily budget for what leaves", 0, suffix=" MB", high=1_000_000,
            hint="Home compares with it. 0 is no budget.",
        )  # fmt: skip
        self.form = Form(self.silo, self.device, self.data, self.budget)
        self.save = Button("Save", "primary", on_click=self._save)
        for field in (self.silo, self.device, self.data):
            field.edit.returnPressed.connect(self._save)
        self.problem = Label("", "small", "danger", wrap=True)
        self.problem.hide()
        silo = Card("This silo", icon="hospital")
        silo.add(
            row(self.silo, self.device, gap=16), self.data, self.budget, self.problem,
            row(None, self.save),
        )  # fmt: skip
        self.themes = Segmented(
            (("system", "System"), ("light", "Light"), ("dark", "Dark")), context.theme.mode
        )
        self.themes.chosen.connect(self._choose_theme)
        self.prewarm = Switch("Keep a worker ready")
        self.prewarm.clicked.connect(lambda on: self._set(prewarm=on))
        look = Card("Look and speed", icon="sliders-horizontal", gap=0)
        look.add(
            _line("Theme", "System follows your desktop", self.themes),
            rule(),
            _line("Keep a worker ready", "Runs start faster; costs some hundred MB of memory",
                  self.prewarm),
        )  # fmt: skip
        self.facts = KeyValue(key_width=110, mono=("Home", "Device id", "Hub"))
        self.unbind = Button("Unbind this machine...", "dangerline", on_click=self._ask_unbind)
        machine = Card("This machine", icon="monitor")
        machine.add(self.facts, row(None, self.unbind))
        content = QWidget()
        left = column(silo, look, None, gap=16)
        right = column(machine, None, gap=16)
        content.setLayout(row((left, 3), (right, 2), gap=16, margins=(24, 20, 24, 20)))
        self.setLayout(column(scrolled(content)))

    def open(self, **arguments: Any) -> None:
        """Read the settings."""
        self.themes.select(self.context.theme.mode)
        self._show_machine(self.context.status())
        self.context.tasks.call("settings.get", self._take, parent=self)

    def _take(self, settings: dict[str, Any]) -> None:
        self.silo.set(settings.get("silo") or "")
        self.device.set(settings.get("device_name") or "")
        self.data.set(settings.get("data_dir") or "")
        self.budget.spin.setValue(int(settings.get("daily_egress_budget") or 0) // MB)
        self.prewarm.setChecked(bool(settings.get("prewarm")))

    def _show_machine(self, status: dict[str, Any]) -> None:
        hardware, device = status.get("hardware") or {}, status.get("device") or {}
        self.facts.set("Hub", status.get("hub_url") or "none")
        self.facts.set("Device id", device.get("device_id") or "not bound")
        self.facts.set("Edge id", str(device.get("edge_id") or "–"))
        cores = f"{hardware.get('cores') or '?'} cores, {memory(hardware.get('memory'))} GB"
        self.facts.set("Processor", cores)
        self.facts.set("GPU", ", ".join(hardware.get("gpus") or []) or "none found")
        self.facts.set("System", hardware.get("os") or "–")
        self.facts.set("Sandbox", hardware.get("sandbox") or "none")
        self.facts.set("Home", str(self.context.home.root))
        self.facts.set("Agent", f"version {status.get('version', '–')}")
        self.unbind.setEnabled(bool(device))

    def _save(self) -> None:
        self.problem.hide()
        self.data.say("")
        self._set(
            silo=self.silo.value(),
            device_name=self.device.value(),
            data_dir=self.data.value(),
            daily_egress_budget=self.budget.number() * MB,
            told="Settings saved",
        )

    def _set(self, told: str = "", **fields: Any) -> None:
        def saved(settings: dict[str, Any]) -> None:
            self._take(settings)
            if told:
                self.context.notify(told, kind="ok")

        def failed(error: Exception) -> None:
            if getattr(error, "code", "") == "input.data":
                self.data.say(" ".join(sentence_of(error)))
                self.data.control.setFocus()
                return
            self.problem.setText(" ".join(sentence_of(error)))
            self.problem.show()

        self.context.tasks.call("settings.set", saved, failed, self, **fields)

    def _choose_theme(self, mode: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            self.context.theme.apply(app, mode)
        self._set(theme=mode)

    def _ask_unbind(self) -> None:
        confirm(
            self,
            "Unbind this machine from the hub?",
            "It gets no runs any more and its credentials end. What it sent stays at the hub.",
            "Unbind",
            lambda: self.context.tasks.call("device.unbind", parent=self),
            icon="unplug",
        )


def _line(title: str, text: str, control: QWidget) -> QWidget:
    line = QWidget()
    words = column(Label(title, "medium"), Label(text, "small", "muted"), gap=1)
    line.setLayout(row((words, 1), control, gap=12, margins=(0, 10, 0, 10)))
    return line
