"""Run the command line as `python -m agent_core.cli`."""

from __future__ import annotations

from agent_core.cli.main import main

if __name__ == "__main__":
    main()
