"""The connection doctor: the fault in one sentence, the way, every check, and what helps."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.doctor import model
from app.pages.doctor.check_row import CheckRow
from app.pages.doctor.fix_card import FixCard
from app.pages.doctor.path_view import PathView
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.labels import Icon, Label
from app.widgets.layouts import Part, column, row, rule, scrolled
from app.widgets.page import Page
from app.widgets.piecemeal import Piecemeal
from app.widgets.theme import theme
from app.widgets.words import age
from app.wire_words import said

FRESH_S = 60.0  # a report younger than this is shown as it is when the page is opened again
AT_ONCE = 4  # findings that are shown in one turn of the event loop


class DoctorPage(Page):
    """Examine the way to the hub in use, or to one that is typed."""

    title = mark("Connection doctor")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.report: dict[str, Any] | None = None
        self._run = 0
        self._is_running = False
        self.filling = Piecemeal(self)
        self.icon = Icon("stethoscope", "info", 22, square=44)
        self.sentence = Label(tr("Looking at the connection"), "section", wrap=True)
        self.consequence = Label("", "body", "muted", wrap=True)
        self.path = PathView()
        head = Card()
        words = column(self.sentence, self.consequence, gap=4)
        head.add(row(column(self.icon, None), (words, 1), gap=18), 4, self.path)
        self.address = QLineEdit()
        self.address.setPlaceholderText(tr("Hub address or invitation link"))
        self.address.setAccessibleName(tr("Hub address or invitation link to check"))
        self.address.setFixedHeight(32)
        self.address.setMinimumWidth(250)
        self.address.setFont(theme().font(400, 12, mono=True))
        self.address.returnPressed.connect(self.run)
        self.again = Button(tr("Run again"), icon="refresh-cw", on_click=self.run)
        self.summary = Label("", "small", "faint")
        checks = Card(tr("Checks"), actions=[self.summary, self.address, self.again], gap=0)
        self.problem = Label("", "small", "danger", wrap=True)
        self.problem.hide()
        self.rows = {key: CheckRow(key) for key in model.ready_rows()}
        parts: list[Part] = [self.problem, 8]
        for number, one in enumerate(self.rows.values()):
            parts += [rule()] if number else []
            parts.append(one)
        checks.add(*parts)
        self.fix = FixCard()
        self.fix.copy_wanted.connect(self._copy)
        self.fix.save_wanted.connect(self._save)
        content = QWidget()
        below = row((column(checks, None), 1), self.fix, gap=16)
        content.setLayout(column(head, below, None, gap=16, margins=(24, 20, 24, 20)))
        self.setLayout(column(scrolled(content)))
        self.keep = Button(tr("Save report"), icon="download", on_click=self._save)
        self.keep.setEnabled(False)
        self.back = Button(
            tr("Back to the first page"), icon="arrow-left",
            on_click=lambda: context.navigate("sign_in"),
        )  # fmt: skip
        self.top_actions = [self.keep]
        context.events.doctor.connect(self._heard)
        self._clock = QTimer(self, interval=5000)
        self._clock.timeout.connect(self._tell_age)

    def open(self, **arguments: Any) -> None:
        """Look at once; `url` names what to look at instead of the hub in use."""
        is_in = bool(self.context.status().get("account"))
        self.top_actions = [self.keep] if is_in else [self.back, self.keep]
        url = str(arguments.get("url") or "")
        if url:
            self.address.setText(url)
        at = float(self.report["at"]) if self.report else 0.0
        if url or (not self._is_running and time.time() - at > FRESH_S):
            self.run()
        self._clock.start()

    def left(self) -> None:
        """Stop to count the age; a run that goes on is shown when the page is opened again."""
        self._clock.stop()

    def run(self) -> None:
        """Run every check."""
        self._run += 1
        self._is_running = True
        self.filling.start()
        self.problem.hide()
        self.again.setEnabled(False)
        self.keep.setEnabled(False)
        for one in self.rows.values():
            one.wait()
        next(iter(self.rows.values())).begin()
        self.icon.set_icon("stethoscope", "info")
        self.sentence.setText(tr("Looking at the connection"))
        self.consequence.setText(tr("Each check takes at most 10 s."))
        self.summary.setText("")
        self.path.show_path([])
        self.fix.show_report(None)
        number = self._run
        self.context.tasks.call(
            "doctor.run",
            lambda report: self._take(number, report),
            lambda error: self._failed(number, error),
            self,
            hub_url=self.address.text().strip(),
            run=str(number),
        )

    def _heard(self, event: dict[str, Any]) -> None:
        """Show a finding; of several that come together each has its turn."""
        if str(event.get("run")) == str(self._run) and self._is_running:
            self.filling.add(lambda: self._show_heard(event))

    def _show_heard(self, event: dict[str, Any]) -> None:
        keys = list(self.rows)
        check = event["check"]
        if check["key"] in self.rows:
            self.rows[check["key"]].show_check(check)
            following = keys.index(check["key"]) + 1
            if following < len(keys):
                self.rows[keys[following]].begin()
        self.summary.setText(
            tr("{done} of {total}", done=event.get("done", 0), total=event.get("total", 0))
        )

    def _take(self, number: int, report: dict[str, Any]) -> None:
        if number != self._run:
            return
        self._end()
        self.report = report
        checks = [check for check in report["checks"] if check["key"] in self.rows]
        some = [checks[at : at + AT_ONCE] for at in range(0, len(checks), AT_ONCE)]
        self.filling.start(
            lambda: self._show_head(report),
            *(partial(self._show_checks, part) for part in some),
            lambda: self.fix.show_report(report),
        )
        self.keep.setEnabled(True)
        self._tell_age()

    def _show_checks(self, checks: list[dict[str, Any]]) -> None:
        for check in checks:
            self.rows[check["key"]].show_check(check)

    def _show_head(self, report: dict[str, Any]) -> None:
        icon, tok = model.HEADS[report["state"]]
        self.icon.set_icon(icon, tok)
        self.sentence.setText(said(report["sentence"]))
        self.consequence.setText(said(report["consequence"]))
        self.path.show_path(report["path"])
        seconds = f"{report['took_s']:.1f}"
        self.summary.setText(
            tr("{count} checks in {seconds} s", count=len(report["checks"]), seconds=seconds)
        )

    def _failed(self, number: int, error: Exception) -> None:
        if number != self._run:
            return
        self._end()
        self.filling.finish()
        for one in self.rows.values():
            if one.state in {"", "running"}:
                one.wait()
        sentence, rest = sentence_of(error)
        self.icon.set_icon("circle-alert", "danger")
        self.sentence.setText(sentence)
        self.consequence.setText(rest)
        if getattr(error, "code", "").startswith("input."):
            self.address.setFocus()

    def _end(self) -> None:
        self._is_running = False
        self.again.setEnabled(True)

    def _tell_age(self) -> None:
        if self.report is not None:
            since = tr("checked {age} ago", age=age(float(self.report["at"])))
            self.set_heading(self.title, since)

    def _copy(self) -> None:
        if self.report is not None:
            QGuiApplication.clipboard().setText(model.letter_text(self.report))
            self.context.notify(tr("The letter is on the clipboard"), kind="ok")

    def _save(self) -> None:
        report = self.report
        if report is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, tr("Save report"), "silodesk-connection.txt",
            tr("Letter (*.txt);;Whole report (*.json)"),
        )  # fmt: skip
        if path:
            self.context.tasks.run(
                lambda: model.save(path, report),
                lambda _: self.context.notify(tr("Saved"), path, kind="ok"),
                parent=self,
            )
