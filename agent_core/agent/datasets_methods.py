"""The agent's own methods about datasets; nothing of their content leaves this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from agent_core.agent import datasets_parquet
from agent_core.agent.datasets import Datasets
from agent_core.agent.datasets_images import IMAGES, samples_of
from agent_core.agent.datasets_parquet import is_parquet
from agent_core.agent.datasets_parquet_file import ROW_LIMIT
from agent_core.agent.datasets_reading import DatasetReading
from agent_core.agent.datasets_scan import entries_of, kind_of, more_columns
from agent_core.agent.datasets_table import is_csv_table, look_at
from agent_core.agent.status import as_json
from agent_core.errors import UserInputError
from agent_core.protocol.records_data import Dataset, Kind, Preview

KINDS = ("csv", "parquet", "images", "any")
TABLES_NAMED = 500


class DatasetMethods:
    """Register, read, look into, change and remove datasets."""

    def __init__(
        self, datasets: Datasets, reading: DatasetReading, operator: Callable[[], str],
        on_shown: Callable[[], None],
    ) -> None:  # fmt: skip
        self._datasets = datasets
        self._reading = reading
        self._operator = operator
        self._on_shown = on_shown

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "datasets.list": self.registered,
            "datasets.get": self.get,
            "datasets.add": self.add,
            "datasets.scan": self.scan,
            "datasets.stop_scan": self.stop_scan,
            "datasets.preview": self.preview,
            "datasets.update": self.update,
            "datasets.remove": self.remove,
            "datasets.restore": self.restore,
        }

    async def registered(self) -> list[dict[str, Any]]:
        """Return the datasets."""
        return [self._plain(one) for one in self._datasets.all()]

    async def get(self, id: int) -> dict[str, Any]:  # noqa: A002 - the wire's name
        """Return a dataset with its history of versions."""
        history = self._datasets.versions(id)
        return {
            **self._plain(self._datasets.get(id)),
            "history": [as_json(version) for version in history],
        }

    async def add(
        self, path: str, name: str = "", kind: str = "", note: str = ""
    ) -> dict[str, Any]:
        """Register a file or folder and begin to read it."""
        place = await asyncio.to_thread(_place, path)
        if kind and kind not in KINDS:
            raise UserInputError(
                f"'{kind[:50]}' is not a kind of dataset.",
                next_step=f"Choose one of {', '.join(KINDS)}, or leave it open.",
                code="input.kind",
                field="kind",
            )
        chosen = cast("Kind", kind) if kind else await asyncio.to_thread(kind_of, place)
        name = name.strip() or (place.name or "data")[:100]
        made = self._datasets.add(name, place, chosen, note, self._operator())
        self._reading.begin(made.id)
        return self._plain(made)

    async def scan(self, id: int, wait: bool = False) -> dict[str, Any]:  # noqa: A002
        """Read a dataset again; `wait` answers when it is done."""
        if wait:
            await self._reading.read(id)
        else:
            self._reading.begin(id)
        return self._plain(self._datasets.get(id))

    async def stop_scan(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Stop a reading."""
        self._reading.stop(id)
        return self._plain(self._datasets.get(id))

    async def preview(self, id: int, file: str = "") -> dict[str, Any]:  # noqa: A002
        """Return the first rows, or images, of a dataset as it is now."""
        return as_json(await asyncio.to_thread(preview, self._datasets.get(id), file))

    async def update(
        self, id: int, name: str | None = None, note: str | None = None,  # noqa: A002
        groups: Any = None, every_group: bool = False, shown: bool | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Change name, note, the groups that may use it, and whether they see that it exists."""
        if groups is not None and not (
            isinstance(groups, list) and all(isinstance(one, int) for one in groups)
        ):
            raise UserInputError(
                "The groups of a dataset are a list of their numbers.",
                next_step="Correct it and try again.",
                code="input.params",
                field="groups",
            )
        changed = self._datasets.change(id, name, note, groups, every_group, shown)
        self._reading.tell(id)
        self._on_shown()
        return self._plain(changed)

    async def remove(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Take a dataset out of the list; no file is touched."""
        self._reading.stop(id)
        removed = self._datasets.remove(id)
        self._reading.tell(id)
        self._on_shown()
        return self._plain(removed)

    async def restore(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Bring a removed dataset back."""
        restored = self._datasets.restore(id)
        self._reading.tell(id)
        self._on_shown()
        return self._plain(restored)

    def _plain(self, dataset: Dataset) -> dict[str, Any]:
        return as_json(
            dataset.model_copy(
                update={
                    "scanning": self._reading.is_reading(dataset.id),
                    "problem": self._reading.problems.get(dataset.id, ""),
                }
            )
        )


def preview(dataset: Dataset, file: str = "") -> Preview:
    """Return a first look into a dataset, in bounded time and memory."""
    root = Path(dataset.path)
    paths = [entry.path for entry in entries_of(root) if not entry.link]
    base = root.parent if root.is_file() else root
    if dataset.kind == "images":
        return Preview(
            kind="images",
            classes=dataset.version.classes if dataset.version else [],
            samples=samples_of(root, [path for path in paths if path.lower().endswith(IMAGES)]),
        )
    is_csv = dataset.kind == "csv"
    is_table = is_csv_table if is_csv else is_parquet
    tables = [path for path in paths if is_table(path)]
    if not tables:
        notice = dataset.version.notice if dataset.version else ""
        return Preview(kind="any", files=paths[:TABLES_NAMED], notice=notice)
    if file and file not in tables:
        raise UserInputError(
            f"The dataset has no table {file[:200]}.",
            next_step="Choose one of its tables.",
            code="input.file",
        )
    chosen = file or tables[0]
    if not is_csv:
        return _parquet_preview(base, chosen, tables)
    look = look_at(base / chosen)
    return Preview(
        kind="csv", file=chosen, files=tables[:TABLES_NAMED], columns=look.columns, rows=look.rows,
        looked_at=look.looked_at, is_whole=look.is_whole, encoding=look.encoding,
        delimiter=look.delimiter, broken=look.broken, notice=look.notice,
    )  # fmt: skip


def _parquet_preview(base: Path, chosen: str, tables: list[str]) -> Preview:
    look = datasets_parquet.look_at(base / chosen, ROW_LIMIT)
    is_cut = look.width > len(look.columns)
    return Preview(
        kind="parquet", file=chosen, files=tables[:TABLES_NAMED], columns=look.columns,
        rows=look.rows, looked_at=look.looked_at, is_whole=look.is_whole,
        notice=more_columns(len(look.columns), look.width) if is_cut else "",
    )  # fmt: skip


def _place(path: str) -> Path:
    if not path.strip():
        raise UserInputError(
            "A dataset needs a file or folder.",
            next_step="Name one that exists on this machine.",
            code="input.data",
            field="path",
        )
    place = Path(path.strip()).expanduser()
    try:
        place = place.resolve(strict=True)
    except OSError as error:
        raise UserInputError(
            f"There is nothing at {place}.",
            next_step="Name a file or folder that exists on this machine.",
            code="input.data",
            field="path",
        ) from error
    return place
