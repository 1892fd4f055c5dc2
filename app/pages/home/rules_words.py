"""What Home says of house rules, computed without widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.i18n import tr, trn
from app.widgets.words import size
from app.wire_words import said

ORDER = ("hours", "mains", "temperature", "busy", "apps", "cores", "quiet")
ICONS = {
    "hours": "moon", "mains": "plug", "temperature": "thermometer", "busy": "activity",
    "apps": "layout-list", "cores": "gauge", "quiet": "bell",
}  # fmt: skip
NIGHT = [[0, 360], [1200, 1440]]
QUIET = ("22:00", "07:00")  # where nobody named other hours
Week = list[list[tuple[int, int]]]


def rule_title(key: str, rules: dict[str, Any]) -> str:
    """Return what a rule is, with its limit."""
    if key == "hours":
        is_night = all([list(span) for span in day] == NIGHT for day in rules["hours"])
        return tr("Only at night") if is_night else tr("Only at allowed hours")
    if key == "mains":
        return tr("Only on mains power")
    if key == "temperature":
        return tr("Cooler than {limit} °C", limit=f"{rules['temperature_limit']:.0f}")
    if key == "busy":
        return tr("Give way to other work")
    if key == "apps":
        return tr("Never beside listed programs")
    if key == "cores":
        return tr("CPU limit")
    return tr("Quiet hours")


def rule_text(state: dict[str, Any]) -> str:
    """Return what a rule measures now, and what follows from it."""
    reading = said(str(state["reading"]))
    if state["is_on"] and not state["allows"]:
        return tr("{reading} Jobs pause at the end of their round.", reading=reading)
    return reading


def switched_text(key: str, is_on: bool, rules: dict[str, Any]) -> str:
    """Return what a switch did, for the toast that can undo it."""
    title = rule_title(key, rules)
    return tr("“{rule}” is on", rule=title) if is_on else tr("“{rule}” is off", rule=title)


def hours_text(week: Week) -> str:
    """Return how many hours of the week are allowed."""
    minutes = sum(end - start for day in week for start, end in day)
    if minutes == 7 * 1440:
        return tr("Always allowed")
    if not minutes:
        return tr("Never allowed")
    return trn("{count} hour a week", "{count} hours a week", round(minutes / 60))


def to_cells(week: Sequence[Sequence[Sequence[int]]]) -> list[list[bool]]:
    """Return a week as 7 x 24 hours; an hour counts where more than half of it is allowed."""
    cells = [[False] * 24 for _ in range(7)]
    for day, spans in enumerate(week):
        for start, end in spans:
            for hour in range(24):
                inside = min(end, hour * 60 + 60) - max(start, hour * 60)
                cells[day][hour] = cells[day][hour] or inside > 30
    return cells


def to_week(cells: Sequence[Sequence[bool]]) -> Week:
    """Return 7 x 24 hours as spans of minutes."""
    week: Week = []
    for day in cells:
        spans: list[tuple[int, int]] = []
        for hour, is_open in enumerate(day):
            if not is_open:
                continue
            if spans and spans[-1][1] == hour * 60:
                spans[-1] = (spans[-1][0], hour * 60 + 60)
            else:
                spans.append((hour * 60, hour * 60 + 60))
        week.append(spans)
    return week


def hold_text(job: dict[str, Any]) -> str:
    """Return why a job is held, and what happens next."""
    hold = job.get("hold") or {}
    reason = said(str(hold.get("reason") or ""))
    if job["state"] in ("TRAINING", "RUNNING"):
        return tr("Pauses at the end of this round. {reason}", reason=reason)
    return reason


def resume_word(job: dict[str, Any]) -> str:
    """Return what the button of a held job does, or nothing where only others can end it."""
    cause = (job.get("hold") or {}).get("cause")
    if cause == "operator":
        return tr("Resume")
    if cause == "rules":
        return tr("Go on now") if job.get("started_at") else tr("Start now")
    return tr("Raise budget...") if cause == "budget" else ""


def budget_notice(budget: int) -> str:
    """Return what a used up budget means."""
    return tr("Today's budget of {size} is used up: jobs pause until midnight.", size=size(budget))
