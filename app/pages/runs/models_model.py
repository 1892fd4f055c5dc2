"""The models of a run in the order of rounds: which is newest, which is best, what made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent_core.protocol.records import ModelRecord, Run
from app.pages.runs.wording import is_lower_better, metric_rank
from app.widgets.timeline_sites import Site


@dataclass(frozen=True)
class ModelRow:
    """One model with what sets it apart."""

    model: ModelRecord
    is_newest: bool
    is_best: bool
    share: float  # of the best value of the main metric, for the bar
    sites: tuple[tuple[str, object], ...]


def main_metric(models: list[ModelRecord]) -> str:
    """Return the metric by which models are compared."""
    keys = {key for model in models for key in model.metrics}
    return min(keys, key=metric_rank, default="")


def best_round(models: list[ModelRecord], key: str) -> int | None:
    """Return the round whose model is best by a metric."""
    scored = [model for model in models if key in model.metrics]
    if not scored:
        return None
    sign = 1 if is_lower_better(key) else -1
    return min(scored, key=lambda model: (sign * model.metrics[key], -model.round)).round


def rows_of(models: list[ModelRecord], sites: Mapping[int, Site]) -> list[ModelRow]:
    """Return the rows, the newest first."""
    key = main_metric(models)
    best = best_round(models, key)
    values = [model.metrics[key] for model in models if key in model.metrics]
    low, high = min(values, default=0.0), max(values, default=1.0)
    newest = max((model.round for model in models), default=0)
    rows = []
    for model in sorted(models, key=lambda one: -one.round):
        value = model.metrics.get(key, low)
        share = value / high if high > 0 else 1.0
        tags = tuple(
            (sites[edge].letters, sites[edge].slot) for edge in model.sites if edge in sites
        )
        rows.append(ModelRow(model, model.round == newest, model.round == best, share, tags))
    return rows


def marks_of(one: ModelRow) -> list[str]:
    """Return what sets a model apart."""
    return [word for word, on in (("best", one.is_best), ("newest", one.is_newest)) if on]


def lineage(
    model: ModelRecord, models: list[ModelRecord], sites: Mapping[int, Site], run: Run | None
) -> str:
    """Return in words which model and sites a model was made from."""
    names = [sites[edge].name for edge in model.sites if edge in sites]
    before = [one for one in models if one.round < model.round]
    parent = max(before, key=lambda one: one.round, default=None)
    start = (
        f"the model of round {parent.round} ({parent.sha256[:8]})" if parent else "a fresh start"
    )
    who = f" with updates of {', '.join(names)}" if names else ""
    where = f" Run {run.id} of {run.application_name}." if run is not None else ""
    return f"Made from {start}{who}.{where}"
