"""Run a program of an installation in a group of its own: its lines followed, its end bounded."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

from agent_core.errors import RuntimeSetupError

LOOK_S = 0.25  # how soon a stop is seen while the program says nothing
KEPT_LINES = 400
END_BOUND_S = 10.0

GoOn = Callable[[], None]


def always() -> None:
    """Go on: nobody stops this."""


def follow(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_line: Callable[[str], None],
    go_on: GoOn,
    bound_s: float,
) -> tuple[int, str]:
    """Run a program and return its exit code and last lines.

    `on_line` and `go_on`, which is asked several times a second, end it by raising, with everything
    that it started. Raises OSError, and RuntimeSetupError when it takes longer than the bound.
    """
    lines: list[str] = []
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env=dict(environment), start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            for line in _lines(process.stdout, go_on, bound_s) if process.stdout else ():
                lines.append(line)
                del lines[:-KEPT_LINES]
                on_line(line.strip())
            code = process.wait(END_BOUND_S)
        except BaseException:  # stopped, by whoever or whatever; raised on
            _kill(process)
            raise
    return code, "\n".join(lines)


def _lines(output: IO[bytes], go_on: GoOn, bound_s: float) -> Iterator[str]:
    until, rest = time.monotonic() + bound_s, b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            go_on()
            if time.monotonic() > until:
                raise RuntimeSetupError(
                    f"The installation did not end within {bound_s / 60:.0f} min.",
                    next_step="Check the network or proxy, then start the run again; what was "
                    "fetched is kept.",
                    code="runtime.network",
                )
            if not selector.select(LOOK_S):
                continue
            data = os.read(output.fileno(), 64 * 1024)
            *whole, rest = (rest + data).split(b"\n")
            if not data and rest:
                whole, rest = [rest], b""
            yield from (line.decode("utf-8", "replace").rstrip() for line in whole)
            if not data:
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started: a resolver or a build may be one of its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait(END_BOUND_S)
