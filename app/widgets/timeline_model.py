"""Where each device of a run is: its steps, what waits, since and until when."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent_core.protocol.messages import OFFLINE_AFTER_S
from agent_core.protocol.records import Run, RunDevice, StageMark
from agent_core.protocol.states import TERMINAL, Role, Stage, State
from app.i18n import mark, tr
from app.widgets.timeline_sites import Site
from app.wire_words import said

STEPS: tuple[tuple[Stage, str], ...] = (
    (Stage.SENT, mark("Sent")),
    (Stage.FETCHED, mark("Fetched")),
    (Stage.VERIFIED, mark("Verified")),
    (Stage.APPROVED, mark("Approved")),
    (Stage.RUNTIME_READY, mark("Runtime")),
    (Stage.STARTED, mark("Started")),
)

PATIENCE_S = 5.0  # every round waits for its sites for a moment; that alone is no news

StepState = Literal["done", "active", "waiting", "failed", "pending"]


@dataclass(frozen=True)
class Step:
    """One step of one device: what it shows under its mark."""

    state: StepState
    caption: str = ""
    is_link: bool = False  # an approval that stood already is written as such
    tip: str = ""


@dataclass(frozen=True)
class Row:
    """One device's line."""

    edge_id: int
    site: Site
    sub: str
    steps: tuple[Step, ...]
    round: int
    rounds: int | None
    mark: Literal["pending", "work", "serve", "waiting", "silent", "ended", "failed", "stopped"]
    caption: str
    is_amber: bool

    @property
    def fraction(self) -> float:
        """Return the part of the rounds that is done, from 0 to 1."""
        return min(1.0, self.round / self.rounds) if self.rounds else 0.0

    @property
    def sentence(self) -> str:
        """Return the row in words, for a screen reader and a tooltip."""
        reached = [name for (_, name), step in zip(STEPS, self.steps, strict=True) if is_done(step)]
        where = tr(reached[-1]) if reached else tr("not sent")
        if self.round and self.rounds:
            where = tr("round {k} of {n}", k=self.round, n=self.rounds)
        elif self.round:
            where = tr("round {k}", k=self.round)
        return f"{self.site.name}, {self.sub}: {where}. {self.caption}".strip()


def is_done(step: Step) -> bool:
    """Return whether a step is behind the device."""
    return step.state == "done"


def short_time(seconds: float) -> str:
    """Return a duration as it stands under a step: 0.2 s, 38 s, 2 min 06 s, 1 h 05 min."""
    if seconds < 10:
        return tr("{n} s", n=f"{max(0.0, seconds):.1f}")
    if seconds < 60:
        return tr("{n} s", n=f"{seconds:.0f}")
    whole = int(seconds)
    if seconds < 3600:
        return tr("{minutes} min {seconds} s", minutes=whole // 60, seconds=f"{whole % 60:02d}")
    minutes = f"{whole % 3600 // 60:02d}"
    return tr("{hours} h {minutes} min", hours=whole // 3600, minutes=minutes)


def clock(at: float) -> str:
    """Return the time of day with seconds."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def rows_of(run: Run, sites: Mapping[int, Site], own_edge: int | None, now: float) -> list[Row]:
    """Return the line of each device, the server's first."""
    ordered = sorted(run.devices, key=lambda one: (one.role != Role.SERVER, one.rank))
    return [_row(run, device, sites[device.edge_id], own_edge, now) for device in ordered]


def _row(run: Run, device: RunDevice, site: Site, own_edge: int | None, now: float) -> Row:
    over = device.state in TERMINAL
    is_silent = not over and run.state not in TERMINAL and device.presence != "online"
    is_silent = is_silent and run.state != State.IDLE
    mark = _mark(device, now, is_silent=is_silent)
    return Row(
        edge_id=device.edge_id,
        site=site,
        sub=_sub(device, own_edge),
        steps=_steps(run, device, now),
        round=device.round or (run.round if device.role == Role.SERVER else 0),
        rounds=run.rounds,
        mark=mark,
        caption=_caption(device, mark, now),
        is_amber=mark in {"silent", "waiting"},
    )


def _sub(device: RunDevice, own_edge: int | None) -> str:
    words = [tr("aggregator")] if device.role == Role.SERVER else []
    if device.edge_id == own_edge:
        words.append(tr("you"))
    return ", ".join(words) or device.name


def _mark(
    device: RunDevice, now: float, *, is_silent: bool
) -> Literal["pending", "work", "serve", "waiting", "silent", "ended", "failed", "stopped"]:
    if device.state == State.FINISHED:
        return "ended"
    if device.state in {State.FAILED, State.EXCEPTION}:
        return "failed"
    if device.state in {State.KILLED, State.STOPPING}:
        return "stopped"
    if is_silent:
        return "silent"
    waits = device.waiting_until is not None and now - (device.waiting_since or 0) > PATIENCE_S
    if device.state in {State.PENDING_APPROVAL, State.PAUSED} or waits:
        return "waiting"
    if device.state == State.RUNNING:
        return "serve"
    return "work" if device.state == State.TRAINING else "pending"


def _caption(device: RunDevice, mark: str, now: float) -> str:
    if mark == "silent":
        if device.last_seen is None:
            return tr("offline, never seen")
        age = now - device.last_seen
        if device.presence == "offline":
            return tr("offline, last seen {time}", time=clock(device.last_seen))
        return tr(
            "silent {short_time}, drops out at {offline_after_s:.0f} s",
            short_time=short_time(age),
            offline_after_s=OFFLINE_AFTER_S,
        )
    if mark == "waiting":
        return _waiting(device, now)
    if device.detail:
        return said(device.detail)
    ends = {"ended": tr("finished"), "stopped": tr("stopped"), "failed": tr("failed")}
    return ends.get(mark, "")


def _waiting(device: RunDevice, now: float) -> str:
    what = said(device.detail) or tr("waiting for the operator's approval")
    what = what.rstrip(". 。")
    if device.waiting_since is not None:
        span = short_time(now - device.waiting_since)
        what = tr("{what}, since {span}", what=what, span=span)
    if device.state == State.PAUSED:
        return what  # its reason names until when
    if device.waiting_until is not None and device.waiting_until > now:
        what = tr("{what}, until {time}", what=what, time=clock(device.waiting_until))
    elif device.waiting_until is not None:
        what = tr("{what}, overdue", what=what)
    return what


def _steps(run: Run, device: RunDevice, now: float) -> tuple[Step, ...]:
    marks: dict[Stage, StageMark] = {}
    for one in device.stages:
        marks.setdefault(one.stage, one)
    steps: list[Step] = []
    before: float | None = None
    for stage, name in STEPS:
        found = marks.get(stage)
        if found is None:
            steps.append(Step("pending"))
            continue
        standing = stage == Stage.APPROVED and "standing" in found.detail.lower()
        since = clock(found.at) if before is None else short_time(found.at - before)
        text = tr("standing") if standing else since
        tip = tr("{name} at {time}", name=tr(name), time=clock(found.at))
        tip += f": {said(found.detail)}" if found.detail else ""
        steps.append(Step("done", text, is_link=standing, tip=tip))
        before = found.at
    return _fill(steps, run, device, before, now)


def _fill(
    steps: list[Step], run: Run, device: RunDevice, before: float | None, now: float
) -> tuple[Step, ...]:
    """Mark as done what later steps prove, and say what the next step waits for."""
    last = max((place for place, step in enumerate(steps) if is_done(step)), default=-1)
    filled = [
        Step("done") if place < last and not is_done(step) else step
        for place, step in enumerate(steps)
    ]
    following = last + 1
    if following >= len(filled) or run.state == State.IDLE:
        return tuple(filled)
    state = device.state
    if state in {State.FAILED, State.EXCEPTION, State.KILLED, State.STOPPING}:
        filled[following] = Step("failed", tip=said(device.detail))
    elif state not in TERMINAL and before is not None:
        waits = state == State.PENDING_APPROVAL or device.presence != "online"
        age = short_time(now - (device.waiting_since or before))
        filled[following] = Step(
            "waiting" if waits else "active", tr("since {age}", age=age), tip=said(device.detail)
        )
    return tuple(filled)
