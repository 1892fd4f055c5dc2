"""Read Parquet files in a process of their own: rows, columns, first values; bounded.

`python -m agent_core.cli dataset read-parquet` takes a Question on its standard input and prints
an Answer: pyarrow alone needs more memory than the whole agent may have.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from agent_core.agent.datasets_types import EXAMPLES
from agent_core.protocol.records_data import DatasetColumn

MEMORY_LIMIT = 4 * 1024**3
SHOWN_ROWS = 200
COLUMN_LIMIT = 2_000
VALUE_LIMIT = 200  # letters of a value that are shown
EXAMPLE_LIMIT = 60
BATCH = 2_000
LOOK_BOUND_S = 2.0
ROW_LIMIT = 1_000_000


class Question(BaseModel):
    """Files whose rows are counted, and one that is looked into."""

    files: list[str] = Field(default_factory=list)
    look: str = ""
    rows: int = ROW_LIMIT  # that are looked at, at most


class Look(BaseModel):
    """What a first look found."""

    columns: list[DatasetColumn] = Field(default_factory=list)
    rows: list[list[str]] = Field(default_factory=list)
    looked_at: int = 0
    is_whole: bool = True
    width: int = 0  # columns there are; more than are shown, perhaps
    error: str = ""


class Answer(BaseModel):
    """Rows by file, why some could not be read, and the look."""

    rows: dict[str, int] = Field(default_factory=dict)
    errors: dict[str, str] = Field(default_factory=dict)
    look: Look | None = None


def read(question: Question) -> Answer:
    """Answer a question; a file that cannot be read is told by its error."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    from pyarrow import ArrowException, parquet

    broken = (ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError)
    answer = Answer()
    for file in question.files:
        try:
            answer.rows[file] = int(parquet.read_metadata(file).num_rows)
        except broken as error:
            answer.errors[file] = _why(error)
    if question.look:
        try:
            answer.look = _look(parquet, Path(question.look), question.rows)
        except broken as error:
            answer.look = Look(error=_why(error))
    return answer


def _look(parquet: Any, path: Path, limit: int) -> Look:
    file = parquet.ParquetFile(path, memory_map=True)
    schema = file.schema_arrow
    names = list(schema.names)[:COLUMN_LIMIT]
    look = Look(width=len(schema.names))
    missing = [0] * len(names)
    examples: list[list[str]] = [[] for _ in names]
    deadline = time.monotonic() + LOOK_BOUND_S
    whole = int(file.metadata.num_rows)
    # Columns are chosen by their place among the leaves, so that a name that is there twice counts.
    chosen = names if len(set(schema.names)) == len(schema.names) and names else None
    for batch in file.iter_batches(batch_size=BATCH, columns=chosen, use_threads=False):
        room = SHOWN_ROWS - len(look.rows)
        shown = [
            [_text(value) for value in batch.column(at).slice(0, max(room, 20)).to_pylist()]
            for at in range(len(names))
        ]
        for at, values in enumerate(shown):
            missing[at] += int(batch.column(at).null_count)
            for value in values:
                if value and len(examples[at]) < EXAMPLES and value not in examples[at]:
                    examples[at].append(value[:EXAMPLE_LIMIT])
        look.rows += [list(row) for row in zip(*shown, strict=True)][: max(room, 0)]
        look.looked_at += int(batch.num_rows)
        if look.looked_at >= limit or time.monotonic() > deadline:
            break
    look.is_whole = look.looked_at >= whole
    look.columns = [
        DatasetColumn(
            name=name[:VALUE_LIMIT] or f"column {at + 1}",
            type=_type(schema.field(at).type), missing=missing[at], examples=examples[at],
        )
        for at, name in enumerate(names)
    ]  # fmt: skip
    return look


def _type(kind: Any) -> Any:
    """Return how the type of a column is told, as for other tables."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _type(kind.value_type)
    if types.is_integer(kind):
        return "whole"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_boolean(kind):
        return "yes/no"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    return "empty" if types.is_null(kind) else "text"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)[:VALUE_LIMIT]


def _why(error: Exception) -> str:
    """Return an error's cause in a line."""
    if isinstance(error, MemoryError):
        return "it needs more memory than it may have"
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(".")
