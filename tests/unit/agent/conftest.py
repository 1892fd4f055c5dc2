"""Homes with short paths, a worker that does what its order says, and an agent without a hub."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.agent_bench import AgentBench, make_package, replace_parts
from helpers.job_bench import make_worker

from agent_core.agent.journal import Journal
from agent_core.paths import Home


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Return a home with a short path, for sockets."""
    with tempfile.TemporaryDirectory(prefix="sda-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Home(Path(folder) / "home").make()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Return an open journal."""
    opened = Journal.open(tmp_path / "agent.sqlite3")
    yield opened
    opened.close()


Scenario = Callable[[AgentBench], Awaitable[Any]]


@pytest.fixture
def play(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], Any]:
    """Return a function that plays a scenario with a started agent, bounded."""
    replace_parts(monkeypatch, make_worker(tmp_path / "fake_worker"))
    bench = AgentBench(home, make_package(tmp_path))

    async def whole(scenario: Scenario) -> Any:
        await bench.start()
        try:
            async with asyncio.timeout(60):
                return await scenario(bench)
        finally:
            for path in list(bench.agent.dispatcher.paths.values()):
                path.stop("The test is over.")
            await bench.until(lambda: not bench.agent.dispatcher.paths, "the end of all jobs")
            await bench.stop()

    return lambda scenario: asyncio.run(whole(scenario))
