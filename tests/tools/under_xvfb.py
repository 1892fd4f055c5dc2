"""Run a command on a virtual X display of its own; skip with a word where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def main() -> int:
    """Start Xvfb on a free display, run the command there, stop Xvfb, return the exit code."""
    if not shutil.which("Xvfb"):
        print("Xvfb is not installed; `apt-get install xvfb` brings it. Nothing was run.")
        return 1
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writer], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            display = pipe.readline().strip()
        if not display:
            print("Xvfb did not start.")
            return 1
        environment = {**os.environ, "DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb"}
        # A plugin that starts displays of its own would take a smaller one instead of this.
        environment["PYTEST_ADDOPTS"] = f"{os.environ.get('PYTEST_ADDOPTS', '')} -p no:xvfb".strip()
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    sys.exit(main())
