"""The dialog that puts a run together and starts it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from agent_core.keys import fingerprint_words
from agent_core.protocol.records import Application, Device, Group, Project, Run
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.runs.new_run_devices import DevicePicker
from app.pages.runs.new_run_model import (
    Draft,
    approved_before,
    estimate,
    last_run_of,
    parameters_of,
    rounds_for,
)
from app.pages.runs.new_run_slow import SlowPanel, make_spin
from app.pages.runs.parameter_form import ParameterForm
from app.pages.runs.parameter_rows import WIDTH
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row, rule, scrolled
from app.widgets.theme import theme
from app.widgets.words import plural

Found = tuple[list[Application], list[Device], dict[str, str], list[Run]]


class NewRunDialog(Dialog):
    """Application, devices, parameters, and what happens when a site is slow."""

    made = Signal(object)  # the Run, started or not

    def __init__(
        self,
        parent: QWidget,
        context: AppContext,
        project: Project,
        group: Group,
        runs: Sequence[Run],
    ) -> None:
        super().__init__(
            parent, tr("New run"), project.name, icon="rocket", tok="accent_text", width=1060,
            height=min(700, parent.window().height() - 60),
        )  # fmt: skip
        self._context = context
        self._project = project
        self._group = group
        self._runs = runs
        self._applications: list[Application] = []
        self.draft = Draft([])
        self._words: dict[str, str] = {}
        self._history: dict[int, Run] = {run.id: run for run in runs}
        self._build()
        context.tasks.run(partial(_read, context, group), self._on_read, self._on_failed, self)

    # --- layout ---
    def _build(self) -> None:
        self.devices = DevicePicker(self._group)
        self.devices.changed.connect(self.refresh)
        self.slow = SlowPanel()
        self.slow.deadline_changed.connect(self._on_numbers)
        self.slow.quorum_changed.connect(self._on_quorum)
        self.body.setContentsMargins(20, 16, 20, 12)
        left = column(self._build_what(), (self.devices, 1), gap=14)
        right = QWidget()
        right.setLayout(column(*self._build_parameters(), self.slow, None, gap=10,
                               margins=(0, 0, 6, 12)))  # fmt: skip
        area = scrolled(right)
        area.setFixedWidth(424)
        self.body.addLayout(row((left, 1), rule(vertical=True), area, gap=20), 1)
        self._build_footer()

    def _build_what(self) -> QHBoxLayout:
        self.application = QComboBox()
        self.application.setAccessibleName(tr("Application"))
        self.server = QComboBox()
        self.server.setAccessibleName(tr("Server job runs on"))
        for box in (self.application, self.server):
            box.setFixedHeight(32)
            box.setFont(theme().font(400, 13))
        self.application.currentIndexChanged.connect(lambda _: self._on_application())
        self.server.activated.connect(lambda _: self._on_server())
        self._print = ElidedLabel("", "small", "muted")
        self._group_note = ElidedLabel("", "small", "muted")
        first = column(
            Label(tr("Application"), "small_medium"),
            self.application,
            row(Icon("fingerprint", "faint", 14), (self._print, 1), gap=6),
            gap=6,
        )
        second = column(
            Label(tr("Server job runs on"), "small_medium"),
            self.server,
            row(Icon("users", "faint", 14), (self._group_note, 1), gap=6),
            gap=6,
        )
        return row((first, 1), (second, 1), gap=16)

    def _build_parameters(self) -> list[Any]:
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("what this run is for"))
        self.name.setFixedSize(WIDTH + 130, 32)
        self.name.setFont(theme().font(400, 13))
        self.name.setMaxLength(80)
        self.name.setAccessibleName(tr("Name"))
        self.rounds = make_spin(1, 100_000, "")
        self.rounds.setAccessibleName(tr("Rounds"))
        self.rounds.valueChanged.connect(self._on_numbers)
        self.form = ParameterForm()
        self.form.changed.connect(self._touch)
        self.name.textChanged.connect(lambda _: self._touch())
        return [
            row(Label(tr("Name"), "small"), None, self.name),
            row(Label(tr("Rounds"), "small"), None, self.rounds),
            Label(tr("Parameters"), "small_medium"),
            self.form,
            rule(),
        ]

    def _build_footer(self) -> None:
        self.cost.hide()
        self._cost = Label("", "small_medium")
        self._cost_note = Label("", "small", "muted")
        words = column(self._cost, self._cost_note, gap=2)
        self.footer.insertLayout(0, row(Icon("arrow-up-right", "muted", 16), words, gap=12))
        self._cancel = self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self._draft = self.add_button(
            Button(tr("Save as draft"), on_click=lambda: self._send(False))
        )
        self._start = self.add_button(
            Button(tr("Start run"), "primary", icon="play", on_click=lambda: self._send(True))
        )

    # --- data ---
    def _on_read(self, found: Found) -> None:
        self._applications, devices, self._words, history = found
        self._history = {run.id: run for run in (*history, *self._runs)}
        newest = max(self._runs, key=lambda run: run.id, default=None)
        self.draft = self.devices.draft = Draft.start(devices, newest, self._own_edge())
        self.application.blockSignals(True)
        for one in self._applications:
            self.application.addItem(one.name, one.id)
        last = newest.application_id if newest is not None else None
        self.application.setCurrentIndex(max(0, self.application.findData(last)))
        self.application.blockSignals(False)
        self.server.addItem(tr("Choose a device"), None)
        for device in self.draft.devices:
            away = "" if device.presence == "online" else f", {device.presence}"
            name = f"{device.silo or device.name} ({device.name}{away})"
            self.server.addItem(name, device.edge_id)
        self.server.setCurrentIndex(max(0, self.server.findData(self.draft.server)))
        silos = {device.silo or device.name for device in devices}
        note = f"{plural(len(silos), 'site')}, {plural(len(devices), 'device')}"
        self._group_note.setText(f"{self._group.name}: {note}")
        self.slow.deadline.setValue(int(self.draft.deadline_s))
        self._on_application()
        if not self._applications:
            self._say(tr("The group has no application yet. Upload a package under Applications."))

    def _own_edge(self) -> int | None:
        device = self._context.status().get("device")
        return Device.model_validate(device).edge_id if device else None

    def _on_failed(self, error: Exception) -> None:
        self._say(sentence_of(error)[0])
        self._start.setEnabled(False)
        self._draft.setEnabled(False)

    def current(self) -> Application | None:
        """Return the chosen application."""
        chosen = self.application.currentData()
        return next((one for one in self._applications if one.id == chosen), None)

    def _on_application(self) -> None:
        application = self.current()
        if application is None:
            return
        digests = [package.content_digest for package in application.packages]
        self._print.setText(" · ".join(self._words.get(digest, "") for digest in digests))
        self.draft.approved = approved_before(application, list(self._history.values()))
        self.form.show_parameters(parameters_of(application, self._runs))
        self.rounds.setValue(rounds_for(application, self._runs))
        last = last_run_of(application, self._runs)
        if last is not None:
            self.slow.deadline.setValue(int(last.round_deadline_s))
        self._touch()
        self.refresh()

    # --- what is shown ---
    def refresh(self) -> None:
        """Show the draft."""
        self.devices.refresh()
        self.slow.show_draft(self.draft)
        application = self.current()
        if application is not None:
            first, second = estimate(application, self.draft, list(self._history.values()))
            self._cost.setText(first)
            self._cost.set_token("text")
            self._cost_note.setText(second)

    def _say(self, problem: str) -> None:
        self._cost.setText(problem)
        self._cost.set_token("danger")
        self._cost_note.setText("")

    # --- input ---
    def _on_server(self) -> None:
        self.draft.set_server(self.server.currentData())
        self.refresh()

    def _on_numbers(self) -> None:
        self.draft.rounds = self.rounds.value()
        self.draft.deadline_s = float(self.slow.deadline.value())
        self._touch()
        self.refresh()

    def _on_quorum(self, value: int) -> None:
        self.draft.quorum = value if value < len(self.draft.chosen) else None
        self._touch()
        self.refresh()

    def _touch(self) -> None:
        self.draft.touch()

    # --- sending ---
    def _send(self, start: bool) -> None:
        application = self.current()
        problem = self.draft.problem() if application else tr("Choose an application.")
        if problem or application is None:
            self._say(problem)
            return
        if not self.form.validate():
            return
        wish = self.draft.wish(self._project.id, application, self.name.text().strip())
        wish["parameters"] = self.form.values()
        self._set_busy(True)
        work = partial(_create, self._context, wish, start=start)
        self._context.tasks.run(work, self._on_made, self._on_not_made, self)

    def _on_made(self, run: Run) -> None:
        self.accept()
        self.made.emit(run)

    def _on_not_made(self, error: Exception) -> None:
        self._set_busy(False)
        title, text = sentence_of(error)
        self._say(title)
        self._cost_note.setText(text)

    def _set_busy(self, on: bool) -> None:
        self._start.setEnabled(not on)
        self._draft.setEnabled(not on)
        self._start.setText(tr("Starting…") if on else tr("Start run"))


def _read(context: AppContext, group: Group) -> Found:
    call = context.client.call
    applications = [
        Application.model_validate(item)
        for item in call("applications.list", group_id=group.id)["items"]
    ]
    applications = [one for one in applications if one.group_id == group.id]
    inside = set(group.devices)
    devices = [Device.model_validate(item) for item in call("devices.list")["items"]]
    devices = [device for device in devices if device.edge_id in inside]
    words = {
        package.content_digest: fingerprint_words(package.content_digest)
        for one in applications
        for package in one.packages
    }
    # Runs of other projects tell as well what an application sends, and who approved it.
    history = [
        Run.model_validate(item)
        for item in call("runs.list", group_id=group.id, limit=100)["items"]
    ]
    return applications, devices, words, history


def _create(context: AppContext, wish: dict[str, Any], *, start: bool) -> Run:
    run = Run.model_validate(context.client.call("runs.create", **wish))
    if not start:
        return run
    return Run.model_validate(context.client.call("runs.start", run_id=run.id))
