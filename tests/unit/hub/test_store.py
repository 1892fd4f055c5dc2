"""Database, migrations, log files: what survives, and what a failing disk means in words."""

from __future__ import annotations

import sqlite3
import threading
import traceback
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from agent_core.errors import ServiceError, SiloDeskError, StorageError
from agent_core.hub.bounds import fits
from agent_core.hub.limits import unpacked
from agent_core.hub.logs import Filter, LogFiles
from agent_core.hub.migrate import migrate, newest
from agent_core.hub.status import SOURCES
from agent_core.hub.store import Store, sqlite_url, translated
from agent_core.hub.tables import metadata
from agent_core.protocol.records import LogLine
from agent_core.protocol.states import State


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(sqlite_url(tmp_path / "hub.sqlite3"))
    migrate(made)
    return made


def test_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    migrate(store)  # a second start changes nothing
    with store.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == newest()


def test_s7_a_failed_statement_tells_no_values(store: Store) -> None:
    statement = text("INSERT INTO accounts (email) VALUES (:email)")
    values = {"email": "hunter2"}
    with pytest.raises(SiloDeskError) as told, store.write() as tx:
        tx.conn.execute(statement, values)
    chain = "".join(traceback.format_exception(told.value))
    assert "INSERT INTO accounts" in chain
    assert "hunter2" not in chain


def test_a_newer_database_is_left_alone(store: Store) -> None:
    with store.write() as tx:
        tx.run(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="another version"):
        migrate(store)


def test_positions_are_gapless_whoever_writes(store: Store) -> None:
    found: list[int] = []

    def work() -> None:
        for _ in range(20):
            with store.write() as tx:
                first = tx.positions(1, "metrics", 3)
                found.extend(range(first, first + 3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == list(range(1, 241))


def test_sqlite_runs_with_a_write_ahead_log_and_foreign_keys(store: Store) -> None:
    with store.read() as reader:
        assert reader.scalar(text("PRAGMA journal_mode")) == "wal"
        assert reader.scalar(text("PRAGMA foreign_keys")) == 1
        assert reader.scalar(text("PRAGMA synchronous")) == 1


@pytest.mark.parametrize(
    ("words", "family", "code"),
    [
        ("database or disk is full", StorageError, "storage.full"),
        ("database disk image is malformed", StorageError, "storage.damaged"),
        ("attempt to write a readonly database", StorageError, "storage.readonly"),
        ("server closed the connection", ServiceError, "service.database"),
    ],
)
def test_a_failing_database_speaks_plainly(words: str, family: type, code: str) -> None:
    error = translated(OperationalError("SELECT", {}, sqlite3.OperationalError(words)))
    assert isinstance(error, family)
    assert (error.code, bool(error.next_step)) == (code, True)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="damaged"):
        migrate(Store(sqlite_url(tmp_path / "hub.sqlite3")))


def lines(*texts: str) -> list[LogLine]:
    return [LogLine(edge_id=1, run_id=1, at=1.0, level="INFO", text=each) for each in texts]


def test_logs_go_on_in_a_new_chunk_and_survive_a_lost_or_damaged_one(
    store: Store, tmp_path: Path
) -> None:
    files = LogFiles(tmp_path / "logs", chunk_size=300)
    for number in range(6):
        with store.write() as tx:
            files.append(tx, 1, 1, lines(f"{number} {'x' * 150}", "second"))
    chunks = sorted((tmp_path / "logs" / "1").iterdir())
    assert len(chunks) > 2
    with store.read() as reader:
        found, end = files.after(reader, 1, 0, 100, Filter())
        assert ([line.text[0] for line in found], end) == (list("0s1s2s3s4s5s"), 12)
        chunks[0].unlink()
        raw = chunks[1].read_bytes()
        chunks[1].write_bytes(b"#" + raw[1:])
        rest, end = files.after(reader, 1, 0, 100, Filter())
        assert end == 12
        assert 0 < len(rest) < len(found)


def test_bytes_of_a_batch_that_was_never_committed_are_not_read(
    store: Store, tmp_path: Path
) -> None:
    files = LogFiles(tmp_path / "logs", chunk_size=10_000)
    with pytest.raises(RuntimeError), store.write() as tx:
        files.append(tx, 1, 1, lines("lost"))
        raise RuntimeError
    with store.write() as tx:
        files.append(tx, 1, 1, lines("kept"))
    with store.read() as reader:
        found, end = files.after(reader, 1, 0, 10, Filter())
    assert ([line.text for line in found], end) == (["kept"], 1)


def test_a_full_disk_keeps_the_lines_at_the_device(store: Store, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    files = LogFiles(tmp_path / "logs", chunk_size=10_000)
    with pytest.raises(StorageError, match="devices keep their lines"), store.write() as tx:
        files.append(tx, 1, 1, lines("later"))


def test_a_search_never_skips_a_match() -> None:
    for words in ('say "yes"', "back\\slash", "Grüße", "tab\t", "plain"):
        raw = LogLine(edge_id=1, run_id=1, at=1, level="INFO", text=f"x {words} y")
        wanted = Filter(text=words.upper())
        assert wanted.matches(raw)
        assert wanted.may_match(raw.model_dump_json().encode())
    assert not Filter(text="absent").may_match(b'{"text": "plain"}')


def test_newer_reports_reach_every_state_behind_them() -> None:
    assert State.QUEUED.value in SOURCES[State.FINISHED]
    assert State.PENDING_APPROVAL.value in SOURCES[State.TRAINING]
    assert State.STOPPING.value not in SOURCES[State.TRAINING]
    assert State.FINISHED.value not in SOURCES[State.KILLED]


def test_values_that_no_database_holds() -> None:
    assert fits({"a": [1, 2.5, None, True, "text"], "round": 5})
    for odd in ({"a": "x\x00"}, {"round": 2**31}, {"a": 2**60}, {"a\x00": 1}, [[-(2**60)]]):
        assert not fits(odd)


def test_only_gzip_is_unpacked() -> None:
    assert unpacked(b"plain", "identity", 3) == b"plain"
    with pytest.raises(Exception, match="does not read bodies in 'br'"):
        unpacked(b"", "br", 10)
