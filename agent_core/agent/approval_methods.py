"""The agent's own methods about approvals: look, compare, decide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from agent_core.agent import approval_history
from agent_core.agent.approval_review import SHOWN_BYTES, diffs, review
from agent_core.agent.approval_sources import place_of
from agent_core.agent.approvals import DECIDED_AT_ONCE
from agent_core.agent.dispatcher import Dispatcher
from agent_core.agent.parts import Parts
from agent_core.agent.status import StatusBoard, as_json
from agent_core.agent.warm import limits
from agent_core.errors import ConflictError, PackageError, SiloDeskError, UserInputError
from agent_core.packages.archive import open_archive
from agent_core.protocol.records import Approval
from agent_core.protocol.records_data import Dataset, DatasetUse


class ApprovalMethods:
    """What the operator sees of a question, and how it is decided."""

    def __init__(
        self, parts: Parts, board: StatusBoard, dispatcher: Dispatcher, operator: Callable[[], str]
    ) -> None:
        self._parts = parts
        self._board = board
        self._dispatcher = dispatcher
        self._operator = operator

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "approvals.list": self.questions,
            "approvals.get": self.get,
            "approvals.file": self.file,
            "approvals.review": self.review,
            "approvals.diff": self.diff,
            "approvals.approve": self.approve,
            "approvals.refuse": self.refuse,
            "approvals.standing": self.standing,
            "approvals.allow": self.allow,
            "approvals.disallow": self.disallow,
        }

    async def questions(
        self, state: str | None = None, before: int | None = None, limit: int = DECIDED_AT_ONCE
    ) -> list[dict[str, Any]]:
        """Return questions, newest first: all that wait, and decided ones older than `before`."""
        found = self._parts.approvals.questions(state, before, limit)
        return [as_json(item) for item in found]

    async def get(self, id: int) -> dict[str, Any]:  # noqa: A002 - the wire's name
        """Return one question whole."""
        return as_json(self._parts.approvals.get(id))

    async def file(self, id: int, path: str) -> dict[str, Any]:  # noqa: A002
        """Return a file of the package that a question is about."""
        approval = self._parts.approvals.get(id)
        is_changed = approval.first_time or path in approval.changed_files
        package, _ = self._packages(approval)
        return await asyncio.to_thread(_read_file, package, path, is_changed)

    async def review(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Return what changed, the calls to look at, and the data that fits."""
        parts, approval = self._parts, self._parts.approvals.get(id)
        package, before = self._packages(approval)
        found = await asyncio.to_thread(
            review, package, before, approval.changed_files, first=approval.first_time
        )
        allowed = limits(parts.settings())
        last = self._last(approval)
        given = last.dataset.dataset_id if last and last.dataset else 0
        return {
            **found,
            "datasets": [self._offer(approval, one, given) for one in parts.datasets.all()],
            "limits": {"memory": allowed.memory, "cpu_seconds": allowed.cpu_seconds},
        }

    async def diff(
        self, id: int, path: str = "", whole: bool = False, every_file: bool = False  # noqa: A002
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return the rows of one file, or of all that changed; what is left out is marked."""
        approval = self._parts.approvals.get(id)
        package, before = self._packages(approval)
        paths = [path] if path else approval.changed_files
        if not path and (approval.first_time or every_file):
            paths = [str(file["path"]) for file in approval.files]
        return await asyncio.to_thread(diffs, package, before, paths, whole=whole)

    async def approve(
        self, id: int, scope: str = "once", expires_at: float | None = None,  # noqa: A002
        dataset: int | None = None, no_data: bool = False, version: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Allow what a question asks, on a dataset, on none, or on that of the settings.

        `version` is the hash of the content that was shown; raises ConflictError where the dataset
        is another one by now.
        """
        question = self._parts.approvals.get(id)
        data, use = self._chosen(question, dataset, no_data)
        if version and (use is None or use.hash != version):
            raise _other_version(use)
        by = self._operator()
        approval = self._parts.approvals.approve(id, scope, by, expires_at, data, use)
        return self._decided(approval)

    async def refuse(self, id: int, reason: str = "") -> dict[str, Any]:  # noqa: A002
        """Refuse what a question asks."""
        if not reason.strip():
            raise UserInputError(
                "A refusal needs a reason; the run's owner reads it.",
                next_step="Say in a sentence what would have to change.",
                code="input.reason",
                field="reason",
            )
        return self._decided(self._parts.approvals.refuse(id, reason.strip(), self._operator()))

    async def standing(self) -> list[dict[str, Any]]:
        """Return the standing approvals."""
        return [
            {**one, "dataset": as_json(DatasetUse.model_validate(one["dataset"]))}
            if one["dataset"] else one
            for one in self._parts.approvals.standing.all()
        ]  # fmt: skip

    async def allow(
        self, content_digest: str, by: str = "", expires_at: float | None = None,
        application: str = "", data: str = "default", dataset: Any = None, group_id: int = 0,
        role: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Give a standing approval beforehand, or bring one back with its data."""
        use = DatasetUse.model_validate(dataset) if dataset else None
        self._parts.approvals.standing.allow(
            content_digest, by or self._operator(), expires_at, application, data, use,
            group_id, role,
        )  # fmt: skip
        return {}

    async def disallow(
        self, content_digest: str, group_id: int | None = None, role: str | None = None
    ) -> dict[str, Any]:
        """Take a standing approval back; of every group and role where none is named."""
        self._parts.approvals.standing.disallow(content_digest, group_id, role)
        self._parts.events.emit("approval", id=0, state="withdrawn")
        return {}

    def _packages(self, approval: Approval) -> tuple[Path, Path | None]:
        """Return the question's package, and the approved one to compare it with."""
        parts = self._parts
        zipped = f"{parts.approvals.package_of(approval.id)}.zip"
        package = parts.home.packages / zipped
        if not package.is_file():
            package = place_of(parts.home, approval.content_digest)
        last = self._last(approval)
        before = place_of(parts.home, last.content_digest) if last else None
        return package, before

    def _last(self, approval: Approval) -> Approval | None:
        """Return the approval before this one of the same application and role."""
        application = f"{approval.group_id}/{approval.application}"
        connection = self._parts.journal.connection
        return approval_history.last_approved(
            connection, application, approval.role, before=approval.id
        )

    def _chosen(
        self, question: Approval, dataset: int | None, no_data: bool
    ) -> tuple[Literal["default", "none", "chosen"], DatasetUse | None]:
        datasets = self._parts.datasets
        if no_data:
            return "none", None
        chosen = datasets.get(dataset) if dataset is not None else datasets.default()
        if chosen is None or (dataset is None and chosen.version is None):
            return "default", None
        return "chosen", datasets.use(chosen, question.group_id)

    def _offer(self, approval: Approval, dataset: Dataset, given: int) -> dict[str, Any]:
        """Return a dataset as a choice: whether it may be used, and which columns it lacks."""
        why = ""
        try:
            self._parts.datasets.use(dataset, approval.group_id)
        except SiloDeskError as error:
            why = error.sentence
        version = dataset.version
        names = {column.name for column in version.columns} if version else set()
        return {
            "id": dataset.id, "name": dataset.name, "kind": dataset.kind, "why_not": why,
            "is_default": dataset.is_default, "was_given": dataset.id == given,
            "number": version.number if version else 0,
            "hash": version.hash if version else "",
            "rows": version.rows if version else None,
            "columns": len(names), "files": version.files if version else 0,
            "missing": [one for one in approval.data_wanted if one not in names],
            "fits": [one for one in approval.data_wanted if one in names],
        }  # fmt: skip

    def _decided(self, approval: Approval) -> dict[str, Any]:
        self._dispatcher.decided(approval.run_id, approval.epoch)
        self._parts.events.emit("approval", id=approval.id, state=approval.state)
        self._board.mark()
        return as_json(approval)


def _other_version(use: DatasetUse | None) -> ConflictError:
    name, number = (use.name, use.number) if use else ("", 0)
    return ConflictError(
        f"The dataset '{name}' changed since it was shown: it is version {number} now.",
        next_step="Look at what it holds now, then decide again.",
        code="conflict.dataset_version",
    )


def _read_file(package: Path, path: str, is_changed: bool) -> dict[str, Any]:
    with open_archive(package) as archive:
        if not archive.has(path):
            raise PackageError(f"The package has no file {path[:200]}.", code="package.file")
        data = archive.read(path, SHOWN_BYTES)
    is_binary = b"\0" in data
    text = "" if is_binary else data.decode("utf-8", "replace")
    return {"text": text, "is_binary": is_binary, "changed": is_changed}
