"""The hub's database: read and write transactions on SQLite (WAL) or PostgreSQL.

One write at a time: the hub is one process, SQLite allows one writer anyway, and neither
compare-and-set nor positions then ever race. What a transaction wants to publish is handed out
after its commit, in the order of commits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, RowMapping, Table, create_engine, event
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from agent_core.errors import (
    NotFoundError,
    ServiceError,
    SiloDeskError,
    StorageError,
    UserInputError,
)
from agent_core.hub import upserts

Values = dict[str, Any] | None
Rows = list[dict[str, Any]] | dict[str, Any] | None


@dataclass(frozen=True)
class Outgoing:
    """A message to publish once the transaction that wrote it is committed."""

    topic: str
    payload: bytes


@dataclass(frozen=True)
class Notice:
    """Something that people look at changed, for a group's members or for one account."""

    what: str
    id: int
    group_id: int | None = None
    account_id: int | None = None


class Reader:
    """A connection with the few ways in which the hub asks."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def all(self, statement: Executable, values: Values = None) -> Sequence[RowMapping]:
        """Return all rows; `values` are those of a prepared statement."""
        return self.conn.execute(statement, values).mappings().all()

    def first(self, statement: Executable, values: Values = None) -> RowMapping | None:
        """Return the first row, or None."""
        return self.conn.execute(statement, values).mappings().first()

    def scalar(self, statement: Executable, values: Values = None) -> Any:
        """Return the first column of the first row, or None."""
        return self.conn.execute(statement, values).scalar()

    def scalars(self, statement: Executable) -> list[Any]:
        """Return the first column of all rows."""
        return list(self.conn.execute(statement).scalars())


@dataclass
class _After:
    outgoing: list[Outgoing] = field(default_factory=list)
    notices: dict[Notice, None] = field(default_factory=dict)


class Tx(Reader):
    """A write transaction, with what is to be published after it."""

    def __init__(self, conn: Connection) -> None:
        super().__init__(conn)
        self.now = time.time()
        self.after = _After()

    def run(self, statement: Executable, rows: Rows = None) -> int:
        """Execute a statement and return how many rows it touched.

        `rows` are its values, or the values of each of many rows.
        """
        result = self.conn.execute(statement, rows) if rows else self.conn.execute(statement)
        return result.rowcount if isinstance(result, CursorResult) else 0

    def add_new(self, table: Table, **values: Any) -> bool:
        """Insert a row unless its key is there; return whether it is new."""
        statement = upserts.new_row(self.conn.dialect.name, table)
        return self.conn.execute(statement, values).first() is not None

    def put(self, table: Table, **values: Any) -> None:
        """Insert a row, or overwrite the one with the same primary key."""
        self.run(upserts.whole_row(self.conn.dialect.name, table, tuple(values)), values)

    def positions(self, run_id: int, name: str, count: int) -> int:
        """Take `count` positions of one of a run's lists and return the first."""
        values = {"run_id": run_id, "list": name, "next": count + 1, "taken": count}
        statement = upserts.positions(self.conn.dialect.name)
        return int(self.scalar(statement, values)) - count

    def send(self, topic: str, payload: bytes) -> None:
        """Publish after the commit."""
        self.after.outgoing.append(Outgoing(topic, payload))

    def changed(
        self, what: str, number: int, *, group: int | None = None, account: int | None = None
    ) -> None:
        """Tell the people concerned after the commit that something changed."""
        self.after.notices[Notice(what, number, group, account)] = None


Handover = Callable[[list[Outgoing], list[Notice]], None]


def _ignore(outgoing: list[Outgoing], notices: list[Notice]) -> None:
    """Do nothing, where nobody listens yet."""


class Store:
    """The database with its writer's lock."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.on_commit: Handover = _ignore
        self._writing = threading.Lock()
        # SQLite's readers see one state anyway; PostgreSQL's would see a newer one with each
        # statement, and a list and its end would not fit together.
        is_postgres = self.engine.dialect.name == "postgresql"
        self._reading = {"isolation_level": "REPEATABLE READ"} if is_postgres else {}

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Give a consistent view for reading: everything as it was at the first statement."""
        try:
            with self.engine.connect() as conn:
                yield Reader(conn.execution_options(**self._reading))
        except SQLAlchemyError as error:
            raise translated(error) from error

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Give the one write transaction; commit at its end, roll back when it raises."""
        with self._writing:
            try:
                with self.engine.connect() as conn:
                    conn = conn.execution_options(silodesk_write=True)
                    with conn.begin():
                        tx = Tx(conn)
                        yield tx
            except SQLAlchemyError as error:
                raise translated(error) from error
            if tx.after.outgoing or tx.after.notices:
                self.on_commit(tx.after.outgoing, list(tx.after.notices))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file."""
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UserInputError(
            "The database's address cannot be read.",
            next_step="Use postgresql://USER:PASSWORD@HOST/NAME, or leave it out for SQLite.",
            code="input.database",
        ) from error
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=8,
            connect_args={"connect_timeout": 10},
            hide_parameters=True,  # hashes, addresses and messages belong in no log
        )
    if parsed.drivername != "sqlite":
        raise UserInputError(
            f"The hub keeps its data in SQLite or PostgreSQL, not in '{parsed.drivername}'.",
            next_step="Use postgresql://USER:PASSWORD@HOST/NAME, or leave it out for SQLite.",
            code="input.database",
        )
    engine = create_engine(parsed, pool_size=8, max_overflow=40, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver would say it too late
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("silodesk_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")


def translated(error: SQLAlchemyError) -> SiloDeskError:
    """Return what a failing database means, in words."""
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip().split("\n")[0]
    lower = text.lower()
    if "disk is full" in lower or "no space left" in lower or "disk i/o" in lower:
        return StorageError(
            f"The hub's database cannot write: {text}.",
            next_step="Free space on the hub's disk; nothing that was answered is lost.",
            code="storage.full",
        )
    if "malformed" in lower or "not a database" in lower:
        return StorageError(
            f"The hub's database is damaged: {text}.",
            next_step="Restore it from a backup, or start a hub with a fresh home.",
            code="storage.damaged",
        )
    if "readonly" in lower or "read-only" in lower or "unable to open" in lower:
        return StorageError(
            f"The hub's database cannot be opened for writing: {text}.",
            next_step="Check that the hub's home folder belongs to you and is writable.",
            code="storage.readonly",
        )
    if isinstance(error, DBAPIError) and "OutOfRange" in error.orig.__class__.__name__:
        return NotFoundError(
            "There is nothing with such a number.",
            next_step="Check the number.",
            code="missing.number",
        )
    if isinstance(error, DBAPIError) and error.orig.__class__.__name__ in {
        "OperationalError", "InterfaceError", "AdminShutdown", "CannotConnectNow",
    }:  # fmt: skip
        return ServiceError(
            f"The hub's database does not answer: {text}.",
            next_step="Check that the database runs and that its address and password are right.",
            code="service.database",
        )
    return SiloDeskError(f"The hub's database refused a command: {type(error).__name__}.")
