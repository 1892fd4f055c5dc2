"""Bring package files to the hub and make an application of them, once, unless taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_core.errors import UserInputError
from agent_core.protocol.records import Application, PackageInfo
from app.context import AppContext
from app.i18n import tr
from app.widgets.live_page import every
from app.widgets.recall import Recall

PAIRS = (["flower"], ["client", "server"])


@dataclass
class Sending:
    """One dialog's wish; `run` may be tried again and never makes a second application."""

    context: AppContext
    recall: Recall = field(default_factory=Recall)
    paths: Sequence[Path] = ()
    is_asked: bool = False  # the hub was asked for the application before, and may have made it

    def run(self, paths: Sequence[Path], name: str, group_id: int, note: str) -> Application:
        """Upload and make the application; on a thread."""
        self.paths = paths
        packages = [self._upload(path) for path in paths]
        kinds = sorted(package.type for package in packages)
        if kinds not in PAIRS:
            raise UserInputError(
                tr("These packages ({kinds}) do not make an application.", kinds=", ".join(kinds)),
                next_step=tr("Choose one Flower package, or a client and a server package."),
                code="input.packages",
            )
        self.recall.begin_last()
        hashes = [package.zip_sha256 for package in packages]
        known = self._made_before(hashes, name, group_id) if self.is_asked else None
        if known is not None:
            return known
        self.is_asked = True
        return Application.model_validate(
            self.context.client.call(
                "applications.create", name=name, group_id=group_id, packages=hashes, note=note
            )
        )

    def cancel(self) -> bool:
        """Take it back and stop what goes up; False where the application is being made."""
        if not self.recall.take_back():
            return False
        call = self.context.client.call
        paths = list(self.paths)

        def stop() -> None:
            for path in paths:
                call("packages.stop_upload", path=str(path))

        self.context.tasks.run(stop, None, lambda _: None)  # an agent that is away sends nothing
        return True

    def is_own(self, progress: dict[str, Any]) -> bool:
        """Return whether a `progress` event tells of these files."""
        return progress.get("task") in {f"upload {path}" for path in self.paths}

    def _upload(self, path: Path) -> PackageInfo:
        self.recall.check()
        if not path.is_file():
            raise UserInputError(
                tr("There is no package {path}.", path=path),
                next_step=tr("Build it first, or choose another file."),
                code="input.partner",
            )
        answer = self.context.client.call("packages.upload", path=str(path))
        return PackageInfo.model_validate(answer)

    def _made_before(self, hashes: list[str], name: str, group_id: int) -> Application | None:
        """Return what an earlier try made although its answer was lost."""
        for item in every(self.context, "applications.list", group_id=group_id):
            one = Application.model_validate(item)
            sent = sorted(package.zip_sha256 for package in one.packages)
            if (one.group_id, one.name, sent) == (group_id, name, sorted(hashes)):
                return one
        return None
