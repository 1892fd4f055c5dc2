"""The columns of the registry."""

from __future__ import annotations

import time

from app.i18n import tr
from app.pages.models.model import RegistryRow, marks_of
from app.widgets.cells import Cell
from app.widgets.curve_plot_ticks import kind_of, value_text
from app.widgets.metric_words import metric_title
from app.widgets.tables import Column
from app.widgets.words import age, size

NARROW = (4, 5)  # left out where the window has no room: size and hash stand in the panel too


def make_columns() -> list[Column[RegistryRow]]:
    """Return the columns."""
    return [
        Column(tr("Run"), _run, 0, sort=lambda r: (r.model.run_id, r.model.round)),
        Column(tr("Round"), _round, 100, sort=lambda r: r.model.round),
        Column(tr("Main metric"), _metric, 104, sort=_by_value),
        Column(tr("Sites in"), lambda r: Cell(kind="sites", items=r.sites), 146,
               sort=lambda r: len(r.sites)),
        Column(tr("Size"), lambda r: Cell(size(r.model.size), tok="muted", right=True), 78,
               right=True, sort=lambda r: r.model.size),
        Column(tr("SHA-256"), lambda r: Cell(f"{r.model.sha256[:4]} {r.model.sha256[4:8]}…",
                                             mono=True, tok="muted"), 98),
        Column(tr("Age"), lambda r: Cell(age(r.model.created_at, time.time()), tok="muted"), 68,
               sort=lambda r: -r.model.created_at),
    ]  # fmt: skip


def _run(one: RegistryRow) -> Cell:
    model = one.model
    name = model.run_name or model.application_name
    text = tr("{id}, {name}", id=model.run_id, name=name)
    tip = f"{text}\n{model.project_name}"
    return Cell(text, weight=600, sub=model.project_name, tip=tip)


def _round(one: RegistryRow) -> Cell:
    token = "ok" if one.model.is_best else "faint"
    words = marks_of(one.model)
    if one.is_served:
        words, token = ", ".join(word for word in (tr("served"), words) if word), "info"
    return Cell(str(one.model.round), weight=600, sub=words, sub_tok=token, tip=words)


def _metric(one: RegistryRow) -> Cell:
    if one.value is None:
        return Cell("–", tok="faint")
    text = value_text(one.value, kind_of(one.key))
    return Cell(text, sub=metric_title(one.key), tok="ok" if one.model.is_best else "text")


def _by_value(one: RegistryRow) -> float:
    return float("-inf") if one.value is None else one.value
