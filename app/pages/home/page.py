"""Home: what needs a decision, what runs, what ended, what left, and the house's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from app.context import AppContext
from app.i18n import mark, tr, trn
from app.pages.home.decisions import DecisionsCard
from app.pages.home.egress import EgressCard
from app.pages.home.ended import EndedCard
from app.pages.home.header import SiloHeader
from app.pages.home.jobs import JobsCard
from app.pages.home.rules_card import RulesCard
from app.pages.home.rules_words import QUIET, switched_text
from app.told import InOrder, Told
from app.widgets.banner import Banner
from app.widgets.buttons import Button
from app.widgets.dialogs import confirm
from app.widgets.layouts import column, row, scrolled
from app.widgets.opening import open_in_slices
from app.widgets.page import Page
from app.wire_words import said

NARROW = 980  # under this width the right column moves below
TICK_MS = 1000
HISTORY_MS = 60_000


class HomePage(Page):
    """The operator's first page."""

    title = mark("Home")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._jobs = Told("job_id")
        self._approvals, self._rules = InOrder(), InOrder()
        self._report: dict[str, Any] = {}
        self._budget = 0
        self.pause_all = Button(tr("Pause all"), icon="pause", on_click=self._turn_all)
        self.pause_all.setToolTip(tr("Every job here, at the end of its round; also new ones"))
        self.stop_all = Button(tr("Stop everything"), "dangerline", icon="power-off",
                               on_click=self._ask_stop_all)  # fmt: skip
        self.top_actions = [self.pause_all, self.stop_all]
        self.paused = Banner("warn", tr("All jobs here are paused"), "", tr("Resume all"))
        self.paused.hide()
        self.header = SiloHeader()
        self.decisions = DecisionsCard(lambda: context.navigate("approvals"))
        self.jobs = JobsCard(lambda: context.navigate("projects"))
        self.egress = EgressCard(lambda: self._edit("limits"))
        self.rules = RulesCard(lambda: self._edit("hours"))
        self.ended = EndedCard()
        left = column(self.decisions, self.jobs, (self.ended, 1), gap=16)
        right = column(self.egress, (self.rules, 1), gap=16)
        self._sides: QBoxLayout = row((left, 7), (right, 4), gap=16)
        content = QWidget()
        content.setLayout(
            column(self.paused, self.header, (self._sides, 1), gap=16, margins=(24, 20, 24, 20))
        )
        self.area = scrolled(content)
        self.setLayout(column(self.area))
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self.jobs.tick)
        self._tick.timeout.connect(self.header.tick)
        self._hourly = QTimer(self, interval=HISTORY_MS)
        self._hourly.timeout.connect(self._read_history)
        self._connect()

    def _connect(self) -> None:
        events = self.context.events
        events.status.connect(self._take_status)
        events.job.connect(self._take_job)
        events.approval.connect(lambda *_: self._read_approvals())
        events.settings.connect(lambda *_: self._read_rules())
        self.decisions.reviewed.connect(self._review)
        self.jobs.stopped.connect(self._ask_stop)
        self.jobs.paused.connect(self._pause)
        self.jobs.resumed.connect(self._resume)
        self.rules.switched.connect(self._switch)
        self.paused.acted.connect(self._turn_all)
        for card in (self.jobs, self.ended):
            card.opened.connect(lambda run_id: self.context.navigate("run", run_id=run_id))

    def open(self, **arguments: Any) -> None:
        """Read everything once; events keep it current."""
        self._take_status(self.context.status())
        self._read_approvals()
        self._read_history()
        self._read_rules()
        self._jobs.ask()
        self.context.tasks.call("jobs.list", self._take_jobs, _quietly, self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()
        self._hourly.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._tick.stop()
        self._hourly.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._sides.setDirection(way)
        self.header.set_narrow(narrow)

    def _read_approvals(self) -> None:
        show = self._approvals.taking(self.decisions.show_approvals)
        self.context.tasks.call("approvals.list", show, _quietly, self, state="pending")

    def _read_rules(self) -> None:
        take = self._rules.taking(self._take_report)
        self.context.tasks.call("rules.get", take, self._no_rules, self)

    def _read_history(self) -> None:
        self.context.tasks.call("traffic.history", self.egress.show_history, _quietly, self)

    def _take_status(self, status: dict[str, Any]) -> None:
        if not status:
            return
        self.header.show_status(status)
        self.egress.show_status(status, self._budget)
        self.rules.show_states(status.get("rules") or [])
        self._show_all_paused(str(status.get("all_paused") or ""))
        self._take_all(status.get("jobs") or [])
        silo = (status.get("device") or {}).get("silo") or ""
        if silo != self.subtitle:
            self.set_heading(self.title, silo)

    def _take_jobs(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs.take(jobs)
        self._show_jobs()

    def _take_job(self, job: dict[str, Any]) -> None:
        self._take_all([job])

    def _take_all(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs.tell(*jobs)
        self._show_jobs()

    def _show_jobs(self) -> None:
        jobs = self._jobs.values()
        self.jobs.show_jobs(jobs)
        self.ended.show_jobs(jobs)
        self.stop_all.setEnabled(bool(self.jobs.rows()))

    def _show_all_paused(self, reason: str) -> None:
        self.paused.setVisible(bool(reason))
        if reason:
            text = tr("{reason} Jobs that come wait as well.", reason=said(reason))
            self.paused.set("warn", tr("All jobs here are paused"), text, tr("Resume all"))
        self.pause_all.setText(tr("Resume all") if reason else tr("Pause all"))
        self.pause_all.set_icon("play" if reason else "pause")
        self.pause_all.setAccessibleName(self.pause_all.text().strip())

    def _take_report(self, report: dict[str, Any]) -> None:
        self._report = report
        self._budget = int(report["budget"])
        self.rules.show_rules(report["rules"])
        self.rules.show_states(report["states"])
        self._show_all_paused(str(report["all_paused"]))
        status = self.context.status()
        if status:
            self.egress.show_status(status, self._budget)

    def _no_rules(self, error: Exception) -> None:
        self.rules.fail(said(str(error)))

    def _switch(self, key: str, is_on: bool) -> None:
        rules = self.rules.rules
        if rules is None:
            return
        if key == "apps" and is_on and not rules["apps"]:
            self.rules.rows[key].switch.setChecked(False)
            self._edit("work")
            return

        before = self._report

        def undo() -> None:
            self._write(before, key, not is_on, self._take_report)

        def done(report: dict[str, Any]) -> None:
            self._take_report(report)
            self.context.notify(
                switched_text(key, is_on, report["rules"]), action=tr("Undo"), on_action=undo
            )

        self._write(before, key, is_on, done)

    def _write(
        self, before: dict[str, Any], key: str, is_on: bool, done: Callable[[Any], object]
    ) -> None:
        client = self.context.client

        def send() -> Any:
            if key != "quiet":
                return client.call("rules.set", **{f"{key}_on": is_on})
            start, end = before.get("quiet_from") or QUIET[0], before.get("quiet_to") or QUIET[1]
            hours = (start, end) if is_on else ("", "")
            client.call("settings.set", quiet_from=hours[0], quiet_to=hours[1])
            return client.call("rules.get")

        self.context.tasks.run(send, done, self._not_set, self)

    def _not_set(self, error: Exception) -> None:
        self.context.notify(tr("The rules were not changed"), said(str(error)), kind="danger")
        if self._report:
            self._take_report(self._report)

    def _edit(self, part: str) -> None:
        def show(report: dict[str, Any]) -> None:
            before = report
            # Imported when asked for: the first window waits for neither dialog.
            from app.pages.home.rules_dialog import RulesDialog

            dialog = RulesDialog(self, self.context, report, part)
            dialog.saved.connect(lambda after: self._edited(before, after))
            dialog.open()

        self.context.tasks.call("rules.get", show, parent=self)

    def _edited(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._take_report(after)
        client = self.context.client

        def undo() -> None:
            def send() -> Any:
                client.call(
                    "settings.set", daily_egress_budget=before["budget"],
                    job_memory=before["job_memory"], quiet_from=before["quiet_from"],
                    quiet_to=before["quiet_to"],
                )  # fmt: skip
                rules = {k: v for k, v in before["rules"].items() if k != "version"}
                return client.call("rules.set", **rules)

            self.context.tasks.run(send, self._take_report, self._not_set, self)

        self.context.notify(tr("House rules changed"), action=tr("Undo"), on_action=undo)

    def _pause(self, job: dict[str, Any]) -> None:
        self.context.tasks.call("jobs.pause", self._take_job, parent=self, job_id=job["job_id"])

    def _resume(self, job: dict[str, Any]) -> None:
        if (job.get("hold") or {}).get("cause") == "budget":
            self._edit("limits")
            return
        self.context.tasks.call("jobs.resume", self._take_job, parent=self, job_id=job["job_id"])

    def _turn_all(self) -> None:
        paused = not self.paused.isHidden()
        method = "jobs.resume_all" if paused else "jobs.pause_all"
        self.context.tasks.call(method, self._turned_all, parent=self)

    def _turned_all(self, jobs: list[dict[str, Any]]) -> None:
        self._take_all(jobs)
        self._read_rules()

    def _review(self, approval: dict[str, Any]) -> None:
        from app.widgets.decision_dialog import DecisionDialog

        open_in_slices(
            self,
            lambda: DecisionDialog(self, self.context, approval),
            lambda dialog: dialog.decided.connect(self._read_approvals),
        )

    def _ask_stop(self, job: dict[str, Any]) -> None:
        confirm(
            self,
            tr("Stop run {id} on this machine?", id=job["run_id"]),
            tr("The job ends within 10 s and what it had not sent is lost. "
               "Other silos go on if the run's quorum still holds."),
            tr("Stop this job"),
            lambda: self.context.tasks.call(
                "jobs.stop", self._take_job, parent=self, job_id=job["job_id"],
                reason="Stopped by the operator",
            ),
        )  # fmt: skip

    def _ask_stop_all(self) -> None:
        confirm(
            self,
            trn("Stop the job on this machine?", "Stop all {count} jobs on this machine?",
                len(self.jobs.rows())),
            tr("Every job here ends within 10 s. Runs go on elsewhere where their quorum holds. "
               "Nothing starts again by itself."),
            tr("Stop everything"),
            lambda: self.context.tasks.call(
                "jobs.stop_all", self._stopped_all, parent=self, reason="Stopped by the operator"
            ),
        )  # fmt: skip

    def _stopped_all(self, jobs: list[dict[str, Any]]) -> None:
        self._take_all(jobs)
        self.context.notify(
            trn("Stopping {count} job", "Stopping {count} jobs", len(jobs)), kind="ok"
        )


def _quietly(_: Exception) -> None:
    """Leave a card as it is; the next event or visit reads it again, the foot tells the state."""
