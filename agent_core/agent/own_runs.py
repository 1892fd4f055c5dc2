"""The agent's own methods about packages and runs: upload, sign and start, save a model."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.agent.account import HubAccount
from agent_core.agent.events import EventBus
from agent_core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    Retryable,
    SiloDeskError,
    UserInputError,
)
from agent_core.jobs.resolving import resolve
from agent_core.keys import public_text
from agent_core.packages.verify import file_sha256
from agent_core.protocol import signing
from agent_core.protocol.messages import RunPlan
from agent_core.protocol.records import ModelRecord
from agent_core.transport.objects import download, upload
from agent_core.transport.rest import checked, fields

PROGRESS_EVERY_S = 0.1


@dataclass
class _Begun:
    """An upload that may be gone on with: the hub's answer and the parts that arrived."""

    answer: dict[str, Any]
    done: dict[int, str] = field(default_factory=dict)


class _StoppedError(UserInputError):
    """Somebody stopped an upload; what arrived stays of use."""


MODULES_LIMIT = 500


class RunMethods:
    """What needs this machine's files or its owner's key."""

    def __init__(
        self,
        account: HubAccount,
        owner_key: Callable[[], Ed25519PrivateKey],
        events: EventBus,
    ) -> None:
        self._account = account
        self._owner_key = owner_key
        self._events = events
        self._begun: dict[str, _Begun] = {}
        self._stops: dict[str, threading.Event] = {}  # of what is uploaded now, by path

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "packages.upload": self.upload,
            "packages.stop_upload": self.stop_upload,
            "packages.resolve": self.resolve,
            "runs.start": self.start,
            "runs.save_model": self.save_model,
        }

    async def resolve(
        self, requirements: list[str], modules: list[str] | None = None
    ) -> dict[str, Any]:
        """Return what the job runtime of this machine says to a package's needs."""
        names = [str(one)[:200] for one in (modules or [])[:MODULES_LIMIT]]
        wanted = [str(one)[:500] for one in requirements[:MODULES_LIMIT]]
        return asdict(await asyncio.to_thread(resolve, wanted, names))

    async def upload(self, path: str) -> dict[str, Any]:
        """Bring a package file to the hub; again after an interruption, only what is missing."""
        stop = self._stops.setdefault(path, threading.Event())
        try:
            return await self._upload(path, stop)
        finally:
            self._stops.pop(path, None)

    async def stop_upload(self, path: str) -> dict[str, Any]:
        """Let the upload of a file end; what arrived is not sent again by a later one."""
        if path in self._stops:
            self._stops[path].set()
        return {}

    async def _upload(self, path: str, stop: threading.Event) -> dict[str, Any]:
        file, sha256, size = await asyncio.to_thread(_read_package, path)
        is_resumed = sha256 in self._begun
        tell = self._progress(f"upload {path}", f"Uploads {file.name}")

        def going(done: int, total: int) -> None:
            if stop.is_set():
                raise _StoppedError(
                    f"The upload of {file.name} was stopped.",
                    next_step="Start it again; what arrived is not sent a second time.",
                    code="input.stopped",
                )
            tell(done, total)

        try:
            return await self._send(file, sha256, size, going)
        except (ConflictError, ForbiddenError, NotFoundError):
            # Its addresses are expired, or the hub has cleared away what was begun.
            if not is_resumed:
                raise
        return await self._send(file, sha256, size, going)

    async def _send(
        self, file: Path, sha256: str, size: int, going: Callable[[int, int], None]
    ) -> dict[str, Any]:
        begun = self._begun.get(sha256)
        if begun is None:
            wanted = {"sha256": sha256, "size": size}
            answer = await self._account.call("POST", "/uploads", json=wanted)
            answer = fields(answer, "exists", "upload_id", "part_size", "parts")
            if answer["exists"]:
                return fields(await self._account.call("GET", f"/packages/{sha256}"))
            begun = self._begun[sha256] = _Begun(answer)
        answer = begun.answer
        try:
            parts = await asyncio.to_thread(
                upload,
                answer["parts"],
                file,
                int(answer["part_size"]),
                going,
                begun.done,
            )
            going(size, size)
            info = await self._account.call(
                "POST",
                f"/uploads/{answer['upload_id']}/complete",
                json={"parts": parts},
                timeout=(3, 300),
            )
        except SiloDeskError as error:
            if not isinstance(error, Retryable | _StoppedError):
                self._begun.pop(sha256, None)
            raise
        self._begun.pop(sha256, None)
        return fields(info)

    async def start(self, run_id: int) -> dict[str, Any]:
        """Sign the run's plan with this machine's owner key and start it."""
        plan = checked(RunPlan, await self._account.call("GET", f"/runs/{run_id}/plan"))
        account = self._account.account
        if plan.run_id != run_id or account is None or plan.owner_account_id != account.id:
            raise ConflictError(
                f"The hub gave the plan of another run than {run_id}; it was not signed.",
                next_step="Only the run's owner can start it; sign in as its owner.",
            )
        key = await asyncio.to_thread(self._owner_key)
        content = plan.model_dump(mode="json")
        body = {
            "plan": content,
            "owner_key": public_text(key),
            "signature": signing.sign(key, content),
        }
        return dict(await self._account.call("POST", f"/runs/{run_id}/start", json=body))

    async def save_model(self, run_id: int, round: int, path: str) -> dict[str, Any]:  # noqa: A002
        """Save a round's model as a file whose hash was checked."""
        answer = await self._account.call("GET", f"/runs/{run_id}/models/{round}")
        model = checked(ModelRecord, answer)
        target = await asyncio.to_thread(_target, path, f"run-{run_id}-round-{round}.safetensors")
        progress = self._progress(f"model {run_id}/{round}", f"Saves {target.name}")
        await asyncio.to_thread(download, model.url, target, model.sha256, model.size, progress)
        return {"path": str(target), "sha256": model.sha256, "size": model.size}

    def _progress(self, task: str, text: str) -> Callable[[int, int], None]:
        loop = asyncio.get_running_loop()
        last = [0.0]

        def tell(done: int, total: int) -> None:
            now = time.monotonic()
            if done >= total or now - last[0] > PROGRESS_EVERY_S:
                last[0] = now
                loop.call_soon_threadsafe(
                    lambda: self._events.emit(
                        "progress", task=task, text=text, done=done, total=total
                    )
                )

        return tell


def _read_package(path: str) -> tuple[Path, str, int]:
    file = Path(path).expanduser()
    try:
        is_there = file.is_file()
    except OSError:  # a name that is too long, for one
        is_there = False
    if not is_there:
        raise UserInputError(
            f"There is no package file {file}.",
            next_step="Build it with `silodesk build`, or check the path.",
            code="input.package",
        )
    return file, *file_sha256(file)


def _target(path: str, name: str) -> Path:
    target = Path(path).expanduser()
    return target / name if target.is_dir() else target
