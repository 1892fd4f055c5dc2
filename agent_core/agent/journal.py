"""The agent's one database: opened, checked, migrated, and written in transactions.

A job's frame is committed once, together with everything that follows from it; so journal, spool,
outbox and approvals share this file and its one connection, which belongs to the event loop's
thread.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_core.agent.journal_file import connect, is_damage, refused, set_aside
from agent_core.errors import StorageError

log = logging.getLogger(__name__)

LAZY_S = 0.05
LAZY_RETRY_S = 5.0
# What belongs to one binding at one hub; another hub counts and names things anew.
OF_A_HUB = (
    "jobs", "inbox", "sequences", "outgoing", "transfers", "needs", "held", "blobs", "approvals",
    "holds", "exempt",
    "job_data",
)  # fmt: skip


class Journal:
    """A connection with transactions that nest, and small named values."""

    def __init__(self, connection: sqlite3.Connection, notice: str = "") -> None:
        self.connection = connection
        self.notice = notice  # what a person should know about how it was opened
        self._depth = 0
        self._afterwards: dict[object, Callable[[], None]] = {}
        self._lazy: list[Callable[[], None]] = []

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open the database; a damaged one is set aside and a new one begun.

        Raises StorageError when the disk refuses.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        notice = ""
        try:
            connection = connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not is_damage(error):
                raise refused(path, error) from error
            aside = set_aside(path)
            notice = (
                f"The agent's database was damaged ({error}) and was set aside as {aside.name}; "
                "a new one was begun. Approvals and unsent figures in it are not used any more."
            )
            log.error(notice)  # noqa: TRY400 - the notice is the whole story
            try:
                connection = connect(path)
            except sqlite3.DatabaseError as second:
                raise refused(path, second) from second
        path.chmod(0o600)
        return cls(connection, notice)

    def close(self) -> None:
        """Write what was put off, and close the database."""
        try:
            self.write_lazy()
        finally:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit everything inside the block at once, or nothing; inner blocks join the outer."""
        if self._depth:
            yield self.connection
            return
        self._depth = 1
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:  # whatever it is goes on; nothing half-done may stay
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise StorageError(
                f"The agent's database cannot be written: {error}.",
                next_step="Free some disk space; work goes on by itself then.",
                code="storage.journal",
            ) from error
        finally:
            self._depth = 0
            actions, self._afterwards = self._afterwards, {}
        for action in actions.values():
            action()

    def after_commit(self, action: Callable[[], None], key: object = None) -> None:
        """Do something once the transaction is committed; of one key, the last action only."""
        if self._depth:
            self._afterwards[key or object()] = action
        else:
            action()

    def lazily(self, write: Callable[[], None]) -> None:
        """Write soon, many at once: for what a crash may lose, because it would come again."""
        self._lazy.append(write)
        if len(self._lazy) == 1:
            asyncio.get_running_loop().call_later(LAZY_S, self._write_lazy_or_later)

    def write_lazy(self) -> None:
        """Write what was put off."""
        writes, self._lazy = self._lazy, []
        try:
            if writes:
                with self.transaction():
                    for write in writes:
                        write()
        except StorageError:
            self._lazy = writes + self._lazy
            raise

    def _write_lazy_or_later(self) -> None:
        try:
            self.write_lazy()
        except StorageError as error:
            log.warning("%s", error)
            asyncio.get_running_loop().call_later(LAZY_RETRY_S, self._write_lazy_or_later)
        except sqlite3.ProgrammingError:
            pass  # the agent ended meanwhile; close() has written everything

    def get(self, key: str, default: str = "") -> str:
        """Return a named value."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else default

    def put(self, key: str, value: str) -> None:
        """Set a named value."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def forget_hub(self) -> None:
        """Forget the former binding; approvals by digest alone and byte counts stay."""
        self.write_lazy()  # else it would be written into the new one's tables
        with self.transaction() as connection:
            for table in OF_A_HUB:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            # Another hub numbers its groups anew: what was allowed in one of them ends with it.
            connection.execute("DELETE FROM standing WHERE group_id <> 0")

    def meet_restored_hub(self) -> None:
        """Forget what a hub's backup cannot know of: numbers and objects since it was made.

        Jobs go on. What was uploaded is offered again, and the hub says what it has.
        """
        self.write_lazy()
        with self.transaction() as connection:
            connection.execute("DELETE FROM inbox")
            connection.execute("DELETE FROM transfers WHERE done = 1")
