"""The agent's own methods about models: lineage, export, prediction servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_core.agent.account import HubAccount
from agent_core.agent.model_export import ModelExport
from agent_core.agent.model_permits import ModelPermits
from agent_core.agent.model_source import ModelSource
from agent_core.agent.parts import Parts
from agent_core.agent.serving import ServingDesk
from agent_core.agent.serving_http import BODY_LIMIT
from agent_core.errors import LimitError, UserInputError
from agent_core.jobs.installer import Progress

PICTURES = (b"\x89PNG", b"P5", b"P6", b"\xff\xd8\xff")


class ModelMethods:
    """What a person does with a model on this machine."""

    def __init__(self, parts: Parts, account: HubAccount, operator: Callable[[], str]) -> None:
        self._parts = parts
        self._operator = operator
        self._permits = ModelPermits(parts.journal, parts.approvals, operator)
        self._source = ModelSource(parts.home, account)
        self._export = ModelExport(parts, self._source, self._permits)
        self.desk = ServingDesk(
            parts, self._source, self._permits, parts.events, lambda: account.hub_url
        )

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "models.show": self.show,
            "models.export": self.export,
            "serving.list": self.servings,
            "serving.start": self.start,
            "serving.token": self.token,
            "serving.predict": self.predict,
            "serving.stop": self.stop,
            "serving.forget": self.forget,
        }

    async def show(self, run_id: int, round: int) -> dict[str, Any]:  # noqa: A002 - the wire's name
        """Return a model with its lineage."""
        found = await self._source.detail(run_id, round, self._permits.is_standing)
        return found.model_dump(mode="json")

    async def export(
        self, run_id: int, round: int, path: str, format: str = "torchscript", allow: str = ""  # noqa: A002
    ) -> dict[str, Any]:  # fmt: skip
        """Write a model in another form."""
        progress = self._progress(f"export {run_id}/{round}")
        return await self._export.run(run_id, round, path, format, allow, progress)

    async def servings(self) -> list[dict[str, Any]]:
        """Return the prediction servers."""
        return [one.model_dump(mode="json") for one in self.desk.servings()]

    async def start(self, run_id: int, round: int, allow: str = "") -> dict[str, Any]:  # noqa: A002
        """Start a prediction server."""
        progress = self._progress(f"serve {run_id}/{round}")
        serving, token = await self.desk.start(run_id, round, allow, progress)
        return {"serving": serving.model_dump(mode="json"), "token": token}

    async def token(self, id: str) -> dict[str, Any]:  # noqa: A002
        """Give a server another token."""
        return {"token": self.desk.new_token(id)}

    async def predict(
        self, id: str, rows: list[Any] | None = None, path: str = ""  # noqa: A002
    ) -> dict[str, Any]:  # fmt: skip
        """Ask a server: rows, or the rows of a CSV file, or a picture."""
        if (rows is None) == (not path):
            raise UserInputError(
                "Give rows, or the path of a CSV or picture file.", code="input.params"
            )
        if path:
            content, body = await asyncio.to_thread(_read, path)
        else:
            content, body = "json", json.dumps({"rows": rows}).encode()
        if len(body) > BODY_LIMIT:
            raise LimitError(
                f"The input is larger than {BODY_LIMIT // 1024**2} MiB.",
                next_step="Give fewer rows at once.",
                code="limit.body",
            )
        return await self.desk.predict(id, content, body)

    async def stop(self, id: str, reason: str = "") -> dict[str, Any]:  # noqa: A002
        """Stop a server."""
        why = f"Stopped by {self._operator()}" + (f": {reason}" if reason else ".")
        return (await self.desk.stop(id, why)).model_dump(mode="json")

    async def forget(self, id: str) -> dict[str, Any]:  # noqa: A002
        """Take an ended server off the list."""
        self.desk.forget(id)
        return {}

    def _progress(self, task: str) -> Progress:
        loop = asyncio.get_running_loop()

        def tell(text: str, done: int, total: int) -> None:
            emit = self._parts.events.emit
            loop.call_soon_threadsafe(
                lambda: emit("progress", task=task, text=text, done=done, total=total)
            )

        return tell


def _read(path: str) -> tuple[str, bytes]:
    file = Path(path).expanduser()
    try:
        with file.open("rb") as stream:
            body = stream.read(BODY_LIMIT + 1)
    except OSError as error:
        raise UserInputError(
            f"{file} cannot be read: {error.strerror}.",
            next_step="Name a CSV or PNG file.",
            code="input.path",
        ) from error
    return "picture" if body.startswith(PICTURES) else "csv", body
