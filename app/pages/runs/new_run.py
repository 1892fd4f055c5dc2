"""The dialog that puts a run together and starts it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from agent_core.protocol.records import Application, Device, Group, Project, Run
from app.bridge.tasks import sentence_of
from app.context import AppContext, Task
from app.i18n import tr
from app.pages.runs.new_run_calls import Found, Places, create, read, read_places
from app.pages.runs.new_run_devices import DevicePicker
from app.pages.runs.new_run_model import (
    Draft,
    approved_before,
    budget_words,
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
from app.widgets.recall import Recall
from app.widgets.seen import seen_now
from app.widgets.theme import theme
from app.widgets.tokens import look
from app.widgets.words import plural

TICK_MS = 1000
FRESH_S = 5.0  # how often presence is read again while the dialog is open


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
        self._budget = 0
        self._history: dict[int, Run] = {run.id: run for run in runs}
        self._reading: Task | None = None
        self._offered: list[tuple[str, int | None]] = []  # as servers
        self._recall = Recall()
        self._sending = self._is_read = False
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._build()
        context.tasks.run(partial(read, context, group.id), self._on_read, self._on_failed, self)
        context.events.changed.connect(self._on_changed)
        self._clock = QTimer(self, interval=TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()

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
        self._is_read = True
        self._applications, self._words = list(found.applications), found.words
        self._history = {run.id: run for run in (*found.history, *self._runs)}
        self._budget = found.budget
        newest = max(self._runs, key=lambda run: run.id, default=None)
        self.draft = self.devices.draft = Draft.start(found.devices, newest, self._own_edge())
        self.draft.group_id = self._group.id
        self.application.blockSignals(True)
        for one in self._applications:
            self.application.addItem(one.name, one.id)
        last = newest.application_id if newest is not None else None
        self.application.setCurrentIndex(max(0, self.application.findData(last)))
        self.application.blockSignals(False)
        self._show_places(found)
        self.slow.deadline.setValue(int(self.draft.deadline_s))
        self._on_application()
        if not self._applications:
            self._say(tr("The group has no application yet. Upload a package under Applications."))

    def _show_places(self, found: Places) -> None:
        """Show the group and its devices as they are now; what was chosen stays."""
        self._group = found.group
        self.devices.set_group(found.group)
        self.draft.update(found.devices, found.read_at)
        offered: list[tuple[str, int | None]] = [(tr("Choose a device"), None)]
        for device in self.draft.devices:
            seen = seen_now(device, found.read_at)
            away = "" if seen == "online" else f", {look(seen.upper()).word.lower()}"
            offered.append((f"{device.silo or device.name} ({device.name}{away})", device.edge_id))
        if offered != self._offered:
            self._offered = offered
            self.server.clear()
            for text, edge in offered:
                self.server.addItem(text, edge)
        self.server.setCurrentIndex(max(0, self.server.findData(self.draft.server)))
        silos = {device.silo or device.name for device in found.devices}
        note = f"{plural(len(silos), 'site')}, {plural(len(found.devices), 'device')}"
        self._group_note.setText(f"{self._group.name}: {note}")

    # --- while it is open ---
    def _on_changed(self, what: str, _number: object, _change: int) -> None:
        if what in {"group", "device"}:
            self._look_again()

    def _tick(self) -> None:
        self.devices.tick()
        if time.time() - self.draft.read_at > FRESH_S:
            self._look_again()

    def _look_again(self) -> None:
        """Read who is there; a failure leaves what is known, whose age is seen."""
        if not self._is_read or self._reading is not None or self._sending:
            return

        def take(found: Places) -> None:
            self._reading = None
            if not self._sending:
                self._show_places(found)
                self.refresh()

        def stay(_: Exception) -> None:
            self._reading = None

        work = partial(read_places, self._context, self._group.id)
        self._reading = self._context.tasks.run(work, take, stay, self)

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
            own = budget_words(application, self.draft, list(self._history.values()),
                               self._own_edge(), self._budget)  # fmt: skip
            self._cost_note.setText(f"{second}; {own}" if own else second)

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
        recall = self._recall = Recall()
        work = partial(create, self._context, wish, recall, start=start)
        self._context.tasks.run(work, self._on_made, self._on_not_made, self)

    def reject(self) -> None:
        """Close without a run; once its start is under way there is no way back here."""
        if self._sending and not self._recall.take_back():
            self._cost_note.setText(tr("It is on its way and can be stopped on its own page."))
            return
        super().reject()

    def _on_made(self, run: Run) -> None:
        self._sending = False
        self.accept()
        self.made.emit(run)

    def _on_not_made(self, error: Exception) -> None:
        self._set_busy(False)
        title, text = sentence_of(error)
        self._say(title)
        self._cost_note.setText(text)

    def _set_busy(self, on: bool) -> None:
        self._sending = on
        self._start.setEnabled(not on)
        self._draft.setEnabled(not on)
        self._start.setText(tr("Starting…") if on else tr("Start run"))
