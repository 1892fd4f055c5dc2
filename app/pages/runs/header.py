"""The head of a run's page: name, state, the main figures and the line of progress."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Run
from agent_core.protocol.states import TERMINAL, State
from app.i18n import tr
from app.pages.runs.wording import (
    elapsed,
    headline,
    metric_title,
    not_live,
    run_title,
    seconds_left,
    sites_in,
    state_text,
)
from app.widgets.badges import Badge, Tag
from app.widgets.bars import ProgressBar
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column, row, rule
from app.widgets.round_book import RoundBook
from app.widgets.tokens import look
from app.widgets.words import date_time, duration

FACTS = 6


class Fact(QWidget):
    """One figure under its name."""

    def __init__(self) -> None:
        super().__init__()
        self.name = Label("", "small", "muted")
        self.value = Label("", "section")
        self.line = rule(vertical=True)
        words = column(self.name, self.value, gap=5)
        self.setLayout(row(self.line, words, gap=18))

    def set(self, name: str, value: str, tok: str = "text") -> None:
        """Show a figure; an empty name hides it."""
        self.setVisible(bool(name))
        self.name.setText(name)
        self.value.setText(value)
        self.value.set_token(tok)
        self.setAccessibleName(f"{name}: {value}")


class RunHeader(QWidget):
    """Stay over all tabs of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Label("", "title")
        self.badge = Badge()
        self.old = Tag("", "warn", icon="cloud-off")
        self.old.hide()
        self.sub = ElidedLabel("", "small", "muted")
        self.bar = ProgressBar(height=4)
        self.facts = [Fact() for _ in range(FACTS)]
        self.facts[0].line.hide()
        top = row(self.title, self.badge, self.old, None, gap=14)
        left = column(top, self.sub, gap=7)
        right = row(*self.facts, gap=18)
        self.setLayout(column(row((left, 1), right, gap=16), 6, self.bar, gap=8))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.badge.hide()

    def show_run(self, run: Run, rounds: RoundBook, now: float, age: float | None = None) -> None:
        """Show the figures of this moment, or those known `age` seconds ago in faint ink."""
        if age is not None:
            now -= age
            self.old.set(not_live(age), "warn", "cloud-off")
        self.old.setVisible(age is not None)
        self.title.setText(run_title(run))
        self.badge.show()
        self.badge.set(run.state.value, state_text(run))
        self.sub.setText(_sub(run))
        for fact, shown in zip(self.facts, _facts(run, rounds.newest_seconds(), now), strict=True):
            name, value, tok = shown
            fact.set(name, value, tok if age is None else "faint")
        done = 1.0 if run.state == State.FINISHED else 0.0
        if run.rounds and not done:
            done = min(1.0, run.round / run.rounds)
        self.bar.set(done, look(run.state.value).token if age is None else "gray")


def _sub(run: Run) -> str:
    started = run.started_at or run.created_at
    moment = date_time(started)
    if time.localtime(started)[:3] == time.localtime()[:3]:
        moment = time.strftime("%H:%M", time.localtime(started))
    when = (
        tr("started {moment} by {person}", moment=moment, person=run.owner_name)
        if run.started_at
        else tr("created {moment} by {person}", moment=moment, person=run.owner_name)
    )
    named = [run.name] if run.name.casefold() != run.application_name.casefold() else []
    words = [
        *named,
        run.application_name,
        when,
    ]
    return " · ".join(word for word in words if word)


def _facts(run: Run, recent: list[float], now: float) -> list[tuple[str, str, str]]:
    rounds = tr("{k} of {n}", k=run.round, n=run.rounds) if run.rounds else str(run.round)
    facts = [(tr("Round"), rounds, "text")]
    facts += [(metric_title(key), text, "text") for key, text, _ in headline(run)]
    here, all_sites = sites_in(run)
    if all_sites:
        if run.state in TERMINAL or run.state == State.IDLE:
            facts.append((tr("Sites"), str(all_sites), "text"))
        else:
            tok = "warn" if here < all_sites else "text"
            facts.append((tr("Sites in"), tr("{k} of {n}", k=here, n=all_sites), tok))
    passed = elapsed(run, now)
    if passed is not None:
        facts.append(
            (tr("Elapsed") if run.state not in TERMINAL else tr("Took"), duration(passed), "text")
        )
    left = seconds_left(run, recent)
    if left is not None and run.state == State.RUNNING:
        facts.append((tr("Left"), tr("about {time}", time=duration(left)), "text"))
    return facts + [("", "", "text")] * (FACTS - len(facts))
