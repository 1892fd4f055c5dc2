"""Log lines: append-only chunk files, with one index row per batch in the database.

A file is written before its index row is committed, and is read through index rows only; so a
crash in between leaves bytes that nobody reads. Lines are numbered per run in the order in which
they arrived, and cursors are those numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import RowMapping, Select, insert, select

from agent_core.errors import StorageError
from agent_core.hub import tables
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.records import LogLine

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
LINE_LIMIT = 16 * 1024
BATCHES = 64  # index rows that are read at a time


@dataclass(frozen=True)
class Filter:
    """What a reader wants to see; empty values do not filter. Levels mean "this or higher"."""

    level: str = ""
    edge_id: int | None = None
    text: str = ""

    def matches(self, line: LogLine) -> bool:
        """Return whether a line is wanted."""
        if self.level and LEVELS[line.level] < LEVELS[self.level]:
            return False
        return not self.text or self.text.casefold() in line.text.casefold()

    def may_match(self, raw: bytes) -> bool:
        """Return whether a batch can hold a wanted line; quick, and never wrongly False."""
        if not self.text or not self.text.isascii() or not self.text.isprintable():
            return True
        if '"' in self.text or "\\" in self.text:
            return True  # these look different inside JSON
        if not raw.isascii():
            return True  # letters beyond ASCII may fold to the ones looked for
        return self.text.lower().encode() in raw.lower()


class LogFiles:
    """The chunk files of all runs below one folder."""

    def __init__(self, folder: Path, chunk_size: int) -> None:
        self._folder = folder
        self._chunk_size = chunk_size

    def append(self, tx: Tx, run_id: int, edge_id: int, lines: list[LogLine]) -> None:
        """Write a device's lines behind all others of the run."""
        own = [
            line.model_copy(update={"edge_id": edge_id, "text": line.text[:LINE_LIMIT]})
            for line in lines
        ]
        raw = b"".join(
            json.dumps(line.model_dump(), ensure_ascii=False, separators=(",", ":")).encode(
                "utf-8", "replace"
            )
            + b"\n"
            for line in own
        )
        chunk, offset = self._write(tx, run_id, raw)
        times = [line.at for line in own]
        tx.run(
            insert(tables.log_batches).values(
                run_id=run_id,
                first_pos=tx.positions(run_id, "logs", len(own)),
                edge_id=edge_id,
                count=len(own),
                chunk=chunk,
                offset=offset,
                length=len(raw),
                first_at=min(times),
                last_at=max(times),
                level=max(LEVELS[line.level] for line in own),
            )
        )

    def _write(self, tx: Tx, run_id: int, raw: bytes) -> tuple[int, int]:
        table = tables.log_batches
        chunk = tx.scalar(
            select(table.c.chunk)
            .where(table.c.run_id == run_id)
            .order_by(table.c.first_pos.desc())
            .limit(1)
        )
        number = int(chunk or 0)
        try:
            path = self._path(run_id, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size >= self._chunk_size:
                number += 1
                path = self._path(run_id, number)
            with path.open("ab") as file:
                offset = file.seek(0, 2)
                file.write(raw)
            return number, offset
        except OSError as error:
            raise StorageError(
                f"The hub cannot write log lines to {self._folder}: {error.strerror}.",
                next_step="Free space on the hub's disk; devices keep their lines until then.",
                code="storage.full",
            ) from error

    def _path(self, run_id: int, chunk: int) -> Path:
        return self._folder / str(run_id) / f"{chunk:06}.jsonl"

    def after(
        self, reader: Reader, run_id: int, cursor: int, limit: int, wanted: Filter
    ) -> tuple[list[LogLine], int]:
        """Return up to `limit` wanted lines behind a cursor, and the cursor to go on from."""
        table = tables.log_batches
        found: list[LogLine] = []
        start = cursor
        while len(found) < limit:
            rows = reader.all(
                _batches(run_id, wanted)
                .where(table.c.first_pos + table.c.count > start + 1)
                .order_by(table.c.first_pos)
                .limit(BATCHES)
            )
            for row in rows:
                for position, line in self._lines(run_id, row, wanted):
                    if position > cursor:
                        found.append(line)
                        cursor = position
                        if len(found) == limit:
                            return found, cursor
                start = row["first_pos"] + row["count"] - 1
            if len(rows) < BATCHES:
                break
        # Everything up to the end was looked at, wanted or not.
        return found, max(cursor, last_position(reader, run_id))

    def before(
        self, reader: Reader, run_id: int, cursor: int | None, limit: int, wanted: Filter
    ) -> list[tuple[int, LogLine]]:
        """Return the last `limit` wanted lines before a cursor (or of all), with positions."""
        table = tables.log_batches
        found: list[tuple[int, LogLine]] = []
        end = last_position(reader, run_id) + 1 if cursor is None else cursor
        upper = end
        while len(found) < limit:
            rows = reader.all(
                _batches(run_id, wanted)
                .where(table.c.first_pos < upper)
                .order_by(table.c.first_pos.desc())
                .limit(BATCHES)
            )
            for row in rows:
                lines = [item for item in self._lines(run_id, row, wanted) if item[0] < end]
                found = lines[-(limit - len(found)) :] + found
                upper = row["first_pos"]
                if len(found) >= limit:
                    break
            if len(rows) < BATCHES:
                break
        return found

    def _lines(self, run_id: int, row: RowMapping, wanted: Filter) -> Iterator[tuple[int, LogLine]]:
        try:
            with self._path(run_id, row["chunk"]).open("rb") as file:
                file.seek(row["offset"])
                raw = file.read(row["length"])
        except FileNotFoundError:
            return  # removed by a person; the other chunks can still be read
        if not wanted.may_match(raw):
            return
        for index, text in enumerate(raw.split(b"\n")[: row["count"]]):
            try:
                line = LogLine.model_validate_json(text)
            except ValueError:
                continue  # damaged on disk: one bad line is one bad line
            if wanted.matches(line):
                yield row["first_pos"] + index, line


def last_position(reader: Reader, run_id: int) -> int:
    """Return the number of a run's newest line."""
    table = tables.positions
    following = reader.scalar(
        select(table.c.next).where(table.c.run_id == run_id, table.c.list == "logs")
    )
    return int(following or 1) - 1


def _batches(run_id: int, wanted: Filter) -> Select[tuple[object, ...]]:
    table = tables.log_batches
    query = select(table).where(table.c.run_id == run_id)
    if wanted.level:
        query = query.where(table.c.level >= LEVELS[wanted.level])
    if wanted.edge_id is not None:
        query = query.where(table.c.edge_id == wanted.edge_id)
    return query
