"""A model and everything it came from, fetched from the hub and checked before use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_core.agent.account import HubAccount
from agent_core.errors import ConflictError, NotFoundError, PackageError
from agent_core.keys import fingerprint_words
from agent_core.packages.config import apply_parameters, run_config
from agent_core.packages.model_declaration import ModelDeclaration
from agent_core.packages.verify import Verification, file_sha256, verify
from agent_core.paths import Home
from agent_core.protocol.records import Application, ModelRecord, PackageInfo, Run
from agent_core.protocol.records_models import ModelDetail, ModelEntry, ModelPackage
from agent_core.transport.objects import download
from agent_core.transport.rest import checked

NO_MODEL = "The application declares no model."
HOW_TO_DECLARE = (
    "Add [tool.silodesk.model] to its pyproject.toml (or silodesk_model to fedml_config.yaml), "
    "build it again, and run it."
)
NO_ONNX = (
    "ONNX needs the packages onnx and onnxscript, which the job runtime does not have; "
    "TorchScript holds the same model."
)
FILES_KEPT = 32


@dataclass(frozen=True)
class Found:
    """A model, its run, and the package that declares it."""

    model: ModelRecord
    run: Run
    package: PackageInfo
    declaration: ModelDeclaration

    @property
    def title(self) -> str:
        """Return what the model is called."""
        return f"{self.run.application_name}, run {self.run.id}, round {self.model.round}"


class ModelSource:
    """What the hub says of a model, and its files on this machine."""

    def __init__(self, home: Home, account: HubAccount) -> None:
        self._home = home
        self._account = account

    async def detail(
        self, run_id: int, number: int, is_allowed: Callable[[str, int], bool]
    ) -> ModelDetail:
        """Return a model with its lineage."""
        call = self._account.call
        listed, raw = await asyncio.gather(
            # The model, and the one it was made from.
            call("GET", "/models", params={"run_id": run_id, "up_to": number, "limit": 2}),
            call("GET", f"/runs/{run_id}"),
        )
        model = _entry(listed["items"], run_id, number)
        run = Run.model_validate(raw)
        packages = await self._packages(run)
        declared = [one for one in packages if _declaration(one)]
        me = self._account.account
        return ModelDetail(
            model=model,
            epoch=run.epoch,
            parameters=run.parameters,
            rounds=run.rounds,
            packages=[
                _package(one, is_allowed(one.content_digest, run.group_id)) for one in packages
            ],
            sites=[_site(one, model.sites) for one in raw["devices"]],
            before=_before(listed["items"], number),
            declaration=_declaration(declared[0]) if declared else None,
            exports={
                "torchscript": "" if declared else f"{NO_MODEL} {HOW_TO_DECLARE}",
                "onnx": NO_ONNX,
            },
            is_mine=me is not None and me.id == run.owner_id,
        )

    async def find(self, run_id: int, number: int) -> Found:
        """Return a model whose application declares it; raises NotFoundError, PackageError."""
        call = self._account.call
        model = checked(ModelRecord, await call("GET", f"/runs/{run_id}/models/{number}"))
        run = checked(Run, await call("GET", f"/runs/{run_id}"))
        for package in await self._packages(run):
            raw = _declaration(package)
            if raw is not None:
                return Found(model, run, package, ModelDeclaration.model_validate(raw))
        raise PackageError(NO_MODEL, next_step=HOW_TO_DECLARE, code="package.no_model")

    async def package(self, found: Found) -> Verification:
        """Return the package on this machine, every bit of it checked."""
        info = found.package
        path = self._home.packages / f"{info.zip_sha256}.zip"
        if path.is_file():
            path.touch()  # it was used: housekeeping leaves it
        else:
            answer = await self._account.call("GET", f"/packages/{info.zip_sha256}/url")
            await asyncio.to_thread(download, answer["url"], path, info.zip_sha256, info.size)
        verified = await asyncio.to_thread(verify, path)
        if verified.content_digest != info.content_digest or verified.manifest.model is None:
            raise ConflictError(
                "The package is not the one that the hub names for this model.",
                next_step="Ask the application's owner; nothing of it was used.",
                code="conflict.package",
            )
        return verified

    async def weights(self, found: Found, progress: Callable[[int, int], None]) -> Path:
        """Return the model's file, its hash checked."""
        model = found.model
        folder = self._home.root / "models"
        path = folder / f"{model.sha256}.safetensors"
        if await asyncio.to_thread(_is_whole, path, model):
            path.touch()
            return path
        folder.mkdir(mode=0o700, exist_ok=True)
        await asyncio.to_thread(_make_room, folder)
        await asyncio.to_thread(download, model.url, path, model.sha256, model.size, progress)
        return path

    async def _packages(self, run: Run) -> list[PackageInfo]:
        answer = await self._account.call("GET", f"/applications/{run.application_id}")
        return checked(Application, answer).packages


def arguments_of(found: Found, package: Verification) -> dict[str, Any]:
    """Return what the factory is called with: values of the run's config."""
    config = apply_parameters(run_config(package.path), found.run.parameters)
    arguments = {}
    for name in found.declaration.parameters:
        if name not in config:
            raise PackageError(
                f"The model's declaration names the parameter {name}, which the app's config "
                "does not have.",
                next_step="Correct the declaration and build the app again.",
                code="package.model",
            )
        arguments[name.replace("-", "_").rpartition(".")[2]] = config[name]
    return arguments


def _declaration(package: PackageInfo) -> dict[str, Any] | None:
    found = package.manifest.get("model")
    return found if isinstance(found, dict) else None


def _package(info: PackageInfo, is_allowed: bool) -> ModelPackage:
    return ModelPackage(
        type=info.type,
        name=info.name,
        engine=info.engine,
        zip_sha256=info.zip_sha256,
        content_digest=info.content_digest,
        fingerprint=fingerprint_words(info.content_digest),
        signed=info.signed,
        is_allowed=is_allowed,
        has_model=_declaration(info) is not None,
    )


def _site(device: dict[str, Any], sites: list[int]) -> dict[str, Any]:
    known = {key: device.get(key) for key in ("edge_id", "silo", "name", "role")}
    dataset = device.get("dataset")
    return {
        **known,
        "took_part": device.get("edge_id") in sites,
        "dataset": dataset if isinstance(dataset, dict) else {},
    }


def _entry(items: list[dict[str, Any]], run_id: int, number: int) -> ModelEntry:
    if not items or items[0]["round"] != number:
        raise NotFoundError(
            f"Run {run_id} has no model of round {number}.",
            next_step="See `silodesk model list`.",
            code="missing.model",
        )
    return checked(ModelEntry, items[0])


def _before(items: list[dict[str, Any]], number: int) -> str:
    return next((str(item["sha256"]) for item in items if item["round"] < number), "")


def _is_whole(path: Path, model: ModelRecord) -> bool:
    return path.is_file() and file_sha256(path) == (model.sha256, model.size)


def _make_room(folder: Path) -> None:
    kept = sorted(folder.glob("*.safetensors"), key=lambda path: -path.stat().st_mtime)
    for path in kept[FILES_KEPT - 1 :]:
        path.unlink(missing_ok=True)
