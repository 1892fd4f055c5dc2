"""How a list of runs is drawn: its columns, and the figures above it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from agent_core.protocol.records import Run
from app.i18n import tr
from app.pages.runs.wording import day_text, elapsed, is_lower_better, metric_title, state_text
from app.widgets.cards import Card
from app.widgets.cells import Cell
from app.widgets.curve_plot_ticks import kind_of, value_text
from app.widgets.labels import Label
from app.widgets.layouts import row
from app.widgets.tables import Column
from app.widgets.timeline_sites import sites_of
from app.widgets.tokens import look
from app.widgets.words import duration

CHANGING = (5, 7)  # sites and result: what they show follows the group and the metric


def columns(key: str, group: Sequence[int], is_ticked: Callable[[Run], bool]) -> list[Column[Run]]:
    """Return the columns; the result column shows one metric."""
    worst = float("inf") if is_lower_better(key) else float("-inf")
    return [
        Column("", lambda r: Cell(kind="check", checked=is_ticked(r)), 40),
        Column(tr("Run"), lambda r: Cell(str(r.id), sub=r.name, weight=600), 124,
               sort=lambda r: r.id),
        Column(tr("State"), lambda r: Cell(state_text(r), kind="state", state=r.state.value), 178,
               sort=lambda r: r.state.value),
        Column(tr("Application"), lambda r: Cell(r.application_name), 0,
               sort=lambda r: r.application_name.lower()),
        Column(tr("Who"), lambda r: Cell(r.owner_name, tok="muted"), 108,
               sort=lambda r: r.owner_name.lower()),
        Column(tr("Sites"), partial(_sites_cell, group=group), 158),
        Column(tr("Rounds"), _rounds_cell, 146,
               sort=lambda r: r.round / r.rounds if r.rounds else r.round),
        Column(metric_title(key) if key else tr("Result"), partial(_metric_cell, key=key), 112,
               right=True, sort=lambda r: r.headline.get(key, worst)),
        Column(tr("Started"), _started_cell, 96, sort=lambda r: r.started_at or r.created_at),
        Column(tr("Time"), _time_cell, 82, right=True,
               sort=lambda r: elapsed(r, time.time()) or 0.0),
    ]  # fmt: skip


def _sites_cell(run: Run, group: Sequence[int]) -> Cell:
    sites = sites_of(run.devices, group)
    tags = tuple((s.letters, s.slot) for s in sites.values() if not s.is_server)
    return Cell(kind="sites", items=tags)


def _rounds_cell(run: Run) -> Cell:
    if not run.rounds:
        return Cell(str(run.round or "–"), kind="bar", share=None)
    share = run.round / run.rounds
    return Cell(f"{run.round} / {run.rounds}", kind="bar", share=share, tok=look(run.state).token)


def _metric_cell(run: Run, key: str) -> Cell:
    value = run.headline.get(key)
    if value is None:
        return Cell("–", tok="faint", right=True)
    return Cell(value_text(value, kind_of(key)), weight=600, right=True)


def _started_cell(run: Run) -> Cell:
    at = run.started_at
    return Cell(day_text(at, time.time()) if at else "–", tok="muted" if at else "faint")


def _time_cell(run: Run) -> Cell:
    passed = elapsed(run, time.time())
    return Cell(duration(passed) if passed is not None else "–", tok="muted", right=True)


class StatCard(Card):
    """One figure over the list."""

    def __init__(self) -> None:
        super().__init__(margins=(16, 12, 16, 12), gap=4)
        self._name = Label("", "small", "muted")
        self._value = Label("", "title")
        self._note = Label("", "small", "faint")
        self.add(self._name, row(self._value, self._note, None, gap=9))

    def show_stat(self, name: str, value: str, note: str) -> None:
        """Show a figure."""
        self._name.setText(name)
        self._value.setText(value)
        self._note.setText(note)
        self.setAccessibleName(tr("{name}: {value}, {note}", name=name, value=value, note=note))
