"""The prediction servers of this machine: started, answered for, stopped, found again."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from agent_core.agent import model_job
from agent_core.agent.events import EventBus
from agent_core.agent.model_job import ModelJob
from agent_core.agent.model_permits import ModelPermits
from agent_core.agent.model_source import Found, ModelSource
from agent_core.agent.parts import Parts
from agent_core.agent.serving_book import ServingBook
from agent_core.agent.serving_http import PredictionAddress
from agent_core.agent.serving_process import READY_BOUND_S, ServingProcess
from agent_core.errors import ConflictError, JobError, LimitError, NotFoundError, SiloDeskError
from agent_core.jobs import sandbox
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.installer import Progress
from agent_core.packages.verify import Verification
from agent_core.protocol.records_models import Serving

log = logging.getLogger(__name__)

PREFIX = "serve-"
AT_ONCE = 8
STOP_GRACE_S = 2.0
TELL_EVERY_S = 1.0


@dataclass
class _Live:
    """A server that starts or serves."""

    record: Serving
    process: ServingProcess | None = None
    task: asyncio.Task[None] | None = None
    stop_reason: str = ""
    is_told: bool = True  # whether its listeners know its newest figures


class ServingDesk:
    """Own every prediction server; the address exists while one of them serves."""

    def __init__(
        self, parts: Parts, source: ModelSource, permits: ModelPermits, events: EventBus,
        hub_url: Callable[[], str],
    ) -> None:  # fmt: skip
        self._parts = parts
        self._source = source
        self._permits = permits
        self._events = events
        self._hub_url = hub_url
        self._book = ServingBook(parts.journal)
        self._address = PredictionAddress(self)
        self._live: dict[str, _Live] = {}

    # --- for the local methods

    def servings(self) -> list[Serving]:
        """Return every server, running or ended, the newest first."""
        return [self._shown(record) for record in self._book.all()]

    async def start(
        self, run_id: int, number: int, allow: str, progress: Progress
    ) -> tuple[Serving, str]:
        """Check and allow, then start in the background; return the record and the token."""
        if len(self._live) >= AT_ONCE:
            raise LimitError(
                f"{AT_ONCE} models are served already.",
                next_step="Stop one of them first.",
                code="limit.servings",
            )
        found = await self._source.find(run_id, number)
        package = await self._source.package(found)
        report = await asyncio.to_thread(sandbox.describe)
        permit = self._permits.give(package, allow, "serve", found.run, number, report)
        record = Serving(
            id=f"{run_id}-{number}-{secrets.token_hex(3)}",
            run_id=run_id,
            round=number,
            title=found.title,
            state="starting",
            detail="Fetches the model.",
            sha256=found.model.sha256,
            content_digest=package.content_digest,
            fingerprint=package.fingerprint,
            allowed_by=permit.by,
            allowed_how=permit.how,
            hub_url=self._hub_url(),
            sandbox=report.sentence,
            declaration=found.declaration.model_dump(mode="json"),
            started_at=time.time(),
        )
        token = self._book.add(record)
        live = self._live[record.id] = _Live(record)
        way = self._live_through(live, found, package, progress)
        live.task = asyncio.ensure_future(self._watched(live, way))
        self._events.emit("serving", serving=record.model_dump(mode="json"))
        return record, token

    def new_token(self, serving_id: str) -> str:
        """Replace a running server's token."""
        self._running(serving_id)
        return self._book.new_token(serving_id)

    async def stop(self, serving_id: str, reason: str) -> Serving:
        """Stop a server, and return it once its process is gone."""
        live = self._live.get(serving_id)
        if live is not None:
            live.stop_reason = live.stop_reason or reason
            if live.process is not None:
                await live.process.handle.stop(STOP_GRACE_S, reason)
            elif live.task is not None:
                live.task.cancel()
            if live.task is not None:
                await asyncio.wait([live.task])
        return self._record(serving_id)

    async def stop_all(self, reason: str) -> None:
        """Stop every server of this machine."""
        await asyncio.gather(*(self.stop(name, reason) for name in list(self._live)))

    def forget(self, serving_id: str) -> None:
        """Take an ended server off the list."""
        if self._record(serving_id).state != "ended":
            raise ConflictError(
                "This server still runs.", next_step="Stop it first.", code="conflict.serving"
            )
        self._book.remove(serving_id)

    # --- for the address

    def count(self) -> int:
        """Return how many models are served."""
        return sum(live.record.state == "serving" for live in self._live.values())

    def is_token(self, serving_id: str, token: str) -> bool:
        """Return whether a token opens a model that is served."""
        return serving_id in self._live and self._book.is_token(serving_id, token)

    def describe(self, serving_id: str) -> dict[str, Any]:
        """Return what a model takes and gives."""
        record = self._running(serving_id).record
        declared = record.declaration
        return {
            "id": record.id, "title": record.title, "sha256": record.sha256,
            "task": declared["task"], "labels": declared["labels"], "input": declared["input"],
            "use": "Research only, not for patient care.",
        }  # fmt: skip

    async def predict(self, serving_id: str, content: str, body: bytes) -> dict[str, Any]:
        """Return what the model says."""
        live = self._running(serving_id)
        if live.process is None or live.record.state != "serving":
            raise JobError(
                "The model is still being loaded.", next_step="Try again in a moment.",
                code="job.starting",
            )  # fmt: skip
        try:
            return await live.process.predict(content, body)
        finally:
            self._tell_soon(live)

    # --- over the agent's restarts

    def claim(self, handles: list[JobHandle]) -> list[JobHandle]:
        """Go on with the servers whose process lives; return the handles that are not theirs."""
        mine = {handle.job_id: handle for handle in handles if handle.job_id.startswith(PREFIX)}
        for record in self._book.all():
            if record.state == "ended":
                continue
            handle = mine.pop(f"{PREFIX}{record.id}", None)
            if handle is None or record.state == "starting":
                if handle is not None:
                    mine[handle.job_id] = handle
                why = "It ended while the agent was away: its process is gone."
                if record.state == "starting":
                    why = "The agent was restarted while it was being started."
                self._end(record, why)
                continue
            live = self._live[record.id] = _Live(record, ServingProcess(handle))
            live.task = asyncio.ensure_future(self._watched(live, self._go_on(live)))
        return [h for h in handles if not h.job_id.startswith(PREFIX) or h.job_id in mine]

    async def let_go(self) -> None:
        """Leave every server to its keeper."""
        for live in list(self._live.values()):
            if live.task is not None:
                live.task.cancel()
                await asyncio.gather(live.task, return_exceptions=True)
            if live.process is not None:
                await live.process.handle.close()
        self._live.clear()
        await self._address.stop()

    # --- below

    async def _watched(self, live: _Live, way: Coroutine[Any, Any, None]) -> None:
        """Go a server's way to its end; whatever breaks it is told in its record."""
        try:
            await way
        except SiloDeskError as error:
            await self._drop(live, str(error))
        except asyncio.CancelledError:
            if not live.stop_reason:
                raise
            await self._drop(live, live.stop_reason)
        except Exception as error:  # border of a server's task: logged, and told in its record
            log.exception("%s could not be served", live.record.id)
            await self._drop(live, f"The agent failed on this model ({type(error).__name__}).")

    async def _live_through(
        self, live: _Live, found: Found, package: Verification, progress: Progress
    ) -> None:
        weights = await self._source.weights(
            found, lambda done, total: progress("Fetches the model", done, total)
        )
        self._change(live, detail="Starts the process and loads the model.")
        name = f"{PREFIX}{live.record.id}"
        job = ModelJob(name, "serve", found, package, weights, {})
        live.process = ServingProcess(await model_job.start(self._parts, job, progress))
        following = asyncio.ensure_future(self._follow(live))
        try:
            await self._ready(live, live.process, following)
            await asyncio.shield(following)
        except asyncio.CancelledError:
            following.cancel()
            raise

    async def _ready(
        self, live: _Live, process: ServingProcess, following: asyncio.Task[None]
    ) -> None:
        either: set[asyncio.Future[Any]] = {process.ready, following}
        done, _ = await asyncio.wait(
            either, timeout=READY_BOUND_S, return_when=asyncio.FIRST_COMPLETED
        )
        if following in done:
            return  # it ended, and that was told
        if not done:
            raise JobError(
                f"The model was not loaded within {READY_BOUND_S:.0f} s.",
                next_step="Look at the machine's load, then try again.",
                code="job.model",
            )
        await self._serve(live)

    async def _go_on(self, live: _Live) -> None:
        await self._serve(live)
        await self._follow(live)

    async def _serve(self, live: _Live) -> None:
        port = await self._address.start(self._book.port())
        self._book.keep_port(port)
        process = live.process
        self._change(
            live, state="serving", detail="", pid=process.handle.pid if process else None,
            url=f"http://127.0.0.1:{port}/v1/models/{live.record.id}/predict",
        )  # fmt: skip

    async def _follow(self, live: _Live) -> None:
        if live.process is None:
            return
        outcome = await live.process.follow()
        log.info("%s: %s", live.record.id, outcome.reason)
        await live.process.handle.forget()
        self._end(self._shown(live.record), live.stop_reason or str(outcome))

    async def _drop(self, live: _Live, why: str) -> None:
        if live.process is not None:
            try:
                await live.process.handle.stop(STOP_GRACE_S, why)
                await live.process.handle.forget()
            except SiloDeskError as error:
                log.warning("%s was not ended cleanly: %s", live.record.id, error)
        if live.record.id in self._live:
            self._end(live.record, why)

    def _end(self, record: Serving, why: str) -> None:
        self._live.pop(record.id, None)
        update = {"state": "ended", "detail": why, "ended_at": time.time(), "pid": None}
        ended = record.model_copy(update=update)
        self._book.keep(ended)
        self._events.emit("serving", serving=ended.model_dump(mode="json"))
        if not self._live:
            self._closing = asyncio.ensure_future(self._close_if_unused())

    async def _close_if_unused(self) -> None:
        if not self._live:  # another one may have been started since
            await self._address.stop()

    def _change(self, live: _Live, **fields: Any) -> None:
        live.record = live.record.model_copy(update=fields)
        self._book.keep(live.record)
        self._events.emit("serving", serving=live.record.model_dump(mode="json"))

    def _tell_soon(self, live: _Live) -> None:
        if live.is_told:
            live.is_told = False
            asyncio.get_running_loop().call_later(TELL_EVERY_S, self._tell, live)

    def _tell(self, live: _Live) -> None:
        live.is_told = True
        if live.record.id in self._live:
            shown = self._shown(live.record).model_dump(mode="json")
            self._events.emit("serving", serving=shown)

    def _shown(self, record: Serving) -> Serving:
        live = self._live.get(record.id)
        if live is None or live.process is None:
            return record
        process = live.process
        return live.record.model_copy(
            update={
                "calls": process.calls,
                "failed": process.failed,
                "median_ms": process.median_ms,
                "per_minute": process.per_minute(),
            }
        )

    def _running(self, serving_id: str) -> _Live:
        live = self._live.get(serving_id)
        if live is None:
            raise NotFoundError(
                "This model is not served here now.",
                next_step="Start its server, or see `silodesk model list --served`.",
                code="missing.serving",
            )
        return live

    def _record(self, serving_id: str) -> Serving:
        for record in self._book.all():
            if record.id == serving_id:
                return self._shown(record)
        raise NotFoundError(
            f"There is no prediction server {serving_id[:80]} on this machine.",
            next_step="See `silodesk model list --served`.",
            code="missing.serving",
        )
