"""The chosen model of a run: its facts, its hash, where it comes from, and how a row shows it."""

from __future__ import annotations

import time
from collections.abc import Callable

from agent_core.protocol.records import ModelRecord
from app.pages.runs.live import RunLive
from app.pages.runs.models_model import ModelRow, lineage, marks_of
from app.pages.runs.wording import metric_rank, metric_title
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.cells import Cell
from app.widgets.curve_plot_ticks import bytes_text, kind_of, value_text
from app.widgets.key_value import KeyValue
from app.widgets.labels import Label
from app.widgets.layouts import row


class ModelDetail(Card):
    """The chosen model: where it comes from, its hash, and what to do with it."""

    def __init__(self, save: Callable[[], object], copy: Callable[[], object]) -> None:
        super().__init__("Model")
        self.setFixedWidth(304)
        self._facts = KeyValue(key_width=84)
        self._hash = Label("", "small", mono=True, wrap=True, selectable=True)
        self._lineage = Label("", "small", "muted", wrap=True)
        buttons = row(
            Button("Save…", "primary", icon="download", on_click=save),
            Button("Copy hash", icon="copy", on_click=copy),
            None,
        )
        self.add(self._facts, Label("SHA-256", "small", "faint"), self._hash)
        self.add(Label("Where it comes from", "small", "faint"), self._lineage, None, buttons)

    def show_model(self, chosen: ModelRow, models: list[ModelRecord], live: RunLive) -> None:
        """Show a model's facts."""
        model = chosen.model
        self.title.setText(f"Model of round {model.round}")
        self.note.setText(", ".join(marks_of(chosen)))
        self._facts.set("Saved", time.strftime("%d %b %H:%M:%S", time.localtime(model.created_at)))
        self._facts.set("Size", bytes_text(model.size))
        for key in sorted(model.metrics, key=metric_rank):
            self._facts.set(metric_title(key), value_text(model.metrics[key], kind_of(key)))
        self._hash.setText(" ".join(_groups(model.sha256)))
        self._lineage.setText(lineage(model, models, live.sites, live.run))


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


def _groups(sha256: str) -> list[str]:
    return [sha256[place : place + 8] for place in range(0, len(sha256), 8)]
