"""The registry as the table shows it: grouped by run, filtered, with bars for the main metric."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from agent_core.protocol.metric_names import main_metric
from agent_core.protocol.records_models import ModelEntry
from app.i18n import tr
from app.widgets.badges import site_letters

MARKS = ("all", "best", "newest")


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """One model with what the table needs."""

    model: ModelEntry
    key: str  # the run's main metric
    share: float | None  # of the run's highest value
    sites: tuple[tuple[str, object], ...]
    is_served: bool = False  # on this machine, now

    @property
    def value(self) -> float | None:
        """Return the main metric's value."""
        return self.model.metrics.get(self.key)

    @property
    def name(self) -> tuple[int, int]:
        """Return what tells it from others."""
        return self.model.run_id, self.model.round


def rows_of(
    models: Sequence[ModelEntry],
    marks: str = "all",
    text: str = "",
    places: Mapping[int, Sequence[int]] | None = None,
    served: Container[tuple[int, int]] = (),
) -> list[RegistryRow]:
    """Return the rows to show, the newest run and round first; `places` are groups' devices.

    `served` holds run and round of the models that are served on this machine.
    """
    runs: dict[int, list[ModelEntry]] = {}
    for model in models:
        runs.setdefault(model.run_id, []).append(model)
    wanted = text.strip().lower()
    rows = []
    shared: dict[tuple[tuple[str, object], ...], tuple[tuple[str, object], ...]] = {}
    for run_id in sorted(runs, reverse=True):
        ordered = sorted(runs[run_id], key=lambda one: -one.round)
        key = main_metric({name for one in ordered for name in one.metrics})
        high = max((one.metrics[key] for one in ordered if key in one.metrics), default=0.0)
        for model in ordered:
            if _is_wanted(model, marks) and wanted in _words(model):
                value = model.metrics.get(key)
                sites = _sites(model, (places or {}).get(model.group_id, ()))
                share = None if value is None else value / high if high > 0 else 1.0
                rows.append(
                    RegistryRow(
                        model,
                        key,
                        share,
                        shared.setdefault(sites, sites),  # most rounds have the same
                        (model.run_id, model.round) in served,
                    )
                )
    return rows


def marks_of(model: ModelEntry) -> str:
    """Return what sets a model apart in its run."""
    words = ((tr("best"), model.is_best), (tr("newest"), model.is_newest))
    return ", ".join(word for word, on in words if on)


def deletable(models: Sequence[ModelEntry], me: int) -> dict[int, list[int]]:
    """Return the rounds by run that an account owns."""
    found: dict[int, list[int]] = {}
    for model in models:
        if model.owner_id == me:
            found.setdefault(model.run_id, []).append(model.round)
    return found


def _is_wanted(model: ModelEntry, marks: str) -> bool:
    return marks == "all" or (model.is_best if marks == "best" else model.is_newest)


def _words(model: ModelEntry) -> str:
    return " ".join(
        (
            str(model.run_id), model.run_name, model.project_name, model.application_name,
            model.owner_name, model.sha256, *model.silos,
        )
    ).lower()  # fmt: skip


def _sites(model: ModelEntry, group: Sequence[int]) -> tuple[tuple[str, object], ...]:
    # Colours follow the order in which devices joined the group, as on the run's page.
    return tuple(
        (site_letters(name or "?"), group.index(edge) if edge in group else edge)
        for edge, name in zip(model.sites, model.silos, strict=False)
    )
