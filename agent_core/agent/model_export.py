"""Export a model to a file in another form: made in a sandboxed process, checked, then kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from agent_core.agent.model_job import ModelJob, ended, start
from agent_core.agent.model_permits import ModelPermits
from agent_core.agent.model_source import NO_ONNX, Found, ModelSource
from agent_core.agent.parts import Parts
from agent_core.errors import JobError, StorageError, UserInputError
from agent_core.jobs import sandbox
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.installer import Progress
from agent_core.packages.verify import file_sha256

PREFIX = "export-"
BOUND_S = 300.0
SUFFIX = {"torchscript": ".pt"}


class ModelExport:
    """Turn a round's weights into a file that runs without the package."""

    def __init__(self, parts: Parts, source: ModelSource, permits: ModelPermits) -> None:
        self._parts = parts
        self._source = source
        self._permits = permits

    async def run(
        self, run_id: int, number: int, path: str, form: str, allow: str, progress: Progress
    ) -> dict[str, Any]:
        """Export a model and return path, hash and size."""
        if form == "onnx":
            raise UserInputError(NO_ONNX, next_step="Choose torchscript.", code="input.format")
        if form not in SUFFIX:
            raise UserInputError(
                f"There is no export to '{form[:40]}'.",
                next_step="Choose torchscript, or save the model as safetensors.",
                code="input.format",
            )
        found = await self._source.find(run_id, number)
        package = await self._source.package(found)
        report = await asyncio.to_thread(sandbox.describe)
        self._permits.give(package, allow, f"export {form}", found.run, number, report)
        weights = await self._source.weights(found, lambda a, b: progress("Fetches", a, b))
        name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        job = ModelJob(name, "export", found, package, weights, _note(found))
        handle = await start(self._parts, job, progress)
        target = _target(path, f"run-{run_id}-round-{number}{SUFFIX[form]}")
        try:
            async with asyncio.timeout(BOUND_S):
                return await _take(handle, target)
        except TimeoutError as error:
            raise JobError(
                f"The export did not end within {BOUND_S:.0f} s.",
                next_step="Look at the machine's load, then try again.",
                code="job.model",
            ) from error
        finally:
            await handle.stop(grace_s=1.0, reason="The export has ended.")
            await handle.forget()


async def _take(handle: JobHandle, target: Path) -> dict[str, Any]:
    blob: Path | None = None
    async with contextlib.aclosing(handle.frames()) as frames:
        async for frame in frames:
            if frame.kind == "blob":
                blob = frame.blob
            elif frame.kind == "message" and blob is not None:
                return await asyncio.to_thread(_keep, blob, json.loads(frame.body), target)
    raise ended(await handle.outcome())


def _keep(blob: Path, said: dict[str, Any], target: Path) -> dict[str, Any]:
    """Copy what the process made, and check that it is what it said."""
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blob, part, follow_symlinks=False)
        sha256, size = file_sha256(part)
        if sha256 != said.get("sha256"):
            raise JobError("The exported file is not what the process said.", code="job.model")
        part.replace(target)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror}.",
            next_step="Name another file, or free some space.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return {"path": str(target), "sha256": sha256, "size": size}


def _note(found: Found) -> dict[str, Any]:
    """Return what stands inside the file about where it comes from."""
    declared = found.declaration.model_dump(mode="json", include={"task", "labels", "input"})
    return {
        **declared,
        "run_id": found.run.id,
        "round": found.model.round,
        "safetensors_sha256": found.model.sha256,
        "package_content_digest": found.package.content_digest,
        "use": "Research only, not for patient care.",
    }


def _target(path: str, name: str) -> Path:
    target = Path(path).expanduser()
    return target / name if target.is_dir() else target
