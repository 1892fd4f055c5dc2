"""The agent's database: transactions, what follows a commit, damage, binding to another hub."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent_core.agent.journal import Journal
from agent_core.agent.schema import MIGRATIONS
from agent_core.errors import StorageError


def test_a_failed_transaction_leaves_nothing(journal: Journal) -> None:
    """Blocks nest into the outermost, which commits all or nothing."""
    with pytest.raises(ValueError), journal.transaction():
        journal.put("a", "1")
        with journal.transaction():
            journal.put("b", "2")
        raise ValueError

    assert (journal.get("a"), journal.get("b")) == ("", "")


def test_actions_wait_for_the_commit(journal: Journal) -> None:
    """What is sent must be kept already; a rollback sends nothing."""
    done: list[str] = []
    with journal.transaction():
        journal.after_commit(lambda: done.append("first"), key="k")
        journal.after_commit(lambda: done.append("second"), key="k")
        assert not done
    with pytest.raises(ValueError), journal.transaction():
        journal.after_commit(lambda: done.append("never"))
        raise ValueError
    with journal.transaction():
        pass

    assert done == ["second"]


def test_values_survive_reopening(tmp_path: Path) -> None:
    """A second open finds the same file at the newest version."""
    path = tmp_path / "j.sqlite3"
    first = Journal.open(path)
    first.put("a", "1")
    first.close()

    second = Journal.open(path)
    assert second.get("a") == "1"
    assert second.connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert path.stat().st_mode & 0o077 == 0
    second.close()


@pytest.mark.parametrize("damage", ["garbage", "truncated"])
def test_R5_a_damaged_file_is_set_aside_in_words(tmp_path: Path, damage: str) -> None:
    """Work goes on with a new database; the old bytes are kept and a person is told."""
    path = tmp_path / "j.sqlite3"
    first = Journal.open(path)
    for number in range(200):
        first.put(f"key {number}", "x" * 500)
    first.close()
    data = path.read_bytes()
    path.write_bytes(data[:5000] if damage == "truncated" else b"no database at all" * 100)

    second = Journal.open(path)

    assert "set aside" in second.notice
    assert second.get("key 1") == ""
    assert len(list(tmp_path.glob("j-damaged-*.sqlite3"))) == 1
    second.put("a", "1")
    second.close()


def test_a_newer_database_is_refused_in_words(tmp_path: Path) -> None:
    """A downgrade must not write into what it does not understand."""
    path = tmp_path / "j.sqlite3"
    Journal.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StorageError, match="newer SiloDesk"):
        Journal.open(path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The path and the next step stand in the error."""
    path = tmp_path / "j.sqlite3"
    path.mkdir()

    with pytest.raises(StorageError, match="cannot be opened"):
        Journal.open(path)
