"""How a row shows a model of a run: its round, its metrics, its hash."""

from __future__ import annotations

from app.pages.runs.models_model import ModelRow, marks_of
from app.widgets.cells import Cell
from app.widgets.curve_plot_ticks import kind_of, value_text


def round_cell(one: ModelRow) -> Cell:
    """Return a round with what sets it apart."""
    sub = ", ".join(marks_of(one))
    token = "ok" if one.is_best else "faint"
    return Cell(str(one.model.round), weight=600, sub=sub, sub_tok=token)


def metric_of(one: ModelRow, key: str) -> float:
    """Return a metric for sorting; a missing one comes last."""
    return one.model.metrics.get(key, float("-inf"))


def metric_cell(one: ModelRow, key: str, *, bar: bool) -> Cell:
    """Return a metric's cell, with a bar for the main one."""
    value = one.model.metrics.get(key)
    if value is None:
        return Cell("–", tok="faint", right=not bar)
    text = value_text(value, kind_of(key))
    if bar:
        return Cell(text, kind="bar", share=one.share, tok="ok" if one.is_best else "info")
    return Cell(text, tok="muted", right=True)


def short_hash(sha256: str) -> str:
    """Return the beginning of a hash."""
    return f"{sha256[:4]} {sha256[4:8]}…"
