"""Run every bench, one after the other, each in its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHES = ("demos.py", "start.py", "rounds.py", "idle.py", "desktop.py")


def main() -> int:
    """Run them; return the number that failed or missed a target."""
    folder = Path(__file__).parent
    failed = [
        name
        for name in BENCHES
        if subprocess.run([sys.executable, str(folder / name)], check=False).returncode
    ]
    for name in failed:
        print(f"{name} did not end well or misses a target", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
