"""Approvals as table rows and in words."""

from __future__ import annotations

import time
from typing import Any

from app.widgets.cells import Cell
from app.widgets.words import age, clock, date, plural

FILTERS = (("pending", "Waiting"), ("decided", "Decided"), ("standing", "Approved beforehand"))


def waits(approval: dict[str, Any]) -> bool:
    """Return whether an approval waits for a decision."""
    return bool(approval["state"] == "pending")


def waiting(approvals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what waits, the oldest first."""
    return sorted((a for a in approvals if waits(a)), key=lambda a: float(a["asked_at"]))


def decided(approvals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was decided or withdrawn, the last one first."""
    done = [a for a in approvals if not waits(a)]
    return sorted(done, key=lambda a: -float(a.get("decided_at") or a["asked_at"]))


def news(approval: dict[str, Any]) -> str:
    """Return what is new about the code."""
    if approval.get("first_time"):
        return "first time on this machine"
    changed = len(approval.get("changed_files") or [])
    return f"{plural(changed, 'file')} changed" if changed else "unchanged code"


def scope_words(approval: dict[str, Any]) -> str:
    """Return what a decision covers."""
    if approval["state"] == "refused":
        return str(approval.get("reason") or "")
    words = {"once": "one start", "run": f"run {approval['run_id']}", "standing": "this exact code"}
    until = f" until {date(approval['expires_at'])}" if approval.get("expires_at") else ""
    return words.get(str(approval.get("scope") or ""), "") + until


def application_cell(approval: dict[str, Any]) -> Cell:
    """Return the application with its fingerprint."""
    return Cell(approval["application"], weight=600, sub=str(approval["fingerprint"]))


def asked_cell(approval: dict[str, Any]) -> Cell:
    """Return who asks, for which project."""
    return Cell(approval["asked_by"], sub=f"run {approval['run_id']} · {approval['project']}")


def when_cell(approval: dict[str, Any]) -> Cell:
    """Return when it was asked, or decided and by whom."""
    if waits(approval):
        return Cell(f"{age(approval['asked_at'])} ago", tok="muted")
    return Cell(clock(approval.get("decided_at")), sub=str(approval.get("decided_by") or ""))


def state_cell(approval: dict[str, Any]) -> Cell:
    """Return the state as a badge."""
    state = {"pending": "PENDING_APPROVAL"}.get(approval["state"], approval["state"].upper())
    return Cell("", "state", state=state)


def standing_until(one: dict[str, Any]) -> str:
    """Return when a standing approval ends."""
    until = one.get("expires_at")
    if not until:
        return "no end"
    left = float(until) - time.time()
    return "ended" if left <= 0 else f"{date(until)}"
