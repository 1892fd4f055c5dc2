"""Look into a CSV file: encoding, delimiter, head, types, missing values; bounded in time."""

from __future__ import annotations

import codecs
import csv
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from agent_core.agent.datasets_types import Guess, is_missing, type_of
from agent_core.protocol.records_data import DatasetColumn

TABLES = (".csv", ".tsv", ".txt.csv")
SHOWN_ROWS = 200
LOOK_BOUND_S = 2.0
LOOK_BYTES = 32 * 1024 * 1024
SNIFFED = 64 * 1024
COLUMN_LIMIT = 2_000
VALUE_LIMIT = 200  # letters of a value that are shown
FIELD_LIMIT = 1024 * 1024
DELIMITERS = ",;\t|"


@dataclass
class Look:
    """What a first look found."""

    columns: list[DatasetColumn] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    looked_at: int = 0
    is_whole: bool = True
    has_head: bool = True
    encoding: str = ""
    delimiter: str = ""
    broken: int = 0
    notice: str = ""


def is_csv_table(path: str) -> bool:
    """Return whether a file is called like a table of text."""
    return path.lower().endswith(TABLES)


def look_at(path: Path, limit: int = 1_000_000) -> Look:
    """Return the first rows of a table and its columns, from at most `limit` rows."""
    with path.open("rb") as file:
        head = file.read(SNIFFED)
        encoding, notice = encoding_of(head)
        text = head.decode(encoding, "replace")
        delimiter = delimiter_of(text, path.suffix.lower())
        file.seek(0)
        look = Look(encoding=encoding, delimiter=delimiter, notice=notice)
        if b"\0" in head and not encoding.startswith("utf-16"):
            look.notice = "This does not look like text; it cannot be shown as a table."
            return look
        bounded = io.TextIOWrapper(
            io.BufferedReader(_Bounded(file)), encoding, errors="replace", newline=""
        )
        _fill(look, bounded, limit)
        bounded.detach()
        look.is_whole = look.is_whole and file.tell() >= path.stat().st_size
    return look


def encoding_of(head: bytes) -> tuple[str, str]:
    """Return the encoding of a text's first bytes, and what a person should know about it."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252", "The file is not UTF-8; it is shown as Windows-1252."
    return "utf-8-sig", ""


def delimiter_of(text: str, suffix: str = "") -> str:
    """Return the delimiter that splits most of the first lines into the same number of parts."""
    if suffix == ".tsv":
        return "\t"
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    best, found = 0, ","
    for mark in DELIMITERS:
        counts = [line.count(mark) for line in lines]
        common = max(set(counts), key=counts.count, default=0)
        score = counts.count(common) * min(common, 5) if common else 0
        if score > best:
            best, found = score, mark
    return found


class _Bounded(io.RawIOBase):
    """A file that ends early, so that a table of any size is looked at in bounded memory."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__()
        self._file = file
        self._left = LOOK_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._file.read(min(len(view), self._left))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)


def _fill(look: Look, text: io.TextIOWrapper, limit: int) -> None:
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        rows = _rows(look, text)
        first = next(rows, None)
        if first is None:
            look.notice = look.notice or "The file holds no rows."
            return
        _take(look, first, rows, limit)
    finally:
        csv.field_size_limit(before)


def _rows(look: Look, text: TextIO) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=look.delimiter)
    while True:
        try:
            for row in reader:
                if row:
                    yield row
            return
        except csv.Error as error:
            look.broken += 1
            look.notice = f"Line {reader.line_num:,} cannot be read as a row: {error}."
            if look.broken > 1_000:
                return


def _take(look: Look, first: list[str], rows: Iterator[list[str]], limit: int) -> None:
    deadline = time.monotonic() + LOOK_BOUND_S
    second = next(rows, None)
    look.has_head = has_head(first, second)
    names = first[:COLUMN_LIMIT] if look.has_head else []
    width = len(first)
    guesses = [Guess() for _ in range(min(width, COLUMN_LIMIT))]
    if len(first) > COLUMN_LIMIT:
        look.notice = f"The first {COLUMN_LIMIT:,} of {width:,} columns are shown."
    data = [row for row in ((second,) if look.has_head else (first, second)) if row is not None]
    for row in _chained(data, rows):
        if len(row) != width:
            look.broken += 1
        for guess, value in zip(guesses, row, strict=False):
            guess.take(value)
        for guess in guesses[len(row) :]:
            guess.take("")
        if len(look.rows) < SHOWN_ROWS:
            look.rows.append([value[:VALUE_LIMIT] for value in row[:COLUMN_LIMIT]])
        look.looked_at += 1
        if look.looked_at >= limit or time.monotonic() > deadline:
            look.is_whole = next(rows, None) is None
            break
    look.columns = [
        DatasetColumn(
            name=(names[i][:VALUE_LIMIT].strip() if i < len(names) else "") or f"column {i + 1}",
            type=guess.type(), missing=guess.missing, examples=guess.examples,
        )
        for i, guess in enumerate(guesses)
    ]  # fmt: skip


def _chained(first: Sequence[list[str]], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from first
    yield from rest


def has_head(first: list[str], second: list[str] | None) -> bool:
    """Return whether a table's first row names its columns."""
    kinds = [type_of(value) for value in first]
    if any(kind in ("number", "whole", "date") for kind in kinds) or is_missing(first[0] or "-"):
        return False
    if second is None:
        return True
    return len(set(first)) == len(first) or any(
        type_of(value) != "text" for value in second if not is_missing(value)
    )
