"""A hub that is another one at the same address: what the former one counted is forgotten."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers.agent_process import PASSWORD, AgentProcess, HubProcess, until

from agent_core.agent.journal import Journal
from agent_core.telemetry.spool import Spool

pytestmark = pytest.mark.timeout(240)  # two hubs and two agents, one after the other


def enter(agent: AgentProcess, hub: HubProcess) -> int:
    """Sign up at a fresh hub, bind, and return the edge id."""
    agent.call("account.sign_up", hub_url=hub.url, email="a@x.example", name="A",
               password=PASSWORD)  # fmt: skip
    agent.call("device.bind", silo="Lab", name="bench")
    until(lambda: agent.status()["state"] == "online", "online")
    return int(agent.status()["device"]["edge_id"])


def remember(path: Path) -> None:
    """Leave behind what work with a hub leaves: a seen message, and figures on their way."""
    journal = Journal.open(path)
    with journal.transaction() as connection:
        connection.execute("INSERT INTO inbox (inbox_seq) VALUES (4711)")
        Spool(connection).append("logs", [{"run_id": 1, "text": "of another hub"}], 1.0)
    journal.close()


def seen(path: Path) -> list[int]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [number for (number,) in connection.execute("SELECT inbox_seq FROM inbox")]
    finally:
        connection.close()


def test_a_new_hub_at_the_same_address_is_not_taken_for_the_former() -> None:
    with HubProcess() as hub, AgentProcess() as agent:
        assert enter(agent, hub) == 1
        before = agent.call("hub.about", hub_url=hub.url)["id"]
        agent.stop()
        remember(agent.home.journal)
        hub.stop()
        for entry in hub.home.hub.iterdir():  # the disk was lost; the port is the usual one
            if entry.name != "port":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        hub.start()
        agent.start()
        assert 4711 in seen(agent.home.journal)

        assert enter(agent, hub) == 1

        assert agent.call("hub.about", hub_url=hub.url)["id"] != before
        assert 4711 not in seen(agent.home.journal)
        agent.stop()
        journal = Journal.open(agent.home.journal)
        assert Spool(journal.connection).waiting() == {}
        journal.close()


def test_the_same_hub_started_again_is_the_same() -> None:
    with HubProcess() as hub, AgentProcess() as agent:
        assert enter(agent, hub) == 1
        agent.stop()
        remember(agent.home.journal)
        hub.stop()
        hub.start()
        agent.start()
        until(lambda: agent.status()["state"] == "online", "online")
        agent.call("device.bind", silo="Lab", name="bench")
        assert 4711 in seen(agent.home.journal)
