"""Ask a process of its own what Parquet files hold, so that the agent stays small."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent_core.agent.datasets_parquet_file import Answer, Look, Question
from agent_core.errors import ServiceError, UserInputError

PARQUET = (".parquet", ".pq")
LOOK_BOUND_S = 60.0
SCAN_BOUND_S = 600.0
POLL_S = 0.2
COMMAND = (sys.executable, "-m", "agent_core.cli", "dataset", "read-parquet", "--json")


class CancelledReadError(Exception):
    """The person stopped the reading."""


def is_parquet(path: str) -> bool:
    """Return whether a file is called like a Parquet file."""
    return path.lower().endswith(PARQUET)


def look_at(path: Path, limit: int) -> Look:
    """Return the first rows of a file, and its columns; raises UserInputError, ServiceError."""
    found = ask(Question(look=str(path), rows=limit), LOOK_BOUND_S).look or Look()
    if found.error:
        raise UserInputError(
            f"{path.name} cannot be read as a Parquet file: {found.error}.",
            next_step="Write it again with the program that made it, then read the dataset again.",
            code="input.parquet",
        )
    return found


def count(base: Path, paths: Sequence[str], is_cancelled: Callable[[], bool], limit: int) -> Answer:
    """Return the rows of files and a look into the first one; raises as above."""
    files = [str(base / path) for path in paths]
    question = Question(files=files, look=files[0], rows=limit)
    return ask(question, SCAN_BOUND_S, is_cancelled)


def ask(question: Question, bound_s: float, is_cancelled: Callable[[], bool] = bool) -> Answer:
    """Return the process's answer; raises CancelledReadError, ServiceError."""
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    given: bytes | None = question.model_dump_json().encode()
    deadline = time.monotonic() + bound_s
    try:
        while True:
            try:
                out, err = process.communicate(given, timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                given = None  # it is being written; only the first call may give it
            if is_cancelled():
                raise CancelledReadError
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"The Parquet files were not read within {bound_s:.0f} s.",
                    next_step="Look at the disk's load, then read the dataset again.",
                    code="service.parquet",
                )
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        said = (err or out).decode("utf-8", "replace").strip().splitlines() or ["it died"]
        raise ServiceError(
            f"The process that reads Parquet files failed: {said[-1][:300]}.",
            next_step="Free some memory, then read the dataset again.",
            code="service.parquet",
        )
    return Answer.model_validate_json(out)
