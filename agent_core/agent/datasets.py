"""The datasets of this machine and their versions, in the journal."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from agent_core.agent.datasets_scan import Scanned
from agent_core.agent.journal import Journal
from agent_core.errors import ConflictError, ForbiddenError, NotFoundError, UserInputError
from agent_core.protocol.records_data import (
    Dataset,
    DatasetShown,
    DatasetUse,
    DatasetVersion,
    Kind,
)

NAME_LIMIT = 100
NOTE_LIMIT = 2_000


class Datasets:
    """What the operator registered; removed ones stay known to the runs that used them."""

    def __init__(self, journal: Journal, default: Callable[[], Path | None]) -> None:
        self._journal = journal
        self._default = default

    def all(self) -> list[Dataset]:
        """Return the registered datasets by name."""
        rows = self._journal.connection.execute(
            "SELECT * FROM datasets WHERE removed_at IS NULL ORDER BY name COLLATE NOCASE"
        ).fetchall()
        return [self._dataset(row) for row in rows]

    def get(self, dataset_id: int, *, removed: bool = False) -> Dataset:
        """Return a dataset; raises NotFoundError."""
        row = self._journal.connection.execute(
            "SELECT * FROM datasets WHERE id = ? AND (removed_at IS NULL OR ?)",
            (dataset_id, removed),
        ).fetchone()
        if row is None:
            raise NotFoundError(
                f"There is no dataset {dataset_id} on this machine.",
                next_step="See `silodesk dataset list`.",
                code="missing.dataset",
            )
        return self._dataset(row)

    def find(self, name: str) -> Dataset:
        """Return a dataset by its name or number; raises NotFoundError."""
        for one in self.all():
            if one.name == name or str(one.id) == name:
                return one
        raise NotFoundError(
            f"There is no dataset called '{name[:100]}' on this machine.",
            next_step="See `silodesk dataset list`.",
            code="missing.dataset",
        )

    def default(self) -> Dataset | None:
        """Return the dataset that the setting data_dir names, if it is registered."""
        return next((one for one in self.all() if one.is_default), None)

    def of_path(self, path: Path) -> Dataset | None:
        """Return the dataset at a place."""
        return next((one for one in self.all() if one.path == str(path)), None)

    def add(self, name: str, path: Path, kind: Kind, note: str = "", by: str = "") -> Dataset:
        """Register a file or folder; raises ConflictError where it or its name is known."""
        known = self.of_path(path)
        if known is not None:
            raise ConflictError(
                f"{path} is registered already, as '{known.name}'.",
                next_step="Use that dataset, or name another place.",
                code="conflict.dataset",
            )
        self._check_name(name)
        with self._journal.transaction() as connection:
            row = connection.execute(
                "INSERT INTO datasets (name, path, kind, note, added_at, added_by) "
                "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (name, str(path), kind, _note(note), time.time(), by),
            ).fetchone()
        return self.get(row["id"])

    def register_default(self, path: Path, kind: Kind) -> Dataset:
        """Register the folder of the setting data_dir under its own name."""
        known = self.of_path(path)
        if known is not None:
            return known
        names = {one.name for one in self.all()}
        base = path.name or "data"
        free = [base, *(f"{base} {number}" for number in range(2, 1_000))]
        name = next((name for name in free if name not in names), str(path)[-NAME_LIMIT:])
        return self.add(name, path, kind, by="the setting data_dir")

    def change(
        self,
        dataset_id: int,
        name: str | None = None,
        note: str | None = None,
        groups: list[int] | None = None,
        every_group: bool = False,
        shown: bool | None = None,
    ) -> Dataset:
        """Change what is said about a dataset, who may use it, and who sees that it exists."""
        now = self.get(dataset_id)
        if name is not None and name.strip() != now.name:
            self._check_name(name.strip())
        of_groups = now.groups if groups is None else sorted(set(groups))
        if every_group:
            of_groups = None
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE datasets SET name = ?, note = ?, of_groups = ?, shown = ? WHERE id = ?",
                (
                    (name or now.name).strip(),
                    now.note if note is None else _note(note),
                    json.dumps(of_groups),
                    now.shown if shown is None else shown,
                    dataset_id,
                ),
            )
        return self.get(dataset_id)

    def remove(self, dataset_id: int) -> Dataset:
        """Take a dataset out of the list; its files stay where they are."""
        found = self.get(dataset_id)
        if found.is_default:
            raise ConflictError(
                f"'{found.name}' is the folder that the setting data_dir names.",
                next_step="Clear that setting first; then remove the dataset.",
                code="conflict.dataset",
            )
        self._set_removed(dataset_id, time.time())
        return found

    def restore(self, dataset_id: int) -> Dataset:
        """Bring a removed dataset back."""
        found = self.get(dataset_id, removed=True)
        if self.of_path(Path(found.path)) is None:
            if any(one.name == found.name for one in self.all()):
                self._check_name(found.name)
            self._set_removed(dataset_id, None)
        return self.get(dataset_id)

    def keep_version(self, dataset_id: int, scanned: Scanned) -> DatasetVersion:
        """Enter what a reading found: the same hash is the same version."""
        before = self.newest(dataset_id)
        is_same = before is not None and before.hash == scanned.hash
        number = (before.number if before else 0) + (not is_same)
        version = DatasetVersion(
            number=number, hash=scanned.hash, scanned_at=time.time(), files=scanned.files,
            size=scanned.size, rows=scanned.rows, rows_exact=scanned.rows_exact,
            columns=scanned.columns, classes=scanned.classes, notice=scanned.notice,
        )  # fmt: skip
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO dataset_versions (dataset_id, number, hash, mark, record) "
                "VALUES (?, ?, ?, ?, ?)",
                (dataset_id, number, scanned.hash, scanned.mark, version.model_dump_json()),
            )
        return version

    def versions(self, dataset_id: int) -> list[DatasetVersion]:
        """Return the versions of a dataset, newest first."""
        rows = self._journal.connection.execute(
            "SELECT record FROM dataset_versions WHERE dataset_id = ? ORDER BY number DESC",
            (dataset_id,),
        ).fetchall()
        return [DatasetVersion.model_validate_json(row["record"]) for row in rows]

    def newest(self, dataset_id: int) -> DatasetVersion | None:
        """Return the version that was read last."""
        return next(iter(self.versions(dataset_id)), None)

    def mark(self, dataset_id: int) -> str:
        """Return the mark of sizes and times under which the newest version was read."""
        row = self._journal.connection.execute(
            "SELECT mark FROM dataset_versions WHERE dataset_id = ? ORDER BY number DESC LIMIT 1",
            (dataset_id,),
        ).fetchone()
        return str(row["mark"]) if row else ""

    def use(self, dataset: Dataset, group_id: int) -> DatasetUse:
        """Return what a job of a group would be given; raises ForbiddenError, ConflictError."""
        if dataset.groups is not None and group_id not in dataset.groups:
            raise ForbiddenError(
                f"The dataset '{dataset.name}' is not for the group of this run.",
                next_step="Choose another dataset, or let this group use it on the Datasets page.",
                code="forbidden.dataset",
            )
        version = dataset.version
        if version is None:
            raise ConflictError(
                f"The dataset '{dataset.name}' was not read yet.",
                next_step="Wait until it is read, or start the reading on the Datasets page.",
                code="conflict.dataset",
            )
        return DatasetUse(
            dataset_id=dataset.id, name=dataset.name, number=version.number, hash=version.hash,
            rows=version.rows, columns=len(version.columns),
        )  # fmt: skip

    def give(self, job_id: str, use: DatasetUse | None) -> None:
        """Remember which data a job is given."""
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM job_data WHERE job_id = ?", (job_id,))
            if use is not None:
                connection.execute(
                    "INSERT INTO job_data (job_id, record) VALUES (?, ?)",
                    (job_id, use.model_dump_json()),
                )

    def given(self, job_id: str) -> DatasetUse | None:
        """Return the data that a job was given."""
        row = self._journal.connection.execute(
            "SELECT record FROM job_data WHERE job_id = ?", (job_id,)
        ).fetchone()
        return DatasetUse.model_validate_json(row["record"]) if row else None

    def _check_name(self, name: str) -> None:
        if not name or len(name) > NAME_LIMIT or not name.isprintable():
            raise UserInputError(
                "A dataset needs a name of 1 to 100 letters.",
                next_step="Give it one that people recognise.",
                code="input.name",
                field="name",
            )
        if any(one.name == name for one in self.all()):
            raise ConflictError(
                f"There is a dataset called '{name}' already.",
                next_step="Choose another name.",
                code="conflict.name",
                field="name",
            )

    def _set_removed(self, dataset_id: int, at: float | None) -> None:
        with self._journal.transaction() as connection:
            connection.execute("UPDATE datasets SET removed_at = ? WHERE id = ?", (at, dataset_id))

    def _dataset(self, row: sqlite3.Row) -> Dataset:
        versions = self.versions(row["id"])
        default = self._default()
        return Dataset(
            id=row["id"], name=row["name"], path=row["path"], kind=row["kind"], note=row["note"],
            groups=json.loads(row["of_groups"]), shown=bool(row["shown"]),
            is_default=default is not None and str(default) == row["path"],
            is_there=Path(row["path"]).exists(), added_at=row["added_at"],
            added_by=row["added_by"], version=versions[0] if versions else None,
            versions=len(versions),
        )  # fmt: skip


def shown_to_hub(journal: Journal, job_id: str) -> DatasetShown | None:
    """Return what the hub is told of a job's data: nothing but that there is some, unless shown."""
    row = journal.connection.execute(
        "SELECT j.record, d.shown FROM job_data j LEFT JOIN datasets d "
        "ON d.id = json_extract(j.record, '$.dataset_id') WHERE j.job_id = ?",
        (job_id,),
    ).fetchone()
    if row is None:
        return None
    if not row["shown"]:
        return DatasetShown()
    use = DatasetUse.model_validate_json(row["record"])
    return DatasetShown(name=use.name, version=use.hash, rows=use.rows, columns=use.columns)


def _note(text: str) -> str:
    return text.strip()[:NOTE_LIMIT]
