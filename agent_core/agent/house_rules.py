"""The rule engine: from rules, readings and the clock to what is allowed; it measures nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent_core.protocol.records_rules import DAY, HouseRules, RuleState, Span

COOL_BELOW = 5.0  # degrees under the limit before a hot machine counts as cool again
CALM_BELOW = 10.0  # percent under the limit before a busy machine counts as calm again


@dataclass(frozen=True)
class Readings:
    """What was measured; None is what this machine cannot say."""

    at: dt.datetime  # local, with its zone
    on_battery: bool | None = None
    battery_percent: float | None = None
    temperatures: dict[str, float] = field(default_factory=dict)  # "CPU", "GPU" -> Celsius
    others_cpu: float | None = None  # percent of the machine that other programs use
    others_gpu: float | None = None  # percent, where no job of ours uses the GPU
    running: frozenset[str] = frozenset()  # names of programs, lower case
    cores: int = 0
    quiet: tuple[str, str] = ("", "")  # from and to; not measured, a setting of the window's


class RuleEngine:
    """Judge readings; what needs time to be sure (busy, hot) is remembered between looks."""

    def __init__(self) -> None:
        self._busy_since: float | None = None
        self._calm_since: float | None = None
        self._is_busy = False
        self._is_hot = False
        self._hottest: tuple[dt.date, float] | None = None

    def look(self, rules: HouseRules, readings: Readings) -> list[RuleState]:
        """Return every rule as it stands now."""
        return [
            _hours(rules, readings.at),
            _mains(rules, readings),
            self._temperature(rules, readings),
            self._busy(rules, readings),
            _apps(rules, readings),
            _cores(rules, readings),
            _quiet(readings),
        ]

    def _temperature(self, rules: HouseRules, readings: Readings) -> RuleState:
        found = readings.temperatures
        if not found:
            self._is_hot = False
            text = "No temperature sensor on this machine."
            return RuleState(
                key="temperature", is_on=rules.temperature_on, reading=text, can_measure=False
            )
        hottest, limit = max(found.values()), rules.temperature_limit
        today = readings.at.date()
        known = self._hottest[1] if self._hottest and self._hottest[0] == today else hottest
        self._hottest = (today, max(known, hottest))
        self._is_hot = hottest > (limit - COOL_BELOW if self._is_hot else limit)
        now = ", ".join(f"{name} {value:.0f} °C" for name, value in found.items())
        return RuleState(
            key="temperature",
            is_on=rules.temperature_on,
            allows=not (rules.temperature_on and self._is_hot),
            reading=f"Now {now}; highest today {self._hottest[1]:.0f} °C.",
            reason=f"the machine is hotter than {limit:.0f} °C" if self._is_hot else "",
        )

    def _busy(self, rules: HouseRules, readings: Readings) -> RuleState:
        if readings.others_cpu is None:
            text = "The load of other programs is not known yet."
            return RuleState(key="busy", is_on=rules.busy_on, reading=text, can_measure=False)
        cpu, gpu, now = readings.others_cpu, readings.others_gpu, readings.at.timestamp()
        margin = CALM_BELOW if self._is_busy else 0.0
        is_over = cpu > rules.busy_cpu - margin or (
            gpu is not None and gpu > rules.busy_gpu - margin
        )
        if not rules.busy_on:
            self._busy_since = self._calm_since = None
            self._is_busy = False
        elif is_over:
            self._calm_since = None
            self._busy_since = now if self._busy_since is None else self._busy_since
            self._is_busy = self._is_busy or now - self._busy_since >= rules.busy_for_s
        else:
            self._busy_since = None
            self._calm_since = now if self._calm_since is None else self._calm_since
            if now - self._calm_since >= rules.busy_for_s:
                self._is_busy = False
        text = f"Other programs use {cpu:.0f} % of the CPU."
        if gpu is not None:
            text = f"Other programs use {cpu:.0f} % of the CPU and {gpu:.0f} % of the GPU."
        return RuleState(
            key="busy",
            is_on=rules.busy_on,
            allows=not self._is_busy,
            reading=text,
            reason="other programs need the machine" if self._is_busy else "",
        )


def forbidding(states: Iterable[RuleState]) -> RuleState | None:
    """Return the rule that pauses jobs; of several, the one that lasts longest."""
    found = [state for state in states if state.is_on and not state.allows]
    return max(found, key=lambda state: (state.until is None, state.until or 0.0), default=None)


def _hours(rules: HouseRules, at: dt.datetime) -> RuleState:
    is_open, change = _span_now(rules.hours, at)
    clock = f"{at:%H:%M}"
    if change is None:
        text = f"{clock}, always allowed." if is_open else f"{clock}, never allowed."
    else:
        then = _moment(change, at)
        text = f"{clock}, allowed until {then}." if is_open else f"{clock}, allowed from {then}."
    return RuleState(
        key="hours",
        is_on=rules.hours_on,
        allows=is_open or not rules.hours_on,
        reading=text,
        reason="" if is_open else "it is outside the allowed hours",
        until=None if is_open or change is None else change.timestamp(),
    )


def _span_now(week: list[list[Span]], at: dt.datetime) -> tuple[bool, dt.datetime | None]:
    """Return whether a moment lies inside the week's spans, and when that changes next."""
    spans = [(day * DAY + start, day * DAY + end) for day in range(7) for start, end in week[day]]
    minute = at.weekday() * DAY + at.hour * 60 + at.minute
    is_open = any(start <= minute < end for start, end in spans)
    edges = _edges(spans)
    if not edges:
        return is_open, None
    ahead = min((edge - minute - 1) % (7 * DAY) + 1 for edge in edges)
    return is_open, at.replace(second=0, microsecond=0) + dt.timedelta(minutes=ahead)


def _edges(spans: list[tuple[int, int]]) -> set[int]:
    """Return the minutes of the week at which "open" changes; touching spans are one."""
    week = 7 * DAY
    starts = {start % week for start, _ in spans}
    ends = {end % week for _, end in spans}
    return starts ^ ends


def _moment(then: dt.datetime, now: dt.datetime) -> str:
    if then.date() == now.date() or then - now < dt.timedelta(hours=20):
        return f"{then:%H:%M}"
    return f"{then:%A %H:%M}"


def _mains(rules: HouseRules, readings: Readings) -> RuleState:
    if readings.on_battery is None:
        text = "This machine has no battery: always on mains."
        return RuleState(key="mains", is_on=rules.mains_on, reading=text, can_measure=False)
    text = "On mains."
    if readings.on_battery and readings.battery_percent is None:
        text = "On battery."
    elif readings.on_battery:
        text = f"On battery, {readings.battery_percent:.0f} % left."
    return RuleState(
        key="mains",
        is_on=rules.mains_on,
        allows=not (rules.mains_on and readings.on_battery),
        reading=text,
        reason="the machine runs on battery" if readings.on_battery else "",
    )


def _apps(rules: HouseRules, readings: Readings) -> RuleState:
    seen = [name for name in rules.apps if _is_running(name, readings.running)]
    if not rules.apps:
        text = "No program is listed."
    elif seen:
        text = f"{', '.join(seen)} is running."
    else:
        text = f"None of the {len(rules.apps)} listed programs is running."
    return RuleState(
        key="apps",
        is_on=rules.apps_on,
        allows=not (rules.apps_on and seen),
        reading=text if rules.apps_on or not rules.apps else f"Listed: {', '.join(rules.apps)}.",
        reason=f"{seen[0]} is running" if seen else "",
        can_measure=bool(rules.apps),
    )


def _is_running(name: str, running: frozenset[str]) -> bool:
    wanted = name.strip().lower()
    return wanted in running or f"{wanted}.exe" in running or wanted.removesuffix(".exe") in running


def _cores(rules: HouseRules, readings: Readings) -> RuleState:
    everything = readings.cores or 1
    if rules.cores_on:
        text = f"Jobs use {min(rules.cores, everything)} of {everything} cores."
    else:
        text = f"Off: jobs may use all {everything} cores."
    return RuleState(key="cores", is_on=rules.cores_on, reading=text)


def _quiet(readings: Readings) -> RuleState:
    start, end = readings.quiet
    is_on = bool(start and end) and start != end
    if not is_on:
        return RuleState(key="quiet", is_on=False, reading="Off: notifications may come any time.")
    time = f"{readings.at:%H:%M}"
    inside = start <= time < end if start < end else time >= start or time < end
    text = f"{time}, quiet until {end}." if inside else f"{time}, quiet from {start} to {end}."
    return RuleState(key="quiet", is_on=True, reading=text)
