"""A process on a lifeline ends with whoever holds it, and has no other input."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agent_core.lifeline import EXIT_LINGERING, Lifeline

WATCHING = """
import os, sys, threading
from agent_core import lifeline
lifeline.END_BOUND_S = 0.1
lifeline.watch(lifeline.take(), {on_cut})
print(repr(sys.stdin.read()), flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize(
    ("on_cut", "code"),
    [
        ("lambda: os._exit(7)", 7),
        ("lambda: None", EXIT_LINGERING),
        ("lambda: 1 / 0", EXIT_LINGERING),
    ],
)
def test_a_process_ends_when_its_line_is_cut(on_cut: str, code: int) -> None:
    """One that lingers, or whose way to end fails, is ended."""
    line = Lifeline()
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHING.format(on_cut=on_cut)],
        stdin=line.end, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"''"
        assert process.poll() is None
        line.cut()
        assert process.wait(20) == code
    finally:
        process.kill()
        process.communicate()
