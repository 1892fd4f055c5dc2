"""What is cleared away at a start, and what is not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from helpers.agent_bench import AgentBench

from agent_core.agent.housekeeping import PACKAGES_KEPT_S, clear
from agent_core.protocol.states import State


def test_only_what_nobody_needs_goes(play: Callable[[Any], Any]) -> None:
    """Old packages and tensors of ended runs go; what a live job uses or must go up stays."""

    async def scenario(bench: AgentBench) -> None:
        used = bench.place_package()
        bench.tell(bench.order())
        await bench.until_state(State.PENDING_APPROVAL)
        parts, packages = bench.agent.parts, bench.home.packages
        (packages / ("0" * 64 + ".zip")).touch()
        (packages / ("1" * 64 + ".zip")).touch()
        long_ago = time.time() - PACKAGES_KEPT_S - 10
        for name in (used.zip_sha256, "0" * 64):
            os.utime(packages / f"{name}.zip", (long_ago, long_ago))
        for run_id in (1, 7, 8):
            parts.shelf.path(run_id, "a").parent.mkdir(parents=True)
        parts.transfers.add(8, "model", 1, "a" * 64, 1)

        clear(parts)

        left = {path.stem for path in packages.iterdir()}
        assert left == {used.zip_sha256, "1" * 64}
        assert {path.name for path in bench.home.blobs.iterdir()} == {"run-1", "run-8"}

    play(scenario)
