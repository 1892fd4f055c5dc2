"""Turn a keeper's exit record into a sentence with the cause and the next step."""

from __future__ import annotations

import signal
import time
from typing import Any

from agent_core.jobs.spec import JobOutcome
from agent_core.jobs.workspace import in_words
from agent_core.worker import channel

OUT_OF_MEMORY = (
    "MemoryError",
    "OutOfMemoryError",
    "out of memory",
    "not enough memory",
    "Cannot allocate memory",
    "std::bad_alloc",
)
LESS_MEMORY = (
    "Allow jobs more memory at that site (setting job_memory), close other programs there, "
    "or make batches or the model smaller."
)
SEE_LOG = "The lines before the error are in the run's log."
RUN_AGAIN = "Start the run again."
# The keeper's causes: reason, sentence, next step.
CAUSES = {
    "disk_quota": (
        "failed",
        "The job was ended: it wrote more than the {limit} of scratch space it may use.",
        "Allow it more space, or let it write less.",
    ),
    "disk_full": (
        "failed",
        "The job was ended: the disk of its keeper is full ({detail}).",
        "Free some space, then start the run again.",
    ),
    "protocol": (
        "failed",
        "The job was ended: it wrote something to its channel that is no frame ({detail})",
        "Code in the package must not write to the descriptor of standard output directly.",
    ),
}


def from_record(job_id: str, record: dict[str, Any]) -> JobOutcome:
    """Return the outcome that a keeper's exit record describes."""
    code = int(record["exit_code"])
    reason, sentence, next_step = explain(code, record)
    return JobOutcome(
        job_id=job_id,
        exit_code=code,
        reason=reason,
        sentence=sentence,
        next_step=next_step,
        ended_at=float(record.get("ended_at") or 0.0),
        peak_rss=int(record.get("peak_rss") or 0),
        cpu_seconds=float(record.get("cpu_seconds") or 0.0),
    )


def lost(job_id: str, last_words: str = "") -> JobOutcome:
    """Return the outcome of a job whose keeper died without a record."""
    because = f" ({last_words.rstrip('.')})" if last_words else ""
    return JobOutcome(
        job_id=job_id,
        exit_code=None,
        reason="lost",
        sentence="The job's keeper ended without a record, and the job with it: it was killed, "
        f"or the machine was restarted{because}.",
        next_step=RUN_AGAIN,
        ended_at=time.time(),
    )


def explain(code: int, record: dict[str, Any]) -> tuple[str, str, str]:
    """Return reason, sentence and next step."""
    cause, detail = str(record.get("cause") or ""), str(record.get("detail") or "")
    if cause in CAUSES:
        reason, sentence, next_step = CAUSES[cause]
        limit = in_words(int(detail)) if detail.isdigit() else ""
        return reason, sentence.format(detail=detail, limit=limit), next_step
    done = record.get("done") or {}
    said = str(done.get("detail") or done.get("reason") or "").strip()
    if code == channel.EXIT_OK and done.get("ok", True):
        return "finished", "The job finished.", ""
    if is_out_of_memory(code, record, said):
        peak = in_words(int(record.get("peak_rss") or 0))
        return (
            "out_of_memory",
            f"The job ran out of memory; its largest process used {peak}.",
            LESS_MEMORY,
        )
    if code == channel.EXIT_EXCEPTION and done.get("reason") == "raised":
        return by_code(code, said)
    if code == channel.EXIT_STOPPED or cause == "stop":
        why = f": {detail.rstrip('.')}" if detail else ""
        if record.get("was_killed"):
            return (
                "stopped",
                f"The job was stopped{why}. It did not end in time and was killed.",
                "",
            )
        return "stopped", f"The job was stopped{why}.", ""
    if code < 0:
        return by_signal(-code)
    return by_code(code, said or last_words(record))


def is_out_of_memory(code: int, record: dict[str, Any], said: str) -> bool:
    """Return whether memory ran out: told by the system, by the exception, or by the last lines."""
    if record.get("oom_killed"):
        return True
    if code in (channel.EXIT_EXCEPTION, channel.EXIT_IMPORT, 1, -signal.SIGABRT):
        words = said or last_words(record)
        return any(word in words for word in OUT_OF_MEMORY)
    return False


def last_words(record: dict[str, Any]) -> str:
    """Return the last line the job wrote to stderr."""
    tail = record.get("tail") or []
    return str(tail[-1]).strip() if tail else ""


def by_signal(number: int) -> tuple[str, str, str]:
    """Return the words for a job that a signal ended."""
    if number == signal.SIGXCPU:
        return "killed", "The job used up the processor time it was allowed.", "Allow it more."
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number == signal.SIGKILL:
        return (
            "killed",
            "The job was killed from outside (SIGKILL): by a person, or by the system.",
            RUN_AGAIN,
        )
    return "killed", f"The job crashed in native code ({name}).", SEE_LOG


def by_code(code: int, said: str) -> tuple[str, str, str]:
    """Return the words for a job that left with an exit code."""
    words = f": {said}" if said else "."
    if code == channel.EXIT_FAILED:
        return "failed", said or "The job failed without a reason.", SEE_LOG
    if code == channel.EXIT_EXCEPTION:
        return "exception", f"The package's code raised an exception{words}", SEE_LOG
    if code == channel.EXIT_IMPORT:
        return (
            "exception",
            said if said.startswith("The package ") else f"The package cannot be imported{words}",
            "Name what is missing in the package's requirements, or correct its entry.",
        )
    if code == channel.EXIT_CHANNEL:
        return "failed", f"The job lost its channel to the keeper{words}", RUN_AGAIN
    if code == channel.EXIT_OK:
        return "failed", said or "The job ended without doing what it was started for.", SEE_LOG
    if said.startswith("bwrap:"):
        return (
            "failed",
            f"The sandbox cannot be made: {said.removeprefix('bwrap:').strip()}.",
            "Run `silodesk doctor`: it says which sandbox this machine allows.",
        )
    return "exception", f"The job ended with exit code {code}{words}", SEE_LOG
