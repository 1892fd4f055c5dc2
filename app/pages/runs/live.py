"""One run as it goes on: its record, its lists, and the signals that something is new."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from agent_core.protocol.records import Device, Group, RoundRecord, Run, RunEvent
from agent_core.protocol.states import TERMINAL
from app.context import AppContext
from app.pages.runs.curves_model import parse_metrics
from app.pages.runs.feed import Feed
from app.pages.runs.logs_model import parse_logs
from app.pages.runs.system_model import parse_system
from app.widgets.event_book import EventBook
from app.widgets.round_book import RoundBook
from app.widgets.timeline_sites import Site, sites_of

CHECK_MS = 15_000  # a run in motion is looked at this often, should a notice have been lost
AWAY = frozenset({"silent", "offline"})  # of the line to the hub; a device may be unbound
OLD_S = 30.0  # a figure that was last known longer ago is never shown as if it stood now


def parse_rounds(items: list[dict[str, Any]]) -> list[RoundRecord]:
    """Return rounds as records."""
    return [RoundRecord.model_validate(item) for item in items]


def parse_events(items: list[dict[str, Any]]) -> list[RunEvent]:
    """Return events as records."""
    return [RunEvent.model_validate(item) for item in items]


class RunLive(QObject):
    """Hold what is known of a run; tabs listen and start the lists that they show."""

    changed = Signal()  # the record
    failed = Signal(object)  # the record could not be read
    rounds_changed = Signal()
    events_changed = Signal()
    models_changed = Signal()
    tick = Signal(float)  # every second, with the time

    def __init__(self, context: AppContext, run_id: int, parent: QObject) -> None:
        super().__init__(parent)
        self.context = context
        self.run_id = run_id
        self.run: Run | None = None
        self.read_at = 0.0  # when the record was last known to stand
        self._is_cut = False  # the last look failed, or nobody answers
        self.rounds = RoundBook()
        self.events = EventBook()
        self.sites: dict[int, Site] = {}
        self._group: list[int] = []
        self._busy = False
        self._again = False
        self._is_watched = True
        self._feeds = {
            "rounds": self._feed("runs.rounds", parse_rounds),
            "events": self._feed("runs.events", parse_events),
            "metrics": self._feed("runs.metrics", parse_metrics),
            "system": self._feed("runs.system", parse_system),
            "logs": self._feed("runs.logs", parse_logs),
        }
        self._feeds["rounds"].arrived.connect(self._on_rounds)
        self._feeds["events"].arrived.connect(self._on_events)
        context.events.changed.connect(self._on_changed)
        context.events.connected.connect(self._on_connected)
        self._ticker = QTimer(self, interval=1000)
        self._ticker.timeout.connect(lambda: self.tick.emit(time.time()))
        self._check = QTimer(self, interval=CHECK_MS)
        self._check.timeout.connect(self._on_check)

    def _feed(self, method: str, parse: Any) -> Feed:
        return Feed(self.context, method, self.run_id, parse, self)

    def feed(self, name: str) -> Feed:
        """Return the follower of a list: rounds, events, metrics, system or logs."""
        return self._feeds[name]

    @property
    def own_edge(self) -> int | None:
        """Return the edge id of this machine."""
        device = self.context.status().get("device")
        return Device.model_validate(device).edge_id if device else None

    @property
    def is_live(self) -> bool:
        """Return whether the run may still change."""
        return self.run is not None and self.run.state not in TERMINAL

    def age(self, now: float) -> float | None:
        """Return how old what is shown is, in seconds, or None where it stands now."""
        if not self.is_live:
            return None  # an ended run changes no more
        passed = max(0.0, now - self.read_at)
        is_away = self.context.status().get("state") in AWAY
        return passed if self._is_cut or is_away or passed > OLD_S else None

    def shown_at(self, now: float) -> float:
        """Return the moment that is shown: now, or when the run was last known."""
        return now if self.age(now) is None else self.read_at

    def start(self) -> None:
        """Read the run and follow it."""
        self.reload()
        self._feeds["rounds"].pull()
        self._feeds["events"].pull()
        self._ticker.start()
        self._check.start()

    def set_watched(self, on: bool) -> None:
        """Stop asking while nobody looks; looking again, read what came meanwhile."""
        if on == self._is_watched:
            return
        self._is_watched = on
        for timer in (self._ticker, self._check):
            timer.start() if on else timer.stop()
        if on:
            self._look_again()

    # --- the record ---
    def reload(self) -> None:
        """Read the record; asking again meanwhile reads once more afterwards."""
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        operation = partial(_read, self.context, self.run_id, with_group=not self._group)
        self.context.tasks.run(operation, self._on_run, self._on_failed, self)

    def _on_run(self, found: tuple[Run, list[int]]) -> None:
        run, group = found
        self._busy = self._is_cut = False
        self.read_at = time.time()
        if group:
            self._group = group
        # A read that was under way may be older than what a start or stop answered meanwhile.
        if self.run is None or run.change >= self.run.change:
            self.take(run)
        if self._again:
            self.reload()

    def take(self, run: Run) -> None:
        """Show a record that an action answered with."""
        if run == self.run:
            return
        self.run = run
        self.sites = sites_of(run.devices, self._group)
        self.changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self._busy, self._is_cut = False, True
        self.failed.emit(error)
        if self._again:
            self.reload()

    # --- what is new ---
    def _on_changed(self, what: str, number: object, _change: int) -> None:
        if str(number) != str(self.run_id) or not self._is_watched:
            return
        if what == "run":
            self.reload()
            self._feeds["events"].pull()
            self._feeds["rounds"].pull()
        elif what == "models":
            self.models_changed.emit()
        elif what in self._feeds:
            self._feeds[what].pull_if_started()

    def _on_connected(self, is_connected: bool) -> None:
        if not is_connected:
            self._is_cut = True
        elif self._is_watched:
            self._look_again()

    def _on_check(self) -> None:
        if self.is_live or self.run is None:
            self._look_again()

    def _look_again(self) -> None:
        self.reload()
        for feed in self._feeds.values():
            feed.pull_if_started()
        self.models_changed.emit()

    def _on_rounds(self, rounds: list[RoundRecord]) -> None:
        self.rounds.add(rounds)
        self.rounds_changed.emit()

    def _on_events(self, events: list[RunEvent]) -> None:
        self.events.add(events)
        self.events_changed.emit()


def _read(context: AppContext, run_id: int, *, with_group: bool) -> tuple[Run, list[int]]:
    run = Run.model_validate(context.client.call("runs.get", run_id=run_id))
    if not with_group:
        return run, []
    # Colours follow the order in which devices joined the group, in every run alike.
    group = Group.model_validate(context.client.call("groups.get", group_id=run.group_id))
    return run, group.devices
