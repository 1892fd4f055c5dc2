"""The desktop of a throw-away federation: `python -m agent_core.rehearsal.window`.

It takes the desktop's own arguments and ends with its federation, whose agent would be gone.
"""

from __future__ import annotations

import os
import runpy

from agent_core import lifeline


def main() -> None:
    """Run the desktop until its window is closed or the line is cut."""
    lifeline.watch(lifeline.take(), lambda: os._exit(0))
    runpy.run_module("app", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
