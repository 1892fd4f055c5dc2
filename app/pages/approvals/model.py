"""Approvals as table rows and in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from app.i18n import mark, tr, trn
from app.widgets.cells import Cell
from app.widgets.decision_words import decider, is_by_demo, scope_words
from app.widgets.words import age, clock, date, short_digest
from app.wire_words import said

FILTERS = (
    ("pending", mark("Waiting")),
    ("decided", mark("Decided")),
    ("standing", mark("Approved beforehand")),
)


def waits(approval: dict[str, Any]) -> bool:
    """Return whether an approval waits for a decision."""
    return bool(approval["state"] == "pending")


def waiting(approvals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what waits, the oldest first."""
    return sorted((a for a in approvals if waits(a)), key=lambda a: float(a["asked_at"]))


def decided(approvals: list[dict[str, Any]], state: str = "") -> list[dict[str, Any]]:
    """Return what was decided or withdrawn, the last one first; of one state where it is named."""
    done = [a for a in approvals if not waits(a) and state in ("", a["state"])]
    return sorted(done, key=lambda a: -float(a.get("decided_at") or a["asked_at"]))


def matches(one: dict[str, Any], text: str) -> bool:
    """Return whether a filter's text is in what a row says."""
    names = ("application", "asked_by", "project", "fingerprint", "decided_by", "by", "reason",
             "content_digest", "run_name")  # fmt: skip
    words = [str(one.get(name) or "") for name in names]
    words += [str(one.get("run_id") or ""), str((one.get("dataset") or {}).get("name") or "")]
    return text.strip().lower() in " ".join(words).lower()


def news(approval: dict[str, Any]) -> str:
    """Return what is new about the code, or about its data."""
    if approval.get("asked_again"):
        return tr("asked again")
    if approval.get("first_time"):
        return tr("first time on this machine")
    changed = len(approval.get("changed_files") or [])
    if not changed:
        return tr("unchanged code")
    return trn("{count} file changed", "{count} files changed", changed)


def news_cell(approval: dict[str, Any]) -> Cell:
    """Return what is new, with the reason where it is asked again."""
    return Cell(news(approval), tok="muted", sub=said(str(approval.get("asked_again") or "")))


def application_cell(approval: dict[str, Any]) -> Cell:
    """Return the application with its fingerprint."""
    return Cell(approval["application"], weight=600, sub=str(approval["fingerprint"]))


def asked_cell(approval: dict[str, Any]) -> Cell:
    """Return who asks, for which project."""
    sub = tr("run {run} · {project}", run=approval["run_id"], project=approval["project"])
    return Cell(approval["asked_by"], sub=sub)


def when_cell(approval: dict[str, Any]) -> Cell:
    """Return when it was asked, or decided and by whom."""
    if waits(approval):
        return Cell(tr("{age} ago", age=age(approval["asked_at"])), tok="muted")
    tok = "violet" if is_by_demo(approval) else "faint"
    return Cell(clock(approval.get("decided_at")), sub=decider(approval), sub_tok=tok)


def covers_cell(approval: dict[str, Any]) -> Cell:
    """Return what a decision covers, and on which data."""
    given = approval.get("dataset")
    if not given:
        return Cell(scope_words(approval), tok="muted")
    data = tr("{name}, version {number}", name=given["name"], number=given["number"])
    return Cell(scope_words(approval), tok="muted", sub=data)


def state_cell(approval: dict[str, Any]) -> Cell:
    """Return the state as a badge."""
    state = {"pending": "PENDING_APPROVAL"}.get(approval["state"], approval["state"].upper())
    return Cell("", "state", state=state)


def standing_until(one: dict[str, Any]) -> Cell:
    """Return when a standing approval ends, and how long that is."""
    until = one.get("expires_at")
    if not until:
        return Cell(tr("no end"), tok="muted")
    left = float(until) - time.time()
    if left <= 0:
        return Cell(tr("ended"), tok="faint")
    days = int(left // 86400)
    words = trn("{count} day left", "{count} days left", days) if days else tr("ends today")
    return Cell(date(until), tok="muted", sub=words, sub_tok="warn" if days < 3 else "faint")


def standing_by(one: dict[str, Any]) -> Cell:
    """Return who approved beforehand; the demo visibly."""
    if is_by_demo(one):
        return Cell("", "tags", items=((decider(one), "violet"),))
    return Cell(str(one.get("by") or ""), sub=date(one.get("allowed_at")))


def standing_data(one: dict[str, Any]) -> Cell:
    """Return which data a standing approval covers."""
    given = one.get("dataset")
    if given:
        return Cell(
            given["name"], sub=tr("version {number} only", number=given["number"]), tok="muted"
        )
    if one.get("data") == "none":
        return Cell(tr("no data"), tok="faint")
    return Cell(tr("as the settings say"), tok="muted")


def standing_name(one: dict[str, Any]) -> str:
    """Return what tells a standing approval from others: content, and group and role if named."""
    place = f" {one['group_id']} {one['role']}" if one.get("group_id") else ""
    return f"{one['content_digest']}{place}"


def standing_cell(one: dict[str, Any], groups: Mapping[int, str]) -> Cell:
    """Return what is approved beforehand, over where it holds."""
    place = standing_place(one, groups)
    sub = f"{short_digest(one['content_digest'])} · {place}"
    return Cell(one["application"] or tr("by its digest"), weight=600, sub=sub)


def standing_place(one: dict[str, Any], groups: Mapping[int, str]) -> str:
    """Return in which group's runs, and in which part, a standing approval holds."""
    number = int(one.get("group_id") or 0)
    if not number:
        return tr("every group")
    name = groups.get(number) or tr("group {id}", id=number)
    if one.get("role") == "server":
        return tr("{group}, combines updates", group=name)
    return tr("{group}, trains", group=name) if one.get("role") else name
