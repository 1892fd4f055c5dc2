"""Home: what needs a decision, what runs, what ended, what left."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from app.context import AppContext
from app.pages.home.decisions import DecisionsCard
from app.pages.home.egress import EgressCard, GuardCard
from app.pages.home.ended import EndedCard
from app.pages.home.header import SiloHeader
from app.pages.home.jobs import JobsCard
from app.widgets.buttons import Button
from app.widgets.decision_dialog import DecisionDialog
from app.widgets.dialogs import confirm
from app.widgets.layouts import column, row, scrolled
from app.widgets.page import Page
from app.widgets.words import plural


class HomePage(Page):
    """The operator's first page."""

    title = "Home"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._jobs: dict[str, dict[str, Any]] = {}
        self._budget = 0
        self._data_dir = ""
        self._standing = 0
        self.stop_all = Button("Stop everything", "dangerline", icon="power-off",
                               on_click=self._ask_stop_all)  # fmt: skip
        self.top_actions = [self.stop_all]
        self.header = SiloHeader()
        self.decisions = DecisionsCard(lambda: context.navigate("approvals"))
        self.jobs = JobsCard(lambda: context.navigate("projects"))
        self.egress = EgressCard()
        self.guard = GuardCard()
        self.ended = EndedCard()
        self.ended.opened.connect(lambda run_id: context.navigate("run", run_id=run_id))
        left = column(self.decisions, self.jobs, (self.ended, 1), gap=16)
        right = column(self.egress, (self.guard, 1), gap=16)
        content = QWidget()
        content.setLayout(
            column(self.header, (row((left, 7), (right, 4), gap=16), 1), gap=16,
                   margins=(24, 20, 24, 20))
        )  # fmt: skip
        self.setLayout(column(scrolled(content)))
        self._connect()

    def _connect(self) -> None:
        events = self.context.events
        events.status.connect(self._take_status)
        events.job.connect(self._take_job)
        events.approval.connect(lambda *_: self._read_approvals())
        self.decisions.reviewed.connect(self._review)
        self.jobs.stopped.connect(self._ask_stop)
        self.jobs.opened.connect(lambda run_id: self.context.navigate("run", run_id=run_id))

    def open(self, **arguments: Any) -> None:
        """Read everything once; events keep it current."""
        self._take_status(self.context.status())
        self._read_approvals()
        call = self.context.tasks.call
        call("jobs.list", self._take_jobs, _quietly, self)
        call("settings.get", self._take_settings, _quietly, self)
        call("approvals.standing", self._take_standing, _quietly, self)

    def _read_approvals(self) -> None:
        self.context.tasks.call(
            "approvals.list", self.decisions.show_approvals, _quietly, self, state="pending"
        )

    def _take_status(self, status: dict[str, Any]) -> None:
        if not status:
            return
        self.header.show_status(status)
        self.egress.show_status(status, self._budget)
        self.guard.show_status(status, self._data_dir, self._standing)
        for job in status.get("jobs") or []:
            self._jobs[job["job_id"]] = job
        self._show_jobs()
        silo = (status.get("device") or {}).get("silo") or ""
        if silo != self.subtitle:
            self.set_heading("Home", silo)

    def _take_jobs(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs = {job["job_id"]: job for job in jobs}
        self._show_jobs()

    def _take_job(self, job: dict[str, Any]) -> None:
        self._jobs[job["job_id"]] = job
        self._show_jobs()

    def _show_jobs(self) -> None:
        jobs = list(self._jobs.values())
        self.jobs.show_jobs(jobs)
        self.ended.show_jobs(jobs)
        self.stop_all.setEnabled(bool(self.jobs.rows()))

    def _take_settings(self, settings: dict[str, Any]) -> None:
        self._budget = int(settings.get("daily_egress_budget") or 0)
        self._data_dir = str(settings.get("data_dir") or "")
        self._take_status(self.context.status())

    def _take_standing(self, standing: list[dict[str, Any]]) -> None:
        self._standing = len(standing)
        self._take_status(self.context.status())

    def _review(self, approval: dict[str, Any]) -> None:
        dialog = DecisionDialog(self, self.context, approval)
        dialog.decided.connect(self._read_approvals)
        dialog.open()

    def _ask_stop(self, job: dict[str, Any]) -> None:
        confirm(
            self,
            f"Stop run {job['run_id']} on this machine?",
            "The job ends within 10 s and what it had not sent is lost. "
            "Other silos go on if the run's quorum still holds.",
            "Stop this job",
            lambda: self.context.tasks.call(
                "jobs.stop", self._take_job, parent=self, job_id=job["job_id"],
                reason="Stopped by the operator",
            ),
        )  # fmt: skip

    def _ask_stop_all(self) -> None:
        count = len(self.jobs.rows())
        confirm(
            self,
            f"Stop all {plural(count, 'job')} on this machine?" if count > 1
            else "Stop the job on this machine?",
            "Every job here ends within 10 s. Runs go on elsewhere where their quorum holds. "
            "Nothing starts again by itself.",
            "Stop everything",
            lambda: self.context.tasks.call(
                "jobs.stop_all", self._stopped_all, parent=self, reason="Stopped by the operator"
            ),
        )  # fmt: skip

    def _stopped_all(self, jobs: list[dict[str, Any]]) -> None:
        for job in jobs:
            self._jobs[job["job_id"]] = job
        self._show_jobs()
        self.context.notify(f"Stopping {plural(len(jobs), 'job')}", kind="ok")


def _quietly(_: Exception) -> None:
    """Leave a card as it is; the next event or visit reads it again, the foot tells the state."""
