"""`silodesk --tray`: the desktop as an icon in the tray, in the place of this process."""

from __future__ import annotations

import os
import subprocess
import sys

from agent_core.cli.output import EXIT_FAILED, chosen_home, show_error
from agent_core.cli.rehearse import has_display
from agent_core.errors import UserInputError


def open_in_tray() -> int:
    """Become the desktop, started for the tray; return the exit code where that is a child."""
    if not has_display():
        show_error(
            UserInputError(
                "There is no display here for a tray icon.",
                next_step="Run `silodesk agent` for the agent alone.",
                code="input.display",
            )
        )
        return EXIT_FAILED
    home = chosen_home().make().root
    command = [sys.executable, "-m", "app", "--home", str(home), "--tray"]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(sys.executable, command)  # noqa: S606 - our own program, no shell
    return subprocess.run(command, check=False).returncode
