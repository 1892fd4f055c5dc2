"""Run a command on a virtual X display with a window manager and a tray; say what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

# A desktop's smallest parts; each ends with the display, by its own process.
COMPANIONS = (
    ["openbox", "--sm-disable"],
    ["trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request",
     "--height", "28", "--SetDockType", "true", "--expand", "true"],
)  # fmt: skip


@contextmanager
def running(command: list[str], **how: object) -> Iterator[subprocess.Popen[bytes]]:
    """Hold a process for as long as it is needed."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **how)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> int:
    """Start Xvfb on a free display, run the command there, stop all, return the exit code."""
    if not shutil.which("Xvfb"):
        print("Xvfb is not installed; `apt-get install xvfb` brings it. Nothing was run.")
        return 1
    reader, writer = os.pipe()
    display_server = [
        "Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"
    ]  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(running(display_server, pass_fds=[writer]))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            display = pipe.readline().strip()
        if not display:
            print("Xvfb did not start.")
            return 1
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sdx"))
        environment = {**os.environ, "DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb"}
        # No bus of another session: its tray and its notifications would be found instead.
        environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={Path(folder) / 'none'}"
        # A plugin that starts displays of its own would take a smaller one instead of this.
        environment["PYTEST_ADDOPTS"] = f"{os.environ.get('PYTEST_ADDOPTS', '')} -p no:xvfb".strip()
        for command in COMPANIONS:
            if shutil.which(command[0]):
                stack.enter_context(running(command, env=environment, stdout=subprocess.DEVNULL))
            else:
                print(f"{command[0]} is not installed; tests that need it skip.")
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
