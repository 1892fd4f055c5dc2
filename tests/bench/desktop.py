"""The desktop's figures: each part in a process of its own, as JSON and as a table.

python tests/bench/desktop.py [--minutes N] [--round-s N] [--lines N] [--part NAME] [--no-peers]
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from measure import show  # noqa: E402 - after the path

PARTS = ("curves", "log", "topology", "demo", "peers")
TITLES = {
    "curves": "curves",
    "log": "log viewer",
    "topology": "topology",
    "demo": "window over a live federation",
    "peers": "peers",
}


def rows_of(part: str, minutes: float, round_s: float, lines: int) -> list[dict[str, Any]]:
    """Return a part's rows."""
    module = importlib.import_module(f"desktop_{part}")
    if part == "demo":
        found = module.measure(minutes, round_s)
    elif part == "peers":
        found = module.measure()
    else:
        from desktop_parts import application

        application()
        found = module.measure(lines) if part == "log" else module.measure()
    return [found] if isinstance(found, dict) else list(found)


def main() -> int:
    """Measure one part here, or all one after the other; return how many missed or failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the live demo")
    parser.add_argument("--round-s", type=float, default=2.0, help="a round of the live demo")
    parser.add_argument("--lines", type=int, default=10_000_000, help="of the log")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    if given.part:
        return show(
            TITLES[given.part], rows_of(given.part, given.minutes, given.round_s, given.lines)
        )
    numbers = [
        "--minutes", str(given.minutes), "--round-s", str(given.round_s),
        "--lines", str(given.lines),
    ]  # fmt: skip
    failed = 0
    for part in PARTS:
        if part == "peers" and given.no_peers:
            continue
        command = [sys.executable, __file__, "--part", part, *numbers]
        if subprocess.run(command, check=False).returncode:
            failed += 1
            print(f"{part} did not end well or misses a target", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
