"""A client waits as long for an answer as the agent may need for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.fake_agent import FakeAgent

from agent_core import client as client_module
from agent_core.agent import model_export, serving_process
from agent_core.client import LONG, LONG_BOUND_S, AgentClient
from agent_core.errors import UnreachableError
from agent_core.protocol.local import OWN


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[FakeAgent]:
    """An agent that answers anything within a second, and no sooner."""
    made = FakeAgent(tmp_path / "h").start()

    def slow(_: dict[str, Any]) -> Any:
        time.sleep(0.6)  # what the answer costs
        return "done"

    for method in ("models.export", "serving.start", "datasets.add", "serving.stop"):
        made.answer(method, slow)
    yield made
    made.stop()


def test_what_takes_long_is_waited_for(agent: FakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what should not is told as not answered."""
    monkeypatch.setattr(client_module, "CALL_BOUND_S", 0.2)
    client = AgentClient(agent.home)
    for method in ("models.export", "serving.start", "datasets.add"):
        assert client.call(method) == "done"
    with pytest.raises(UnreachableError, match="did not answer"):
        client.call("serving.stop")
    client.close()


def test_the_long_bound_is_over_every_bound_of_the_agent() -> None:
    assert set(OWN) >= LONG
    assert max(model_export.BOUND_S, serving_process.READY_BOUND_S) < LONG_BOUND_S
