"""What the tray icon shows: one of six states, and the facts at the head of its menu."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.i18n import mark, tr
from app.shell.stopping import live_jobs
from app.widgets.tokens import look
from app.widgets.words import size
from app.wire_words import said

JOBS_SHOWN = 3


@dataclass(frozen=True)
class TrayState:
    """A state: its mark at the icon's corner, told by shape, and its words."""

    key: str
    icon: str  # empty: the logo alone
    token: str
    word: str
    text: str


STATES = {
    one.key: one
    for one in (
        TrayState("idle", "", "ok", mark("Idle"), mark("online, nothing to do")),
        TrayState("working", "play", "info", mark("Working"), mark("a job is running")),
        TrayState("needs_you", "alert", "warn", mark("Needs you"), mark("an approval waits")),
        TrayState("paused", "pause", "violet", mark("Paused"), mark("by you or a house rule")),
        TrayState(
            "problem", "x", "danger", mark("Problem"), mark("not connected, or a job failed")
        ),
        TrayState("signed_out", "minus", "gray", mark("Signed out"), mark("no hub")),
    )
}


def state_of(status: dict[str, Any], is_connected: bool, has_failure: bool) -> TrayState:
    """Return the state that an agent's status and unseen failures come to."""
    jobs = live_jobs(status)
    if status and not status.get("account") and not status.get("device"):
        key = "signed_out"
    elif status.get("approvals_waiting"):
        key = "needs_you"
    elif not is_connected or status.get("state") in ("offline", "silent") or has_failure:
        key = "problem"
    elif status.get("all_paused") or (jobs and all(map(is_held, jobs))):
        key = "paused"
    else:
        key = "working" if jobs else "idle"
    return STATES[key]


def is_held(job: dict[str, Any]) -> bool:
    """Return whether a job is paused, or will be at the end of its round."""
    return job["state"] == "PAUSED" or bool(job.get("hold"))


@dataclass(frozen=True)
class Fact:
    """A line at the head of the menu, and where it leads."""

    text: str
    icon: str
    page: str
    arguments: dict[str, Any] = field(default_factory=dict)


def facts(status: dict[str, Any], is_connected: bool, budget: int) -> list[Fact]:
    """Return silo and connection, each live job, and what left today."""
    device = status.get("device") or {}
    found = []
    if device.get("silo"):
        found.append(Fact(device["silo"], "hospital", "home"))
    found.append(Fact(_connection(status, is_connected), "wifi", "home"))
    for job in live_jobs(status)[:JOBS_SHOWN]:
        shown = look(job["state"])
        place = {"run_id": job["run_id"]}
        if job.get("rounds"):
            text = tr(
                "Run {n}: {state}, round {round} of {rounds}",
                n=job["run_id"],
                state=shown.word,
                round=job.get("round") or 0,
                rounds=job["rounds"],
            )
        else:
            text = tr("Run {n}: {state}", n=job["run_id"], state=shown.word)
        found.append(Fact(text, shown.icon, "run", place))
        if job.get("detail"):
            found.append(Fact(said(str(job["detail"])), "corner-down-right", "run", place))
    more = len(live_jobs(status)) - JOBS_SHOWN
    if more > 0:
        found.append(Fact(tr("and {count} more", count=more), "ellipsis", "home"))
    if status.get("account"):
        up = size(status.get("bytes_up_today") or 0)
        text = (
            tr("Sent today: {size} of {budget}", size=up, budget=size(budget)) if budget
            else tr("Sent today: {size}", size=up)
        )  # fmt: skip
        found.append(Fact(text, "arrow-up-right", "home"))
    return found


def _connection(status: dict[str, Any], is_connected: bool) -> str:
    if not is_connected:
        return tr("The agent does not answer")
    words = {
        "online": tr("Connected"), "connecting": tr("Connecting"), "silent": tr("Hub is silent"),
        "offline": tr("Not connected"), "unbound": tr("No hub yet"),
    }  # fmt: skip
    word = words.get(str(status.get("state")), tr("Not connected"))
    edge = (status.get("device") or {}).get("edge_id")
    return tr("{state}, edge {edge}", state=word, edge=edge) if edge else word
