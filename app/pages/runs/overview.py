"""The overview of a run: where each site is, how long rounds take, what happened."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from agent_core.protocol.states import State
from app.i18n import tr
from app.pages.runs.live import RunLive
from app.pages.runs.wording import not_live
from app.widgets.badges import Tag
from app.widgets.banner import Banner
from app.widgets.cards import Card
from app.widgets.event_list import EventList
from app.widgets.labels import Label
from app.widgets.layouts import column, row, scrolled
from app.widgets.round_bars import RoundBars, legend
from app.widgets.timeline import Timeline
from app.widgets.timeline_model import rows_of
from app.wire_words import said


class OverviewTab(QWidget):
    """Answer "why did it not start" and "who is waited for" at one glance."""

    asked = Signal(str)  # the tab that answers what is shown here

    def __init__(self, live: RunLive) -> None:
        super().__init__()
        self._live = live
        self.timeline = Timeline()
        self.bars = RoundBars()
        self.events = EventList()
        self._live_tag = Tag(tr("live"), "ok", icon="radio")
        note = Label(tr("times are since the step before"), "small", "faint")
        self._where = Card(tr("Where each site is"), actions=[note, self._live_tag])
        self._where.add(self.timeline)
        self._waiting = Label("", "small", "muted", wrap=True)
        self._waiting.hide()
        self._where.add(self._waiting)
        self._rounds = Card(tr("Round time"), actions=[legend()])
        self._rounds.add((self.bars, 1))
        self._events = Card(tr("Events"))
        self._events.add((self.events, 1))
        self._events.setMinimumWidth(300)
        below = row((self._rounds, 19), (self._events, 10), gap=16)
        inner = QWidget()
        self.cause = Banner("danger", tr("The run failed"), "", tr("Open logs"))
        self.cause.acted.connect(lambda: self.asked.emit("logs"))
        self.cause.hide()
        inner.setLayout(column(self.cause, self._where, (below, 1), gap=16))
        self._rounds.setMinimumHeight(220)
        self.setLayout(column(scrolled(inner)))
        for news in (live.changed, live.rounds_changed, live.events_changed):
            news.connect(lambda: self.refresh() if self.isVisible() else None)
        live.tick.connect(lambda _: self.refresh() if self.isVisible() and live.is_live else None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()  # what came while another tab was seen

    def refresh(self) -> None:
        """Show what is known now."""
        run = self._live.run
        if run is None:
            return
        age = self._live.age(time.time())
        # Without a connection nothing counts on: what is shown is the moment last known.
        now = self._live.shown_at(time.time())
        self.timeline.set_rows(rows_of(run, self._live.sites, self._live.own_edge, now))
        if age is None:
            self._live_tag.set(tr("live"), "ok", "radio")
        else:
            self._live_tag.set(not_live(age), "warn", "cloud-off")
        self._live_tag.setVisible(self._live.is_live and run.state != State.IDLE)
        self._say_what_waits()
        self._say_cause()
        running = None
        if run.state == State.RUNNING and run.started_at is not None:
            closed = self._live.rounds
            number = max(run.round, closed.last + 1)
            since = max(run.started_at, closed.last_closed_at)
            if number <= (run.rounds or number):
                running = (number, max(0.0, now - since))
        self.bars.set_rounds(self._live.rounds, run.rounds, run.round_deadline_s, running)
        if self.events.rows.shown != len(self._live.events):
            self.events.set_events(self._live.events)
            self._events.note.setText(str(len(self._live.events)))

    def _say_what_waits(self) -> None:
        """Say what no row says: that nothing was sent yet, or what the run as a whole waits for."""
        run = self._live.run
        text = ""
        if run is not None and run.state == State.IDLE:
            text = tr("Created and not started. Nothing was sent to the sites.")
        elif self._live.is_live and run is not None:
            rows = self.timeline.rows
            told = any(row.is_amber or row.caption == said(run.detail) for row in rows)
            text = "" if told else said(run.detail)
        self._waiting.setText(text)
        self._waiting.setVisible(bool(text))

    def _say_cause(self) -> None:
        """Say why a run ended before its last round."""
        run = self._live.run
        titles = {
            State.FAILED: ("danger", tr("The run failed")),
            State.EXCEPTION: ("danger", tr("The code of the run raised an error")),
            State.KILLED: ("warn", tr("The run was stopped")),
        }
        shown = titles.get(run.state) if run is not None else None
        if run is None or shown is None or not (run.detail or run.ended_by):
            self.cause.hide()
            return
        title = shown[1]
        if run.state == State.KILLED and run.ended_by:
            title = tr("The run was stopped by {person}", person=run.ended_by)
        self.cause.set(shown[0], title, said(run.detail), tr("Open logs"))
        self.cause.show()
