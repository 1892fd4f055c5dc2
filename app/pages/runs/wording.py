"""How runs are written: times, durations, metrics and states in words."""

from __future__ import annotations

import time

from agent_core.protocol.metric_names import is_lower_better as is_lower_better
from agent_core.protocol.metric_names import metric_rank as metric_rank
from agent_core.protocol.records import Run
from agent_core.protocol.states import TERMINAL, Role, State
from app.i18n import tr
from app.widgets.curve_plot_ticks import kind_of, value_text
from app.widgets.metric_words import metric_title as metric_title
from app.widgets.words import date, day, duration

LIVE = frozenset(State) - TERMINAL - {State.IDLE, State.OFFLINE}


def day_text(at: float, now: float) -> str:
    """Return when something was: 14:02 today, else Yesterday, 23 Nov, 23 Nov 2024."""
    then, today = time.localtime(at), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    if time.localtime(now - 86400)[:3] == then[:3]:
        return tr("Yesterday")
    if then.tm_year == today.tm_year:
        return day(at)
    return date(at)


def headline(run: Run, count: int = 2) -> list[tuple[str, str, float]]:
    """Return the run's main global metrics as (key, text, value)."""
    keys = sorted(run.headline, key=metric_rank)[:count]
    return [(key, value_text(run.headline[key], kind_of(key)), run.headline[key]) for key in keys]


def run_title(run: Run) -> str:
    """Return what a run is called."""
    return tr("Run {id}", id=run.id)


def state_text(run: Run) -> str:
    """Return the words of a run's badge where they say more than its state."""
    if run.state == State.PENDING_APPROVAL:
        return tr("Waits for approval")
    if run.state == State.IDLE:
        return tr("Not started")
    if run.state == State.KILLED and run.ended_by:
        return tr("Killed by {person}", person=run.ended_by)
    if run.state == State.PAUSED and run.paused_by:
        return tr("Paused by {person}", person=run.paused_by)
    if run.state == State.RUNNING and run.paused_by:
        return tr("Pauses at the round's end")
    return ""


def not_live(age_s: float) -> str:
    """Return what is said of figures that nobody stands for now."""
    return tr("not live, known {time} ago", time=duration(age_s))


def elapsed(run: Run, now: float) -> float | None:
    """Return how long a run has been going or took; None before its start."""
    if run.started_at is None:
        return None
    return max(0.0, (run.ended_at or now) - run.started_at)


def seconds_left(run: Run, recent: list[float]) -> float | None:
    """Return an estimate from how long the last rounds took; None where there were none."""
    if not run.rounds or not recent or run.state in TERMINAL:
        return None
    return sorted(recent)[len(recent) // 2] * max(0, run.rounds - run.round)


def sites_in(run: Run) -> tuple[int, int]:
    """Return how many client sites answer now, of how many."""
    clients = [one for one in run.devices if one.role == Role.CLIENT]
    out = {State.KILLED, State.FAILED, State.EXCEPTION}
    live = run.state not in TERMINAL
    here = [
        one
        for one in clients
        if one.state not in out
        and (not live or run.state == State.IDLE or one.presence == "online")
    ]
    return len(here), len(clients)
