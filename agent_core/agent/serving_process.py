"""One prediction process behind its keeper: questions in, answers out, each with a bound."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import statistics
import time
import uuid
from collections import deque
from typing import Any

from agent_core.errors import JobError, LimitError, UserInputError
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.spec import JobFrame, JobOutcome

log = logging.getLogger(__name__)

READY_BOUND_S = 120.0
ANSWER_BOUND_S = 30.0
WAITING_LIMIT = 16  # predictions that wait for the process, which answers one by one
MINUTES = 24


class ServingProcess:
    """The agent's end of a worker with the engine `serve`."""

    def __init__(self, handle: JobHandle) -> None:
        self.handle = handle
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._name = uuid.uuid4().hex[:8]  # another agent's answers are told apart
        self._times: deque[tuple[float, float]] = deque(maxlen=5000)
        self.calls = 0
        self.failed = 0
        self.ready: asyncio.Future[dict[str, Any]] = self._expect("ready")

    async def follow(self) -> JobOutcome:
        """Take what the process says until its end, and return how it ended."""
        try:
            async for frame in self.handle.frames():
                self._take(frame)
                await self.handle.ack(frame.seq)
            return await self.handle.outcome()
        finally:
            for future in self._waiting.values():
                future.set_exception(_gone())
                future.exception()  # where nobody waits for it, nobody need hear of it
            self._waiting.clear()

    async def predict(self, content: str, body: bytes) -> dict[str, Any]:
        """Return the process's answer; raises UserInputError, LimitError, JobError."""
        if len(self._waiting) >= WAITING_LIMIT:
            raise LimitError(
                "Too many predictions wait already.",
                next_step="Try again in a moment.",
                code="limit.predictions",
            )
        name = f"{self._name}-{next(self._numbers)}"
        future = self._expect(name)
        started = time.perf_counter()
        self.calls += 1
        try:
            async with asyncio.timeout(ANSWER_BOUND_S):
                fields = {"message_id": name, "content": content, "blobs": []}
                await self.handle.deliver(name, "message", fields, body)
                answer = await future
        except TimeoutError as error:
            self.failed += 1
            raise JobError(
                f"The model did not answer within {ANSWER_BOUND_S:.0f} s.",
                next_step="Send fewer rows at once, or start the server again.",
                code="job.prediction",
            ) from error
        except JobError:
            self.failed += 1
            raise
        finally:
            self._waiting.pop(name, None)
        if "error" in answer:
            self.failed += 1
            raise UserInputError(
                str(answer["error"]),
                next_step="Correct the input and send it again.",
                code="input.prediction",
            )
        self._times.append((time.time(), (time.perf_counter() - started) * 1000))
        return answer

    @property
    def median_ms(self) -> float | None:
        """Return the median of the last answers' times."""
        return statistics.median(ms for _, ms in self._times) if self._times else None

    def per_minute(self) -> list[int]:
        """Return the calls of each of the last minutes, the newest last."""
        now, counts = time.time(), [0] * MINUTES
        for at, _ in self._times:
            ago = int((now - at) // 60)
            if 0 <= ago < MINUTES:
                counts[-1 - ago] += 1
        return counts

    def _expect(self, name: str) -> asyncio.Future[dict[str, Any]]:
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        return future

    def _take(self, frame: JobFrame) -> None:
        if frame.kind == "log":
            for line in frame.fields.get("lines") or []:
                log.info("%s: %s", self.handle.job_id, str(line.get("text"))[:500])
        if frame.kind != "message":
            return
        future = self._waiting.pop(str(frame.fields.get("reply_to")), None)
        if future is None or future.done():
            return  # nobody waits any more, or an earlier agent asked
        try:
            answer = json.loads(frame.body)
        except ValueError:
            answer = None
        future.set_result(answer if isinstance(answer, dict) else {"error": "It said no JSON."})


def _gone() -> JobError:
    return JobError(
        "The prediction process has ended.",
        next_step="Start the server again.",
        code="job.prediction",
    )
