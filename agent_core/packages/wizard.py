"""The build wizard's flow without Qt: source, preview, result; what was typed stays on Back."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.errors import ConflictError, PackageError, UserInputError
from agent_core.packages.builder import BuildRequest, BuildResult, Progress, build, plan
from agent_core.packages.inspect import human_size
from agent_core.packages.preview import Preview, preview_of
from agent_core.packages.wizard_fields import FieldNote, Fields, check_field

__all__ = ["BuildWizard", "FieldNote", "Fields", "Step"]

CHOICE_LIMIT = 200


class Step(StrEnum):
    """Where the wizard stands."""

    SOURCE = "source"
    PREVIEW = "preview"
    RESULT = "result"


class BuildWizard:
    """One pass through the wizard."""

    def __init__(self, fields: Fields | None = None) -> None:
        self.fields = fields or Fields()
        self.step = Step.SOURCE
        self.shown: Preview | None = None
        self.result: BuildResult | None = None
        self.log: list[tuple[float, str]] = []  # seconds since the build began, a line

    def set(self, field: str, value: str) -> None:
        """Keep what was typed; what was made from the old value is dropped."""
        self.fields = replace(self.fields, **{field: value})
        self.shown = self.result = None

    def check(self, field: str) -> FieldNote:
        """Return what to say under a field that was left."""
        return check_field(self.fields, field)

    def check_all(self) -> list[FieldNote]:
        """Return the errors of all fields, in the order of the form."""
        names = ("type", "source_folder", "entry_point", "config_folder", "dest_folder")
        return [note for name in names if (note := self.check(name)).level == "error"]

    def entry_choices(self) -> list[str]:
        """Return the Python files of the source folder, nearest to its top first."""
        source = Path(self.fields.source_folder)
        if not self.fields.source_folder or not source.is_dir():
            return []
        found = []
        for folder, folders, files in os.walk(source):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "__")))
            below = Path(folder).relative_to(source)
            found += [(below / name).as_posix() for name in files if name.endswith(".py")]
            if len(found) > CHOICE_LIMIT:
                break
        return sorted(found, key=lambda path: (path.count("/"), path))[:CHOICE_LIMIT]

    def preview(self) -> Preview:
        """Go to the second step; raises UserInputError with the first wrong field."""
        errors = self.check_all()
        if errors:
            raise UserInputError(errors[0].text, code=f"input.{errors[0].field}")
        self.shown = preview_of(plan(self._request(None)))
        self.step = Step.PREVIEW
        return self.shown

    def back(self) -> Step:
        """Go one step back, keeping everything."""
        self.step = Step.SOURCE if self.step is Step.PREVIEW else Step.PREVIEW
        return self.step

    def build(
        self, key: Ed25519PrivateKey | None = None, progress: Progress | None = None
    ) -> BuildResult:
        """Build what the preview showed and go to the last step; `progress` may raise to cancel."""
        if self.shown is None:
            raise ConflictError(
                "There is no preview of these values.", next_step="Look at the preview first."
            )
        if not self.shown.is_buildable:
            failed = next(check for check in self.shown.checks if check.state == "fail")
            raise PackageError(
                f"{failed.title}: {failed.text}",
                next_step="Correct it, then preview again.",
                code="package.check",
            )
        started = time.monotonic()
        self.log = [(0.0, self.command_line())]

        def say(text: str) -> None:
            self.log.append((time.monotonic() - started, text))

        say(f"{len(self.shown.files)} files, {len(self.shown.left_out)} left out")
        request = self._request(key)
        result = build(request, progress) if progress else build(request)
        for text in result.notes:
            say(text)
        if result.content_digest != self.shown.content_digest:
            say("the folder changed since the preview")
        signed = "signed" if result.signed else "not signed"
        say(f"wrote {result.package_path}, {human_size(result.size)}, {signed}")
        self.result = result
        self.step = Step.RESULT
        return result

    def command_line(self) -> str:
        """Return the same build as a command to copy."""
        fields = self.fields
        words = ["silodesk", "build", "-t", fields.type, "-sf", fields.source_folder or "./"]
        if fields.type != "flower":
            words += ["-ep", fields.entry_point or "./", "-cf", fields.config_folder or "./"]
        words += ["-df", fields.dest_folder or "./"]
        if fields.ignore:
            words += ["-ig", fields.ignore]
        if fields.engine:
            words += ["--engine", fields.engine]
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)

    def _request(self, key: Ed25519PrivateKey | None) -> BuildRequest:
        fields = self.fields
        return BuildRequest(
            type=fields.type,
            source_folder=Path(fields.source_folder),
            entry_point=fields.entry_point,
            config_folder=Path(fields.config_folder) if fields.config_folder else None,
            dest_folder=Path(fields.dest_folder),
            ignore=fields.ignore,
            engine=fields.engine,
            key=key,
        )
