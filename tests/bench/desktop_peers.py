"""The same curves in TensorBoard and the same log in glogg, where they can be had."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from desktop_log import LINES, write_log
from desktop_parts import row

CURVES, POINTS = 50, 100_000
INSTALL_S, WRITE_S, LOAD_S = 180.0, 180.0, 420.0  # bounds of what is waited for
# Run by the throw-away environment's own Python: it has the writer of event files.
_WRITE = """
import sys, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
folder, curves, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
writer = EventFileWriter(folder, max_queue_size=10000)
for step in range(points):
    values = [Summary.Value(tag=f"c{n}", simple_value=(step * (n + 1)) % 97 / 97)
              for n in range(curves)]
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))
writer.close()
"""


def measure() -> list[dict[str, Any]]:
    """Return the peers' figures; one that cannot be had is said so."""
    return [_tensorboard(), _glogg()]


def _tensorboard() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="sdtb-"))
    name = f"TensorBoard, {CURVES} x {POINTS:,} points, all kept: s until they are loaded"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        python = str(folder / "venv" / "bin" / "python")
        quiet = ["-q", "--disable-pip-version-check"]
        subprocess.run(
            [python, "-m", "pip", "install", *quiet, "tensorboard", "setuptools<81"],
            check=True, timeout=INSTALL_S, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        logs = folder / "logs"
        arguments = [str(logs), str(CURVES), str(POINTS)]
        subprocess.run([python, "-c", _WRITE, *arguments], check=True, timeout=WRITE_S)
        return _load(python, logs, name)
    except (OSError, subprocess.SubprocessError, TimeoutError) as error:
        return row(name, f"could not be had: {type(error).__name__}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(python: str, logs: Path, name: str) -> dict[str, Any]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    started = time.monotonic()
    process = subprocess.Popen(
        [python, "-m", "tensorboard.main", "--logdir", str(logs), "--port", str(port),
         "--host", "127.0.0.1", "--load_fast", "false",
         # As many as there are: 0 keeps all, but then shows none.
         "--samples_per_plugin", f"scalars={POINTS}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}/data/plugin/scalars/scalars?run=.&tag=c{CURVES - 1}"
        loaded = 0
        while (passed := time.monotonic() - started) < LOAD_S:
            try:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    loaded = len(json.load(answer))
            except (OSError, ValueError):
                pass  # not up yet, or the tag is not known yet
            if loaded >= POINTS:
                return row(name, round(time.monotonic() - started, 1))
            time.sleep(1.0 + passed / 20)  # each question takes its time from the loading
        return row(name, f"not within {LOAD_S:.0f} s: {loaded:,} points of each curve")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _glogg() -> dict[str, Any]:
    program = shutil.which("glogg") or shutil.which("klogg")
    name = f"glogg opening {LINES:,} lines, s until its index is done"
    if program is None:
        return row(name, "not installed")
    folder = Path(tempfile.mkdtemp(prefix="sdgl-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        path = folder / "big.log"
        write_log(path)
        path.read_bytes()
        environment = {**os.environ, "HOME": str(folder)}
        started = time.monotonic()
        process = subprocess.Popen(
            [program, str(path)], env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return row(name, round(_until_idle(process.pid, started), 2))
    except (OSError, psutil.Error, TimeoutError) as error:
        return row(name, f"could not be measured: {type(error).__name__}")
    finally:
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _until_idle(pid: int, started: float) -> float:
    """Return when a process stopped to use the processor, for it shows nothing to ask."""
    process = psutil.Process(pid)
    last_work, before = started, 0.0
    while time.monotonic() - started < 120:
        time.sleep(0.05)
        used = sum(process.cpu_times()[:2])
        if used - before > 0.02:
            last_work = time.monotonic()
        before = used
        if before > 0.2 and time.monotonic() - last_work > 1.0:
            return last_work - started
    raise TimeoutError
