"""The silo's service: one asyncio loop that puts the agent's parts together and keeps them."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent_core import lifeline
from agent_core import settings as settings_file
from agent_core.agent.api import LocalApi
from agent_core.agent.assembly import Assembly
from agent_core.agent.housekeeping import clear
from agent_core.agent.jsonrpc import unknown_method
from agent_core.agent.lock import HomeLock
from agent_core.agent.machine import agent_version
from agent_core.agent.params import check as check_params
from agent_core.agent.warm import PREFIX, discard
from agent_core.errors import SiloDeskError, UserInputError
from agent_core.paths import Home
from agent_core.protocol.local import PROXIED, resolve
from agent_core.protocol.messages import Changed
from agent_core.settings import Settings
from agent_core.transport import proxy

log = logging.getLogger(__name__)

CLOSE_BOUND_S = 10.0
AGAIN_AFTER_S = 5.0
THREADS = 32  # transfers and a runtime that is being made must not hold up an answer
Work = Callable[[], Coroutine[Any, Any, None]]


class AgentService:
    """The agent of one home."""

    def __init__(
        self, home: Home, credentials: Path | None = None, line: int | None = None
    ) -> None:
        """Serve a home; with a lifeline's end, only until that is cut, and its jobs alike."""
        self._home = home.make()
        self._lifeline = line
        self._lock = HomeLock(home.agent_lock)
        self._credentials_file = credentials
        self._settings = settings_file.load(home.settings)
        proxy.choose(self._settings.proxy)
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def change_settings(self, **fields: Any) -> Settings:
        """Check, keep and return changed settings."""
        unknown = set(fields) - set(Settings.model_fields)
        if unknown:
            raise UserInputError(
                f"There is no setting called {min(unknown)}.",
                next_step="See `silodesk settings show` for their names.",
                code="input.settings",
            )
        try:
            changed = Settings.model_validate({**self._settings.model_dump(), **fields})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            means = Settings.model_fields[name].description or name
            raise UserInputError(
                f"The setting {name} cannot be {str(fields.get(name))[:80]!r}: "
                f"{first['msg'].split(',')[0].lower()}.",
                next_step=f"It means: {means}. Give a value of that kind.",
                code="input.settings",
                field=name,
            ) from error
        data = fields.get("data_dir")
        if data and not Path(changed.data_dir).expanduser().is_dir():
            raise UserInputError(
                f"The data folder {data} does not exist on this machine.",
                next_step="Name a folder that exists; jobs see it read-only.",
                code="input.data",
                field="data_dir",
            )
        if "proxy" in fields:
            changed = changed.model_copy(update={"proxy": proxy.clean(changed.proxy)})
            proxy.choose(changed.proxy)
        if changed != self._settings:
            settings_file.save(self._home.settings, changed)
            self._settings = changed
        return changed

    def shut_down(self) -> None:
        """Ask the service to end."""
        self._end.set()

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `shut_down` or SIGTERM; jobs go on behind their keepers."""
        self._lock.take()
        try:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="agent"))
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.shut_down)
            if self._lifeline is not None:
                lifeline.watch(self._lifeline, partial(loop.call_soon_threadsafe, self.shut_down))
            parts = await Assembly.make(
                self._home, self._credentials_file, lambda: self._settings,
                self.change_settings, self.shut_down, self._changed,
            )  # fmt: skip
            self._assembly = parts
            parts.parts.supervisor.lifeline = self._lifeline
            api = LocalApi(self._home.socket, self._home.token, self.answer, parts.events)
            try:
                await self._start(api)
                on_ready()
                await self._end.wait()
            finally:
                await self._stop(api)
        finally:
            self._lock.release()

    async def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Answer a request of a local client."""
        if method == "hello":
            return {"version": agent_version()}
        own = self._assembly.methods.get(method)
        if own is not None:
            check_params(method, own, params)
            return await own(**params)
        if method not in PROXIED:
            raise unknown_method(method)
        return await self._proxy(method, params)

    async def _proxy(self, method: str, params: dict[str, Any]) -> Any:
        try:
            call = resolve(method, dict(params))
        except KeyError as error:
            raise UserInputError(
                f"{method} needs the field {error}.",
                next_step="Give it with the call.",
                code="input.params",
            ) from error
        options: dict[str, Any] = {"headers": call.headers}
        options["params" if call.verb in ("GET", "DELETE") else "json"] = call.rest
        return await self._assembly.account.call(call.verb, call.path, **options)

    async def _start(self, api: LocalApi) -> None:
        parts = self._assembly
        log.info("agent %s at %s", agent_version(), self._home.root)
        api.on_subscribe = parts.board.mark
        await api.start()
        clear(parts.parts)
        handles = await parts.parts.supervisor.attach_all()
        for stray in parts.dispatcher.resume(parts.servings.claim(handles)):
            if not stray.job_id.startswith(PREFIX) or not parts.parts.warm.is_ready:
                self._keep(partial(discard, stray), f"discard {stray.job_id}", again=False)
        for name, work in parts.loops().items():
            self._keep(work, name)
        parts.uploader.kick()
        parts.push.kick()
        self._keep(parts.parts.warm.make, "warm worker", again=False)

    async def _stop(self, api: LocalApi) -> None:
        log.info("agent ends; jobs go on behind their keepers")
        await api.stop()
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(CLOSE_BOUND_S):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await self._assembly.close()
        except TimeoutError:
            log.warning("the agent did not close everything in time")

    def _keep(self, work: Work, name: str, *, again: bool = True) -> None:
        task = asyncio.get_running_loop().create_task(self._watched(work, name, again), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watched(self, work: Work, name: str, again: bool) -> None:
        while True:
            try:
                return await work()
            except SiloDeskError:
                log.exception("%s ended", name)  # a full disk, for one; it may pass
            except Exception:  # border of the agent's task loops: logged; the agent ends
                log.exception("%s failed; the agent ends", name)
                self._end.set()
                return None
            if not again:
                return None
            await asyncio.sleep(AGAIN_AFTER_S)

    def _changed(self, message: Changed) -> None:
        parts = self._assembly
        parts.events.emit("changed", what=message.what, id=message.id, change=message.change)
