"""Several runs beside each other: their curves, their parameters, their best rounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from agent_core.packages.config import ROUND_KEYS
from agent_core.protocol.records import Application, Run
from agent_core.protocol.states import Role
from app.i18n import mark, tr
from app.pages.runs.curves_model import GLOBAL, MetricBook
from app.pages.runs.wording import is_lower_better, metric_rank
from app.widgets.timeline_sites import Site, sites_of

LIMIT = 8  # runs compared at once
MISSING = "–"
# What a run was started with beside its application's parameters.
TERMS = {
    "application": mark("Application"),
    "rounds": mark("Rounds"),
    "round_deadline": mark("Round deadline"),
    "quorum": mark("Quorum"),
}


class Best(NamedTuple):
    """The best value of a metric, and the round it was reached in."""

    value: float
    round: int | None


@dataclass
class Compared:
    """One run of a comparison."""

    run: Run
    place: int  # its colour
    defaults: dict[str, Any] = field(default_factory=dict)  # what its packages declare
    book: MetricBook = field(default_factory=MetricBook)

    @property
    def sites(self) -> dict[int, Site]:
        """Return the run's sites by edge id."""
        return sites_of(self.run.devices)

    def best(self, key: str) -> Best | None:
        """Return the best global value of a metric; None where the run has none."""
        curve = self.book.curves(key).get(GLOBAL)
        if curve is None or not np.isfinite(curve.values.values).any():
            return None
        values = curve.values.values
        place = int(np.nanargmin(values) if is_lower_better(key) else np.nanargmax(values))
        number = curve.rounds.values[place]
        return Best(float(values[place]), None if np.isnan(number) else int(number))

    def final(self, key: str) -> float | None:
        """Return the last global value of a metric, or None."""
        curve = self.book.curves(key).get(GLOBAL)
        if curve is None or not len(curve.values):
            return None
        value = float(curve.values.values[-1])
        return value if np.isfinite(value) else None


@dataclass(frozen=True)
class Difference:
    """One parameter or term over all runs."""

    key: str
    values: tuple[str, ...]
    is_term: bool = False  # of the run; an application may have a parameter of the same name

    @property
    def title(self) -> str:
        """Return what it is called."""
        return tr(TERMS[self.key]) if self.is_term else self.key

    @property
    def differs(self) -> bool:
        """Return whether the runs do not agree on it."""
        return len(set(self.values)) > 1


def parameters(compared: Sequence[Compared]) -> list[Difference]:
    """Return every parameter and term of the runs, what differs first."""
    tables = [_parameters(one) for one in compared]
    terms = [_terms(one.run) for one in compared]
    keys = sorted({key for table in tables for key in table})
    rows = [Difference(key, tuple(one[key] for one in terms), is_term=True) for key in TERMS]
    rows += [Difference(key, tuple(table.get(key, MISSING) for table in tables)) for key in keys]
    return sorted(rows, key=lambda row: not row.differs)


def defaults_of(application: Application) -> dict[str, Any]:
    """Return what an application's packages declare, but for the number of rounds."""
    config: dict[str, Any] = {}
    for package in application.packages:
        found = package.manifest.get("config")
        if isinstance(found, dict):
            config.update(found)
    return {key: value for key, value in config.items() if key not in ROUND_KEYS}


def _parameters(one: Compared) -> dict[str, str]:
    return {key: value_of(value) for key, value in {**one.defaults, **one.run.parameters}.items()}


def _terms(run: Run) -> dict[str, str]:
    clients = sum(device.role == Role.CLIENT for device in run.devices)
    return {
        "application": run.application_name,
        "rounds": str(run.rounds or MISSING),
        "round_deadline": tr("{n} s", n=f"{run.round_deadline_s:g}"),
        "quorum": tr("{quorum} of {clients}", quorum=run.quorum, clients=clients),
    }


def value_of(value: Any) -> str:
    """Return a parameter's value as it is written."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def metrics(compared: Sequence[Compared]) -> list[str]:
    """Return the metrics of all runs, accuracy and loss first."""
    return sorted({key for one in compared for key in one.book.metrics()}, key=metric_rank)


def has_global(compared: Sequence[Compared], key: str) -> bool:
    """Return whether any run reports a global curve of a metric."""
    return any(GLOBAL in one.book.curves(key) for one in compared)


def winners(compared: Sequence[Compared], key: str) -> set[int]:
    """Return the numbers of the runs with the best value of a metric; none where it is alone."""
    found = [(best.value, one.run.id) for one in compared if (best := one.best(key)) is not None]
    if len(found) < 2:
        return set()
    top = min(found)[0] if is_lower_better(key) else max(found)[0]
    return {number for value, number in found if value == top}
