"""The runs of a project as a list: filters, search, what stands in each column."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from agent_core.protocol.records import Run
from agent_core.protocol.states import Stage, State
from app.i18n import mark, tr, trn
from app.pages.runs.wording import LIVE, is_lower_better, metric_rank, metric_title
from app.widgets.curve_plot_ticks import kind_of, value_text
from app.widgets.words import duration, plural, size

_LOOK = frozenset({State.FAILED, State.EXCEPTION, State.KILLED, State.PENDING_APPROVAL})
FILTERS: dict[str, tuple[str, Callable[[Run], bool]]] = {
    "all": (mark("All"), lambda run: run.archived_at is None),
    "live": (mark("Live"), lambda run: run.archived_at is None and run.state in LIVE),
    "finished": (
        mark("Finished"),
        lambda run: run.archived_at is None and run.state == State.FINISHED,
    ),
    "look": (mark("Needs a look"), lambda run: run.archived_at is None and run.state in _LOOK),
    "archived": (mark("Archived"), lambda run: run.archived_at is not None),
}
_CONDITION = re.compile(r"^\s*([\w\- ]+?)\s*(>=|<=|>|<|=)\s*(\d+(?:\.\d+)?)\s*(%?)\s*$")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": lambda a, b: abs(a - b) < 1e-9,
}


def main_metric(runs: Sequence[Run]) -> str:
    """Return the metric that most runs report, accuracy before loss."""
    counts = Counter(key for run in runs for key in run.headline)
    most = max(counts.values(), default=0)
    return min((key for key in counts if counts[key] * 2 >= most), key=metric_rank, default="")


def matches(run: Run, text: str) -> bool:
    """Return whether a run fits what was typed: words, or a condition such as accuracy > 0.95."""
    condition = _CONDITION.match(text)
    if condition:
        name, sign, number, percent = condition.groups()
        wanted = float(number) / (100 if percent else 1)
        name = name.strip().lower().replace(" ", "_").replace("-", "_")
        values = [value for key, value in run.headline.items() if name in key.lower()]
        if name in {"round", "rounds"}:
            values.append(float(run.round))
        return any(_COMPARE[sign](value, wanted) for value in values)
    fields = (str(run.id), run.name, run.application_name, run.owner_name, run.state.value)
    whole = " ".join([*fields, *(device.silo for device in run.devices)]).lower()
    return all(word in whole for word in text.lower().split())


@dataclass(frozen=True)
class Stat:
    """One figure over the list."""

    name: str
    value: str
    note: str = ""


@dataclass
class RunList:
    """Everything the page shows of a project's runs."""

    runs: list[Run] = field(default_factory=list)
    text: str = ""
    filter: str = "all"

    def shown(self) -> list[Run]:
        """Return the runs that pass filter and search, the newest first."""
        passes = FILTERS[self.filter][1]
        found = [run for run in self.runs if passes(run) and matches(run, self.text)]
        return sorted(found, key=lambda run: -run.id)

    def counts(self) -> dict[str, int]:
        """Return how many runs each filter lets through."""
        return {key: sum(map(passes, self.runs)) for key, (_, passes) in FILTERS.items()}

    def stats(self, own_edge: int | None) -> list[Stat]:
        """Return the figures over the list."""
        return [self._best(), self._number(), self._sent(own_edge), self._delay()]

    def _best(self) -> Stat:
        key = main_metric(self.runs)
        scored = [run for run in self.runs if key and key in run.headline]
        if not scored:
            return Stat(tr("Best result"), "–", tr("no run has reported one"))
        sign = 1 if is_lower_better(key) else -1
        best = min(scored, key=lambda run: sign * run.headline[key])
        value = value_text(best.headline[key], kind_of(key))
        name = tr("Best {metric}", metric=metric_title(key).lower())
        return Stat(name, value, tr("run {id}", id=best.id))

    def _number(self) -> Stat:
        counts = self.counts()
        words = [
            tr("{count} finished", count=counts["finished"]),
            tr("{count} live", count=counts["live"]),
        ]
        idle = sum(run.state == State.IDLE and run.archived_at is None for run in self.runs)
        words += [tr("{count} not started", count=idle)] if idle else []
        return Stat(tr("Runs"), str(counts["all"]), ", ".join(words))

    def _sent(self, own_edge: int | None) -> Stat:
        parts = [d for run in self.runs for d in run.devices if d.edge_id == own_edge]
        if not parts:
            total = sum(run.bytes_up + run.bytes_down for run in self.runs)
            return Stat(tr("Moved by all sites"), size(total), plural(len(self.runs), "run"))
        total = sum(part.bytes_up for part in parts)
        return Stat(
            tr("Sent by this silo"),
            size(total),
            trn("in {count} run", "in {count} runs", len(parts)),
        )

    def _delay(self) -> Stat:
        delays = [delay for run in self.runs if (delay := start_delay(run)) is not None]
        if not delays:
            return Stat(tr("Median start delay"), "–", tr("sent to round 1"))
        return Stat(tr("Median start delay"), duration(median(delays)), tr("sent to round 1"))


def start_delay(run: Run) -> float | None:
    """Return the time from the order being sent to the first round."""
    marks = [mark for device in run.devices for mark in device.stages]
    sent = [mark.at for mark in marks if mark.stage == Stage.SENT]
    first = [mark.at for mark in marks if mark.stage == Stage.ROUND]
    if not sent or not first:
        return None
    return max(0.0, min(first) - min(sent))
