"""What is worth telling: decisions, failures, ends and outages, one for each run and cause.

Rounds, heartbeats and metrics never become a notice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent_core.protocol.states import TERMINAL
from app.i18n import tr
from app.widgets.tokens import look
from app.widgets.words import size
from app.wire_words import said

ENDS = {"FINISHED": "ok", "FAILED": "danger", "EXCEPTION": "danger", "KILLED": "warn"}


@dataclass(frozen=True)
class Notice:
    """One thing to tell; `key` names run and cause, so that it is told once."""

    key: tuple[Any, ...]
    kind: str  # info, ok, warn, danger
    title: str
    text: str
    at: float
    page: str  # where a click leads
    arguments: dict[str, Any] = field(default_factory=dict)
    action: str = ""  # the words of that click
    is_decision: bool = False
    icon: str = ""


def of_approval(approval: dict[str, Any], now: float) -> Notice:
    """Return the notice of a question that waits for the operator."""
    who = tr("{person}, {project}.", person=approval.get("asked_by") or tr("Somebody"),
             project=approval.get("project") or "")  # fmt: skip
    changed = len(approval.get("changed_files") or [])
    if approval.get("first_time"):
        news = tr("First time on this machine.")
    elif changed == 1:
        news = tr("1 file changed since your last approval.")
    elif changed:
        news = tr("{count} files changed since your last approval.", count=changed)
    else:
        news = tr("The same code as your last approval.")
    return Notice(
        ("approval", approval["id"]), "warn",
        tr("Approval needed: {name}", name=approval.get("application") or tr("a run")),
        f"{who} {news}", float(approval.get("asked_at") or now), "approvals",
        {"approval": approval["id"]}, tr("Review"), is_decision=True, icon="hourglass",
    )  # fmt: skip


def of_job(job: dict[str, Any], now: float) -> Notice | None:
    """Return the notice of a job that ended; None for any other."""
    state = str(job.get("state") or "")
    if state not in ENDS or state not in TERMINAL:
        return None
    name = tr("Run {n}", n=job["run_id"])
    titles = {
        "FINISHED": tr("{run} finished", run=name),
        "FAILED": tr("{run} failed on this machine", run=name),
        "EXCEPTION": tr("{run} raised an error on this machine", run=name),
        "KILLED": tr("{run} was stopped", run=name),
    }
    sent = tr("{size} sent.", size=size(job.get("bytes_up") or 0))
    detail = said(str(job.get("detail") or ""))
    text = sent if state == "FINISHED" or not detail else f"{detail} {sent}"
    return Notice(
        ("job", job["run_id"], state), ENDS[state], titles[state], text,
        float(job.get("ended_at") or now), "run", {"run_id": job["run_id"]}, tr("Open run"),
        icon=look(state).icon,
    )  # fmt: skip


def of_waiting(run: dict[str, Any], device: dict[str, Any], now: float) -> Notice:
    """Return the notice of a run that waits for a site of which nothing is heard."""
    site = device.get("silo") or device.get("name") or tr("a site")
    return Notice(
        ("waits", run["id"], device["edge_id"]), "warn",
        tr("Run {n} waits for {site}", n=run["id"], site=site),
        tr("Nothing was heard of it for a while. The run goes on at the round's deadline if its "
           "quorum holds."),
        now, "run", {"run_id": run["id"]}, tr("Open run"), icon="radio",
    )  # fmt: skip


def of_outage(status: dict[str, Any], since: float) -> Notice:
    """Return the notice of a hub that is away."""
    detail = said(str(status.get("detail") or ""))
    return Notice(
        ("offline", int(since)), "danger", tr("Not connected to the hub"),
        tr("{detail} Jobs go on; what they send waits here.", detail=detail).strip(),
        since, "doctor", {}, tr("Connection doctor"), icon="wifi-off",
    )  # fmt: skip


def is_quiet(quiet_from: str, quiet_to: str, now: datetime) -> bool:
    """Return whether nothing may pop up at this time of day; the span may cross midnight."""
    if not quiet_from or not quiet_to or quiet_from == quiet_to:
        return False
    time = now.strftime("%H:%M")
    if quiet_from < quiet_to:
        return quiet_from <= time < quiet_to
    return time >= quiet_from or time < quiet_to
