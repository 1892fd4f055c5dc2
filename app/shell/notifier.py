"""Turn the agent's events into notices: into the bell, and as a toast or a native message."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.context import AppContext
from app.shell.navigation import is_known
from app.shell.notice_book import NoticeBook
from app.shell.notices import Notice, is_quiet, of_approval, of_job, of_outage, of_waiting

OUTAGE_AFTER_S = 30.0
LOOK_EVERY_MS = 15_000
WAITING = frozenset({"RUNNING", "TRAINING"})


class Notifier(QObject):
    """Watch the agent; `told` carries each notice that is new and may be heard now."""

    told = Signal(object)  # Notice
    decided = Signal(object)  # the key of a notice that needs no answer any more

    def __init__(self, context: AppContext, book: NoticeBook, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self.book = book
        self._states: dict[str, str] = {}  # of jobs, as they were last heard
        self._asked: set[int] = set()  # questions that came while this window was up
        self._is_first = True
        self._away_since = 0.0
        self._settings: dict[str, Any] = {}
        self._clock: Callable[[], datetime] = lambda: datetime.now().astimezone()
        self._look = QTimer(self, interval=LOOK_EVERY_MS)
        self._look.timeout.connect(self._look_at_runs)
        self._look.start()
        events = context.events
        events.status.connect(self._take_status)
        events.job.connect(self._take_job)
        events.approval.connect(self._take_approval)
        events.settings.connect(self.take_settings)

    def take_settings(self, settings: dict[str, Any]) -> None:
        """Keep the quiet hours."""
        self._settings = settings

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing may pop up now."""
        wanted = self._settings
        return is_quiet(
            str(wanted.get("quiet_from") or ""), str(wanted.get("quiet_to") or ""), self._clock()
        )

    def _tell(self, notice: Notice) -> None:
        if self.book.add(notice):
            self.told.emit(notice)

    def _take_status(self, status: dict[str, Any]) -> None:
        if self._is_first:
            self._is_first = False
            for job in status.get("jobs") or []:
                self._states[job["job_id"]] = job["state"]
            self._read_waiting()
        for job in status.get("jobs") or []:
            self._take_job(job)
        away = status.get("state") in ("offline", "silent") and bool(status.get("account"))
        if not away:
            self._away_since = 0.0
            return
        silent = float(status.get("heartbeat_age_s") or 0.0)
        self._away_since = self._away_since or time.time() - silent
        if time.time() - self._away_since >= OUTAGE_AFTER_S:
            notice = of_outage(status, self._away_since)
            self._tell(notice if is_known(notice.page) else _to_home(notice))

    def _take_job(self, job: dict[str, Any]) -> None:
        before = self._states.get(job["job_id"])
        self._states[job["job_id"]] = job["state"]
        if before == job["state"] or (before is None and self._is_first):
            return
        notice = of_job(job, time.time())
        if notice is not None:
            self._tell(notice)

    # --- decisions ---
    def _read_waiting(self) -> None:
        """Enter what waits since before this start; it is in the icon, and does not pop up."""

        def listed(approvals: list[dict[str, Any]]) -> None:
            for one in approvals:
                if one["id"] not in self._asked:
                    self.book.add(of_approval(one, time.time()))

        self._context.tasks.call(
            "approvals.list", listed, lambda _: None, self, state="pending"
        )  # a list that fails is read again by the page that shows it

    def _take_approval(self, number: int, state: str) -> None:
        key = ("approval", number)
        if state != "pending":
            self.book.decided(key)
            self.decided.emit(key)
            return

        self._asked.add(number)

        def known(approval: dict[str, Any]) -> None:
            if approval.get("state", "pending") == "pending":
                self._tell(of_approval(approval, time.time()))

        def unknown(_: Exception) -> None:
            self._tell(of_approval({"id": number}, time.time()))

        self._context.tasks.call("approvals.get", known, unknown, self, id=number)

    # --- runs that wait for others ---
    def _look_at_runs(self) -> None:
        """Look whether a run with a job here waits for a silent site, some times a minute."""
        jobs = self._context.status().get("jobs") or []
        live = {job["run_id"] for job in jobs if job["state"] in WAITING}
        for run_id in sorted(live)[:4]:
            self._context.tasks.call(
                "runs.get", self._take_run, lambda _: None, self, run_id=run_id
            )

    def _take_run(self, run: dict[str, Any]) -> None:
        for device in run.get("devices") or []:
            if device.get("presence") != "online" and device.get("state") in WAITING:
                self._tell(of_waiting(run, device, time.time()))


def _to_home(notice: Notice) -> Notice:
    return Notice(
        notice.key, notice.kind, notice.title, notice.text, notice.at, "home", icon=notice.icon
    )
