"""Which hub a binding is of: the same, one restored from a backup, or another one."""

from __future__ import annotations

import time

import pytest
from helpers.agent_bench import bind_by_hand

from agent_core import keys
from agent_core.agent.account import HubAccount
from agent_core.agent.binding import DeviceBinding
from agent_core.agent.credentials import Credentials
from agent_core.agent.journal import Journal
from agent_core.errors import ConflictError
from agent_core.keys import FileStore
from agent_core.paths import Home
from agent_core.protocol.records import Binding
from agent_core.telemetry.spool import Spool

HUB = "http://127.0.0.1:9"


@pytest.fixture
def spool(journal: Journal) -> Spool:
    return Spool(journal.connection)


@pytest.fixture
def credentials(home: Home) -> Credentials:
    bind_by_hand(home, home.credentials)
    found = Credentials(FileStore(home.credentials, home))
    found.keep_binding(HUB, found.need_binding().model_copy(update={"hub": "first"}))
    return found


@pytest.fixture
def binding(home: Home, journal: Journal, spool: Spool, credentials: Credentials) -> DeviceBinding:
    """Return a bound device that has seen a message, and whose figures wait."""
    store = FileStore(home.credentials, home)
    made = DeviceBinding(
        home, journal, credentials, HubAccount(credentials), lambda: keys.device_key(store),
        "none", spool.forget,
    )  # fmt: skip
    made._take(HUB, credentials.need_binding(), has_jobs=False)
    with journal.transaction() as connection:
        connection.execute("INSERT INTO inbox (inbox_seq) VALUES (7)")
        connection.execute("INSERT INTO held VALUES ('d', 'run-1-1', 1, '', x'')")
        spool.append("logs", [{"run_id": 1, "text": "a line"}], 1.0)
    return made


def kept(journal: Journal) -> tuple[int, int, int]:
    """Return how many seen numbers, held messages and waiting records there are."""
    rows = journal.connection.execute(
        "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM held), "
        "(SELECT count(*) FROM spool_records)"
    ).fetchone()
    return tuple(rows)


def another(credentials: Credentials, *, is_restored: bool) -> Binding:
    before = credentials.need_binding()
    made_at = before.device.created_at if is_restored else time.time() + 1
    device = before.device.model_copy(update={"created_at": made_at})
    return before.model_copy(update={"hub": "second", "device": device})


def test_the_same_hub_changes_nothing(
    binding: DeviceBinding, credentials: Credentials, journal: Journal
) -> None:
    binding._take(HUB, credentials.need_binding(), has_jobs=True)
    binding.met("first")
    binding.met("")  # a hub from before hubs had one
    assert kept(journal) == (1, 1, 1)


def test_another_hub_with_the_same_number_is_forgotten_for(
    binding: DeviceBinding, credentials: Credentials, journal: Journal
) -> None:
    with pytest.raises(ConflictError):
        binding._take(HUB, another(credentials, is_restored=False), has_jobs=True)
    assert kept(journal) == (1, 1, 1)
    binding._take(HUB, another(credentials, is_restored=False), has_jobs=False)
    assert kept(journal) == (0, 0, 0)


def test_a_restored_hub_keeps_jobs_and_figures(
    binding: DeviceBinding, credentials: Credentials, journal: Journal
) -> None:
    binding._take(HUB, another(credentials, is_restored=True), has_jobs=True)
    assert kept(journal) == (0, 1, 1)


def test_a_heartbeats_answer_tells_of_a_restored_hub(
    binding: DeviceBinding, credentials: Credentials, journal: Journal
) -> None:
    binding.met("second")
    assert kept(journal) == (0, 1, 1)
    journal.connection.execute("INSERT INTO inbox (inbox_seq) VALUES (8)")
    binding.met("second")
    binding._take(HUB, credentials.need_binding(), has_jobs=True)
    assert kept(journal) == (1, 1, 1)


def test_an_old_journal_adopts_the_hub_that_it_knows(
    binding: DeviceBinding, credentials: Credentials, journal: Journal
) -> None:
    journal.put("binding", f"{HUB}|{credentials.edge_id}")
    credentials.keep_binding(HUB, credentials.need_binding().model_copy(update={"hub": ""}))
    binding.met("first")
    assert kept(journal) == (1, 1, 1)
    journal.put("binding", f"{HUB}|{credentials.edge_id}")
    binding._take(HUB, another(credentials, is_restored=True), has_jobs=True)
    assert kept(journal) == (1, 1, 1)
    journal.put("binding", f"{HUB}|{credentials.edge_id}")
    binding._take(HUB, another(credentials, is_restored=False), has_jobs=False)
    assert kept(journal) == (0, 0, 0)
