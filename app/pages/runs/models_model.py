"""The models of a run in the order of rounds: which is newest, which is best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent_core.protocol.metric_names import best_round, main_metric
from agent_core.protocol.records import ModelRecord
from app.i18n import tr
from app.widgets.timeline_sites import Site


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model with what sets it apart."""

    model: ModelRecord
    is_newest: bool
    is_best: bool
    share: float  # of the best value of the main metric, for the bar
    sites: tuple[tuple[str, object], ...]


def rows_of(models: list[ModelRecord], sites: Mapping[int, Site]) -> list[ModelRow]:
    """Return the rows, the newest first."""
    key = main_metric({name for model in models for name in model.metrics})
    best = best_round({model.round: model.metrics for model in models})
    values = [model.metrics[key] for model in models if key in model.metrics]
    low, high = min(values, default=0.0), max(values, default=1.0)
    newest = max((model.round for model in models), default=0)
    rows = []
    shared: dict[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]] = {}
    for model in sorted(models, key=lambda one: -one.round):
        value = model.metrics.get(key, low)
        share = value / high if high > 0 else 1.0
        tags = tuple(
            (sites[edge].letters, sites[edge].slot) for edge in model.sites if edge in sites
        )
        tags = shared.setdefault(tags, tags)  # most rounds have the same sites
        rows.append(ModelRow(model, model.round == newest, model.round == best, share, tags))
    return rows


def marks_of(one: ModelRow) -> list[str]:
    """Return what sets a model apart."""
    return [word for word, on in ((tr("best"), one.is_best), (tr("newest"), one.is_newest)) if on]
