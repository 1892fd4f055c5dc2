"""The words and icons of a decision: kinds of calls, scopes, states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.i18n import mark, tr
from app.widgets.words import date

DEMO = "the demo"  # as whom the demo's own silos approve


@dataclass(frozen=True)
class CallKind:
    """A kind of call to look at."""

    word: str
    icon: str


CALLS = {
    "network": CallKind(mark("network"), "globe"),
    "files": CallKind(mark("files"), "folder"),
    "processes": CallKind(mark("processes"), "terminal"),
    "pickle": CallKind(mark("pickle"), "binary"),
    "eval": CallKind(mark("eval"), "braces"),
    "native": CallKind(mark("native code"), "microchip"),
    "import": CallKind(mark("dynamic import"), "package-open"),
    "unreadable": CallKind(mark("unreadable"), "circle-help"),
}
TITLES = {
    "network": mark("Network"),
    "files": mark("Files"),
    "processes": mark("Processes"),
    "pickle": mark("Pickle"),
    "eval": mark("Text run as code"),
    "native": mark("Native code"),
    "import": mark("Dynamic import"),
    "unreadable": mark("Cannot be read"),
}


def is_by_demo(one: dict[str, Any]) -> bool:
    """Return whether the demo decided this for a silo of its own."""
    return DEMO in (one.get("decided_by"), one.get("by"))


def decider(one: dict[str, Any]) -> str:
    """Return who decided, the demo visibly."""
    if is_by_demo(one):
        return tr("approved by the demo")
    return str(one.get("decided_by") or one.get("by") or "")


def scope_words(approval: dict[str, Any]) -> str:
    """Return what a decision covers; of a refusal, its reason."""
    if approval["state"] == "refused":
        return str(approval.get("reason") or "")
    scope, until = approval.get("scope") or "", approval.get("expires_at")
    if scope == "once":
        return tr("one start")
    if scope == "run":
        return tr("run {run}", run=approval["run_id"])
    if scope == "standing" and until:
        return tr("this exact code until {date}", date=date(until))
    return tr("this exact code") if scope == "standing" else ""
