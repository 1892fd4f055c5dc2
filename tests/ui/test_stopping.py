"""A tool that draws can be ended at any time, and still says what it found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PARTS = {
    "a quiet loop": "stop.wait(60)",
    "a slot": "QTimer.singleShot(0, lambda: (said(), time.sleep(1))); stop.wait(60)",
    "plain waiting": "said(); time.sleep(60)",
    "the end of a part": "said(); at_most(lambda: stop._code)",
}
TOOL = """
import sys, time
from PySide6.QtCore import QCoreApplication, QTimer
from tools.stopping import Stop
def said():
    print("here", flush=True)
def at_most(is_so):
    end = time.monotonic() + 60
    while not is_so() and time.monotonic() < end:
        pass
app = QCoreApplication([])
stop = Stop()
{prelude}
try:
    {part}
    print("went on")
finally:
    print("verdict", flush=True)
"""


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whatever_it_does_it_ends_in_order(name: str, number: signal.Signals) -> None:
    """The signal is raised where what follows it can tidy up."""
    prelude = "QTimer.singleShot(0, said)" if name == "a quiet loop" else ""
    part = PARTS[name]
    if name != "plain waiting":
        part = f"with stop.held():\n        {part}"
    process = subprocess.Popen(
        [sys.executable, "-c", TOOL.format(prelude=prelude, part=part)],
        cwd=TESTS, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(number)
        assert process.communicate(timeout=30)[0] == "verdict\n"
        assert process.returncode == 128 + number
    finally:
        process.kill()
        process.wait()
