"""The spool: numbers without gaps, through rollback, kill -9, a full budget and a lost database."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_core.telemetry.spool import Spool


def open_database(path: Path) -> sqlite3.Connection:
    """Open as the agent does."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "agent.sqlite3")
    yield connection
    connection.close()


@pytest.fixture
def spool(connection: sqlite3.Connection) -> Spool:
    return Spool(connection)


def points(first: int, count: int) -> list[dict[str, Any]]:
    return [{"key": "loss", "value": float(n), "run_id": 1} for n in range(first, first + count)]


def values(spool: Spool, stream: str = "metrics", limit: int = 1000) -> list[float]:
    batch = spool.batch(stream, limit)
    return [record["value"] for record in batch.records] if batch else []


def test_numbers_start_at_one_and_have_no_gaps_per_stream(spool: Spool) -> None:
    assert spool.append("metrics", points(0, 3), 1.0) == 3
    assert spool.append("rounds", points(0, 1), 1.0) == 1
    assert spool.append("metrics", points(3, 2), 2.0) == 5
    assert spool.append("metrics", [], 3.0) == 5
    batch = spool.batch("metrics", 10)
    assert batch is not None
    assert (batch.stream, batch.first_sequence) == ("metrics", 1)
    assert values(spool) == [0, 1, 2, 3, 4]
    assert spool.waiting() == {"metrics": 5, "rounds": 1}


def test_an_untouched_stream_has_nothing_to_send(spool: Spool) -> None:
    assert spool.batch("logs", 10) is None
    assert spool.waiting() == {}


def test_batches_follow_what_was_acknowledged(spool: Spool) -> None:
    spool.append("metrics", points(0, 10), 1.0)
    assert values(spool, limit=4) == [0, 1, 2, 3]
    assert values(spool, limit=4) == [0, 1, 2, 3], "reading changes nothing"
    assert spool.acknowledge("metrics", 3) == 7
    batch = spool.batch("metrics", 4)
    assert batch is not None
    assert batch.first_sequence == 4
    assert values(spool, limit=4) == [3, 4, 5, 6]


def test_acknowledged_rows_are_gone_and_old_acknowledgements_change_nothing(
    spool: Spool, connection: sqlite3.Connection
) -> None:
    spool.append("metrics", points(0, 10), 1.0)
    spool.acknowledge("metrics", 8)
    assert spool.acknowledge("metrics", 5) == 2
    assert connection.execute("SELECT count(*) FROM spool_records").fetchone()[0] == 2
    assert values(spool) == [8, 9]
    assert spool.acknowledge("metrics", 10) == 0
    assert spool.batch("metrics", 10) is None
    assert spool.append("metrics", points(10, 1), 2.0) == 11


def test_a_rolled_back_transaction_leaves_no_gap(
    spool: Spool, connection: sqlite3.Connection
) -> None:
    spool.append("metrics", points(0, 2), 1.0)
    connection.execute("BEGIN IMMEDIATE")
    assert spool.append("metrics", points(90, 2), 1.0) == 4
    connection.execute("ROLLBACK")
    assert spool.append("metrics", points(2, 1), 1.0) == 3
    assert values(spool) == [0, 1, 2]


def test_opening_inside_a_transaction_does_not_commit_it(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE mark (n INTEGER)")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO mark VALUES (1)")
    Spool(connection)
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM mark").fetchone()[0] == 0


def test_a_batch_ends_at_its_bytes_but_carries_at_least_one_record(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.telemetry.spool.BATCH_BYTES", 1000)
    lines = [{"text": "x" * 400, "value": n} for n in range(5)]
    spool.append("logs", [{"text": "y" * 5000, "value": -1}, *lines], 1.0)
    assert values(spool, "logs") == [-1]
    spool.acknowledge("logs", 1)
    assert values(spool, "logs") == [0, 1]


def test_over_the_budget_lines_are_dropped_counted_and_told(connection: sqlite3.Connection) -> None:
    spool = Spool(connection, budget=1000)
    line = {"edge_id": 7, "run_id": 3, "at": 1.0, "level": "INFO", "source": "job", "text": "z"}
    assert spool.append("logs", [{**line, "text": "z" * 1200}], 1.0) == 1
    assert spool.append("logs", [line, line], 2.0) == 1, "no number for what is not kept"
    assert spool.append("rounds", points(0, 1), 2.0) == 1, "a round is always kept"
    assert spool.append("metrics", points(0, 1), 2.0) == 1, "curves outlast lines"
    assert spool.dropped() == {"logs": 2}
    spool.acknowledge("logs", 1)
    assert spool.append("logs", [line], 9.0) == 3
    batch = spool.batch("logs", 10)
    assert batch is not None
    told, kept = batch.records
    assert told["text"].startswith("2 log lines were dropped")
    assert (told["run_id"], told["edge_id"], told["at"]) == (3, 7, 9.0)
    assert (told["level"], told["source"]) == ("WARNING", "agent")
    assert kept == line
    assert spool.append("logs", [line], 10.0) == 4, "told once"
    assert spool.dropped() == {"logs": 2}


def test_curves_are_dropped_at_twice_the_budget(connection: sqlite3.Connection) -> None:
    spool = Spool(connection, budget=500)
    spool.append("rounds", [{"text": "r" * 1100}], 1.0)
    assert spool.append("metrics", points(0, 2), 1.0) == 0
    assert spool.dropped() == {"metrics": 2}
    assert spool.batch("metrics", 10) is None


def test_a_hub_that_knows_more_makes_the_numbers_go_on_from_there(spool: Spool) -> None:
    """The agent's database was damaged and begun anew; the hub has 500 of the earlier one."""
    spool.append("metrics", points(0, 4), 1.0)
    assert spool.acknowledge("metrics", 500) == 4
    batch = spool.batch("metrics", 10)
    assert batch is not None
    assert batch.first_sequence == 501
    assert values(spool) == [0, 1, 2, 3]
    assert spool.append("metrics", points(4, 1), 2.0) == 505
    assert spool.acknowledge("metrics", 505) == 0
    assert spool.append("logs", points(0, 1), 1.0) == 1, "other streams keep theirs"


def test_values_that_are_no_numbers_arrive_as_such(spool: Spool) -> None:
    spool.append("metrics", [{"value": float("nan"), "key": "Überlebensrate"}], 1.0)
    batch = spool.batch("metrics", 1)
    assert batch is not None
    assert batch.records[0]["value"] != batch.records[0]["value"]
    assert batch.records[0]["key"] == "Überlebensrate"


def test_another_hub_numbers_anew(spool: Spool) -> None:
    spool.append("metrics", points(0, 4), 1.0)
    spool.forget()
    assert spool.append("metrics", points(0, 1), 1.0) == 1


WRITER = """
import sqlite3, sys
from agent_core.telemetry.spool import Spool
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = FULL")
spool = Spool(connection)
for n in range(100000):
    connection.execute("BEGIN IMMEDIATE")
    last = spool.append("metrics", [{"value": n}], 1.0)
    connection.execute("COMMIT")
    print(last, flush=True)
"""


def test_r1_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite3"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=Path.cwd()
    ) as writer:
        assert writer.stdout is not None
        for _ in range(50):
            last = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
    connection = open_database(path)
    try:
        found = values(Spool(connection), limit=100_000)
    finally:
        connection.close()
    assert len(found) >= last
    assert found == [float(n) for n in range(len(found))]
