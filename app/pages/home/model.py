"""What Home shows, computed from the agent's records without widgets."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from agent_core.protocol.states import TERMINAL, State
from app.i18n import mark, tr, trn
from app.widgets.tokens import look
from app.widgets.words import age, duration, memory, size
from app.wire_words import said

STALE_S = 30.0
PATIENCE_S = 5.0  # so long is waited for silos without a word
HISTORY = 60  # status events that the sparklines show
# Kind in AgentStatus.bytes_by_kind: words and colour.
KINDS = {
    "updates": (mark("Model updates"), "info"),
    "metrics": (mark("Metrics"), "cyan"),
    "logs": (mark("Logs"), "violet"),
    "other": (mark("Heartbeats and other messages"), "gray"),
}


class Meters:
    """The last values of CPU, memory and GPU; None where a value is missing."""

    def __init__(self) -> None:
        self.cpu: deque[float | None] = deque(maxlen=HISTORY)
        self.memory: deque[float | None] = deque(maxlen=HISTORY)
        self.gpu: deque[float | None] = deque(maxlen=HISTORY)
        self._last = 0.0

    def take(self, status: dict[str, Any]) -> None:
        """Add the sample of a status; the same sample twice counts once."""
        sample = status.get("system") or {}
        at = float(sample.get("at") or 0)
        if not sample or at == self._last:
            return
        self._last = at
        self.cpu.append(sample.get("cpu_percent"))
        used, total = sample.get("memory_used"), sample.get("memory_total")
        self.memory.append(100 * used / total if used is not None and total else None)
        self.gpu.append(sample.get("gpu_percent"))


def percent(value: float | None) -> str:
    """Return a share as "34 %", or a dash."""
    return "–" if value is None else f"{value:.0f} %"


def memory_note(status: dict[str, Any]) -> str:
    """Return "18.4 / 64.0 GB"."""
    sample = status.get("system") or {}
    used, total = sample.get("memory_used"), sample.get("memory_total")
    return f"{memory(used)} / {memory(total)} GB" if total else ""


def gpu_note(status: dict[str, Any]) -> str:
    """Return the GPU's memory and temperature, as far as they are known."""
    sample = status.get("system") or {}
    parts = []
    if sample.get("gpu_memory_used") is not None:
        parts.append(f"{memory(sample['gpu_memory_used'])} GB")
    if sample.get("gpu_temperature") is not None:
        parts.append(f"{sample['gpu_temperature']:.0f} °C")
    return " · ".join(parts)


def presence(status: dict[str, Any]) -> tuple[str, str]:
    """Return the badge of this silo: state and word."""
    state = str(status.get("state") or "offline").upper()
    jobs = [job for job in status.get("jobs") or [] if job.get("ended_at") is None]
    if state != "ONLINE":
        return state, ""
    if any(job["state"] in ("TRAINING", "RUNNING") for job in jobs):
        return "TRAINING", tr("Online · training")
    return "ONLINE", ""


def live_jobs(jobs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the jobs that have not ended, the busiest first."""
    live = [job for job in jobs if not _is_ended(job)]
    return sorted(live, key=lambda job: (job["state"] == "QUEUED", -job["run_id"]))


def ended_today(jobs: Iterable[dict[str, Any]], now: float | None = None) -> list[dict[str, Any]]:
    """Return the jobs that ended since midnight, the last one first."""
    moment = datetime.fromtimestamp(time.time() if now is None else now).astimezone()
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    ended = [job for job in jobs if _is_ended(job) and (job.get("ended_at") or 0) >= midnight]
    return sorted(ended, key=lambda job: -float(job["ended_at"]))


def _is_ended(job: dict[str, Any]) -> bool:
    return job.get("ended_at") is not None or job["state"] in {state.value for state in TERMINAL}


def progress(job: dict[str, Any]) -> tuple[float, str]:
    """Return how far a job is, as a share and in words."""
    rounds, done = job.get("rounds"), int(job.get("round") or 0)
    if not rounds:
        return 0.0, tr("Round {k}", k=done) if done else ""
    return min(1.0, done / rounds), tr("Round {k} of {n}", k=done, n=rounds)


def time_left(job: dict[str, Any], now: float | None = None) -> float | None:
    """Return the seconds a job needs at the pace so far, or None while that is unknown."""
    rounds, done, start = job.get("rounds"), int(job.get("round") or 0), job.get("started_at")
    if not rounds or done < 2 or start is None or job["state"] not in ("TRAINING", "RUNNING"):
        return None
    elapsed = (time.time() if now is None else now) - float(start)
    return elapsed / done * (int(rounds) - done)


def end_words(job: dict[str, Any]) -> str:
    """Return how a job ended, for its badge."""
    word = look(job["state"]).word
    detail = str(job.get("detail") or "")
    if job["state"] == State.FINISHED or not detail:
        return word
    return f"{word}: {said(detail)}"


def job_text(job: dict[str, Any]) -> str:
    """Return what a job does or waits for."""
    if job.get("detail"):
        return said(str(job["detail"]))
    if job["role"] == "server":
        return tr("This machine combines the updates of this run")
    return tr("Trains on this silo's data; only updates and metrics leave")


def pace_text(job: dict[str, Any], now: float | None = None) -> str:
    """Return since when silos are waited for and what happens next, or about how long is left."""
    since, until = job.get("waiting_since"), job.get("waiting_until")
    if since and until and not job.get("hold"):
        moment = time.time() if now is None else now
        if moment - float(since) > PATIENCE_S:
            span = age(since, moment)
            return tr("since {span}; closes without at {time}", span=span, time=clock_s(until))
    left = time_left(job, now)
    return "" if left is None else tr("about {time} left", time=duration(left))


def is_late(job: dict[str, Any], now: float | None = None) -> bool:
    """Return whether silos are waited for longer than a round's usual moment."""
    since = float(job.get("waiting_since") or 0)
    return since > 0 and (time.time() if now is None else now) - since > PATIENCE_S


def clock_s(at: float) -> str:
    """Return a time of day to the second."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def egress(status: dict[str, Any]) -> list[tuple[str, int, str]]:
    """Return what left today by kind: words, bytes, colour; the largest first."""
    by_kind = status.get("bytes_by_kind") or {}
    found = [(*_kind(kind), int(count)) for kind, count in by_kind.items() if int(count) > 0]
    rest = int(status.get("bytes_up_today") or 0) - sum(count for *_, count in found)
    if by_kind and rest > 0 and "other" not in by_kind:
        found.append((*_kind("other"), rest))
    return sorted(((w, n, tok) for w, tok, n in found), key=lambda part: -part[1])


def _kind(kind: str) -> tuple[str, str]:
    words, tok = KINDS.get(kind, (kind.capitalize(), "gray"))
    return tr(words), tok


def budget_words(status: dict[str, Any], budget: int) -> str:
    """Return what stands behind the large figure."""
    if budget:
        return tr("of {size} daily budget", size=size(budget))
    return tr("sent, {size} received", size=size(status.get("bytes_down_today")))


def asked_words(approval: dict[str, Any]) -> str:
    """Return who asks and what is new about the code."""
    values = {"who": approval["asked_by"], "project": approval["project"]}
    if approval.get("first_time"):
        return tr("From {who} · {project} · first time on this machine", **values)
    count = len(approval.get("changed_files") or [])
    if not count:
        return tr("From {who} · {project} · same code as your last approval", **values)
    return trn(
        "From {who} · {project} · {count} file changed since your last approval",
        "From {who} · {project} · {count} files changed since your last approval",
        count, **values,
    )  # fmt: skip


def disk_note(status: dict[str, Any]) -> str:
    """Return how much of the disk is free."""
    sample = status.get("system") or {}
    free = sample.get("disk_free") or (status.get("hardware") or {}).get("disk_free")
    return tr("{size} free", size=size(free)) if free else ""


def is_stale(status: dict[str, Any], now: float | None = None) -> bool:
    """Return whether the machine's figures are too old to be shown in normal ink."""
    at = float((status.get("system") or {}).get("at") or 0)
    return bool(at) and (time.time() if now is None else now) - at > STALE_S
