"""How a job ended: exit code, reason, and a sentence that names the place in the package."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from . import channel
from .session import JobFailedError, MissingImportError, RaisedError
from .stop import JobStopped

LESS_MEMORY = (
    "Allow jobs more memory at that site (setting job_memory), close other programs there, "
    "or make batches or the model smaller."
)


@dataclass(frozen=True)
class Ending:
    """The last word of a job."""

    exit_code: int
    reason: str  # finished | failed | exception | raised | stopped | lost
    sentence: str
    trace: str = ""


def of_exception(error: BaseException, package_root: Path) -> Ending:
    """Return the ending that an uncaught exception means."""
    if isinstance(error, JobStopped):
        reason = "lost" if error.exit_code == channel.EXIT_CHANNEL else "stopped"
        return Ending(error.exit_code, reason, error.reason)
    if isinstance(error, JobFailedError):
        return Ending(channel.EXIT_FAILED, "failed", str(error), str(error))
    if isinstance(error, RaisedError):  # its traceback is in the log already
        return Ending(channel.EXIT_EXCEPTION, "raised", str(error))
    if isinstance(error, MissingImportError):
        return Ending(channel.EXIT_IMPORT, "failed", str(error), trace_of(error))
    if isinstance(error, SystemExit):
        return _of_exit(error)
    return Ending(
        channel.EXIT_EXCEPTION, "exception", sentence_of(error, package_root), trace_of(error)
    )


def _of_exit(error: SystemExit) -> Ending:
    if error.code in (None, 0):
        return Ending(channel.EXIT_OK, "finished", "")
    sentence = f"The package ended itself with exit code {error.code}."
    if not isinstance(error.code, int):
        sentence = f"The package ended itself: {error.code}"
    return Ending(channel.EXIT_FAILED, "failed", sentence, sentence)


def trace_of(error: BaseException) -> str:
    """Return the full traceback."""
    return "".join(traceback.format_exception(error))


def sentence_of(error: BaseException, package_root: Path) -> str:
    """Return type, message and the innermost line of the package, in one sentence."""
    said = str(error).strip().splitlines()
    if is_out_of_memory(error):
        place = place_of(error, package_root)
        where = f" ({place})" if place else ""
        return f"The job ran out of memory{where}. {LESS_MEMORY}"
    sentence = f"{type(error).__name__}: {said[0][:300]}" if said else type(error).__name__
    place = place_of(error, package_root)
    notes = " ".join(getattr(error, "__notes__", ())[:5])
    return " ".join(part for part in (sentence, f"({place})" if place else "", notes) if part)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that memory ran out, of the machine or of its device."""
    if isinstance(error, ConnectionError):  # tells of another silo's memory
        return False
    words = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(
        mark in words for mark in ("out of memory", "outofmemory", "not enough memory", "bad_alloc")
    )


def place_of(error: BaseException, package_root: Path) -> str:
    """Return file and line within the package where an exception passed last, if any."""
    root = package_root.resolve()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        for base in (package_root, root):
            if path.is_relative_to(base):
                return f"{path.relative_to(base).as_posix()}:{frame.lineno} in {frame.name}"
    return ""
