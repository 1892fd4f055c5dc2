"""The log viewer on 10 million lines: first paint, scrolling, counting, cancelling, appending."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from desktop_parts import Pool, frames, pump, row, until

LINES = 10_000_000
RARE, COMMON = "deadlock", "update"
PER_SECOND = 20_000
APPEND_S = 10.0


def write_log(path: Path, lines: int = LINES) -> int:
    """Write a log of about 78 bytes a line; return its size."""
    block = 100_000
    with path.open("w") as file:
        for first in range(0, lines, block):
            at = time.gmtime(1_764_000_000 + first // 100)
            head = time.strftime("%Y-%m-%d %H:%M:%S", at)
            file.writelines(_line(number, head) for number in range(first, first + block))
    return path.stat().st_size


def _line(number: int, head: str) -> str:
    head = f"{head}.{number % 1000:03d}"
    if number % 10_007 == 0:
        return f"{head} ERROR egress {RARE} found, retry {number} in 9 s\n"
    if number % 6 == 0:
        return f"{head} INFO  egress {COMMON} {number} checked, 16.4 kB, no NaN\n"
    return f"{head} INFO  trainer epoch 1/1 done, loss 0.1187, {number} rows\n"


def measure(lines: int = LINES) -> list[dict[str, Any]]:
    """Measure on a file that is made for it; return rows of what, value, target, met."""
    from app.widgets.log_view_file_view import LogFileView

    folder = Path(tempfile.mkdtemp(prefix="sdlog-"))
    pool = Pool()
    try:
        path = folder / "big.log"
        size = write_log(path, lines)
        path.read_bytes()  # into the page cache, for us and for the peers alike
        started = time.perf_counter()
        view = LogFileView(path, pool.run)
        view.resize(1200, 700)
        view.show()
        until(lambda: len(view.file) > 0)
        view.viewport().repaint()
        first_paint = time.perf_counter() - started
        until(lambda: len(view.file) >= lines)
        whole = time.perf_counter() - started
        rows = [
            row("log file", f"{lines:,} lines, {size / 1e6:.0f} MB"),
            row("first paint, s", round(first_paint, 3), 0.5),
            row("all lines known, s", round(whole, 3)),
            row("a line in the middle painted, ms", _jump(view, lines), 16.0),
            row("scroll frame p95, ms", _scroll(view, lines), 16.0),
        ]
        rows += _count(view, path)
        rows += _cancel(view)
        rows += _append(view, path)
        view.close_file()
        view.close()
        return rows
    finally:
        pool.close()
        shutil.rmtree(folder, ignore_errors=True)


def _jump(view: Any, lines: int) -> float:
    started = time.perf_counter()
    view.go_to_row(lines // 2)
    view.viewport().repaint()
    return round((time.perf_counter() - started) * 1000, 2)


def _scroll(view: Any, lines: int) -> float:
    """Return the 95th percentile of frames while the whole file is dragged through."""
    costs = []
    bar = view.verticalScrollBar()
    for step in range(300):
        started = time.perf_counter()
        bar.setValue(int(bar.maximum() * step / 300) + step % 7)
        view.viewport().repaint()
        pump()
        costs.append((time.perf_counter() - started) * 1000)
    return round(statistics.quantiles(costs, n=20)[-1], 2)


def _count(view: Any, path: Path) -> list[dict[str, Any]]:
    from app.widgets.log_view_search import Query

    rows = []
    for word in (RARE, COMMON):
        with frames() as stall:
            started = time.perf_counter()
            view.set_query(Query(word))
            until(lambda: not view.search.is_running)
            seconds = time.perf_counter() - started
        hits = len(view.model.hits)
        started = time.perf_counter()
        done = subprocess.run(
            ["grep", "-c", word, str(path)], capture_output=True, text=True, check=False,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
        grep = time.perf_counter() - started
        exact = hits == int(done.stdout or 0)
        rows += [
            row(f"exact count of “{word}” ({hits:,}, as grep: {exact}), s", round(seconds, 3), 2.0),
            row("  longest stop of the window meanwhile, ms", round(stall.longest, 1), 50.0),
            row("  of it the window's own work at most, ms", round(stall.longest_own, 1)),
            row("  grep -c of it, s", round(grep, 3)),
        ]
    return rows


def _cancel(view: Any) -> list[dict[str, Any]]:
    from app.widgets.log_view_search import Query

    view.set_query(Query(r"\d+ (rows|kB)", is_regex=True))
    until(lambda: view.search.share > 0.02)
    scan = view.search._scan
    started = time.perf_counter()
    view.set_query(None)
    told = (time.perf_counter() - started) * 1000
    at = scan.done
    pump(0.2)
    more = scan.done - at
    return [
        row("cancelled, ms until the window is free", round(told, 2), 50.0),
        row("  bytes still looked at afterwards, kB", round(more / 1000), 1100),
    ]


def _append(view: Any, path: Path) -> list[dict[str, Any]]:
    """Follow while 20,000 lines a second are written."""
    before = len(view.file)
    view.set_follow(True)
    step = 0.02
    number = before
    with path.open("a") as file, frames() as stall:
        started = time.perf_counter()
        written = 0
        while (passed := time.perf_counter() - started) < APPEND_S:
            wanted = int(passed * PER_SECOND)
            head = time.strftime("%Y-%m-%d %H:%M:%S")
            file.writelines(_line(number + n, head) for n in range(written, wanted))
            file.flush()
            written = wanted
            pump(step)
        behind = before + written - len(view.file)
        started = time.perf_counter()
        until(lambda: len(view.file) >= before + written)
        caught = time.perf_counter() - started
    return [
        row("appended while followed, lines/s", round(written / APPEND_S)),
        row("  lines not shown yet when the writer stops", behind, PER_SECOND // 2),
        row("  seconds until the last one is", round(caught, 3), 0.5),
        row("  longest frame meanwhile, ms", round(stall.longest, 1), 50.0),
        row("  of it the window's own work at most, ms", round(stall.longest_own, 1)),
    ]
