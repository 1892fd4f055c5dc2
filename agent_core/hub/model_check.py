"""Models on their arrival: put together where no upload address reaches, and hashed there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, select, update

from agent_core.errors import ConflictError, NotFoundError, SiloDeskError, UnreachableError
from agent_core.hub import tables
from agent_core.hub.ports import Objects
from agent_core.hub.store import Store

WAIT_S = 20.0  # of a request for its model's check; a large one goes on behind it


class ModelChecks:
    """Checks that are under way, one working at a time: rounds must not wait for them."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._one = threading.Lock()
        self._under_way: dict[str, Future[None]] = {}

    def run(self, key: str, check: Callable[[], None]) -> None:
        """Check and wait for the end, for a while; raises UnreachableError where it goes on."""
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                future = self._under_way[key] = Future()
                threading.Thread(target=self._work, args=(key, check, future), daemon=True).start()
        try:
            future.result(self._wait_s)
        except TimeoutError:
            raise _still_checked() from None

    def refuse_meanwhile(self, key: str) -> None:
        """Raise UnreachableError while this object is being checked."""
        with self._lock:
            if key in self._under_way:
                raise _still_checked()

    def _work(self, key: str, check: Callable[[], None], future: Future[None]) -> None:
        fault: Exception | None = None
        try:
            with self._one:
                check()
        except Exception as error:  # noqa: BLE001 - border of the thread: who waits gets it
            fault = error
        with self._lock:
            del self._under_way[key]
        if fault is None:
            future.set_result(None)
        else:
            future.set_exception(fault)


@dataclass(frozen=True)
class Arrival:
    """A model whose parts are in the store and were not put together yet.

    Who has the upload's addresses can write parts only, and none once they are put together: what
    is hashed here stays what it is.
    """

    store: Store
    objects: Objects
    row: RowMapping  # of tables.blobs
    upload_id: str
    parts: list[dict[str, Any]]

    def check(self) -> None:
        """Take the model over; raises NotFoundError, ConflictError where its bytes are others."""
        key, sha256, objects = self.row["key"], self.row["sha256"], self.objects
        if self._is_settled():
            return  # by the same words a moment ago
        objects.complete(key, self.upload_id, self.parts)
        size = objects.head(key)
        is_right = size == self.row["size"] and objects.sha256(key) == sha256
        if size is not None:
            self._settle(key, sha256, is_right=is_right)
        if size != self.row["size"]:
            raise NotFoundError(
                f"The object has {size or 0} bytes in the store instead of {self.row['size']}.",
                next_step="Upload it again.",
                code="missing.blob",
            )
        if not is_right:
            raise ConflictError(
                "The uploaded bytes do not have the announced sha256.",
                next_step="Upload it again.",
                code="conflict.sha256",
            )

    def _is_settled(self) -> bool:
        table = tables.blobs
        with self.store.read() as reader:
            return bool(
                reader.scalar(
                    select(table.c.complete).where(
                        table.c.key == self.row["key"], table.c.sha256 == self.row["sha256"]
                    )
                )
            )

    def _settle(self, key: str, sha256: str, *, is_right: bool) -> None:
        table = tables.blobs
        mine = (table.c.key == key) & (table.c.sha256 == sha256)
        if not is_right:
            self.objects.delete([key])
        with self.store.write() as tx:
            if is_right:
                tx.run(update(table).where(mine).values(complete=True))
            else:
                tx.run(delete(table).where(mine))


def _still_checked() -> SiloDeskError:
    return UnreachableError(
        "The hub is still checking this model.",
        next_step="It is asked again by itself.",
        code="unreachable.check",
    )
