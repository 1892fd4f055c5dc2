"""Tensors that messages name before the hub was told that they are there: looked for once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait

from sqlalchemy import bindparam, select

from agent_core.errors import SiloDeskError
from agent_core.hub import tables
from agent_core.hub.store import Store
from agent_core.protocol.messages import INLINE, RoundMessage

log = logging.getLogger(__name__)

LIMIT = 64  # looked for at a time; what more was named comes again
AT_ONCE = 4
BOUND_S = 3.0  # for all of them

_blobs = tables.blobs
_BEGUN = (
    select(_blobs.c.key, _blobs.c.size)
    .where(
        _blobs.c.run_id == bindparam("run"),
        _blobs.c.sha256.in_(bindparam("wanted", expanding=True)),
        _blobs.c.kind == "blob",
        _blobs.c.complete.is_(False),
    )
    .limit(LIMIT)
)


class Arrivals:
    """Asks the store for sizes: not inside a transaction, and never for long.

    Heartbeats and reports wait behind it; a store that hangs must not silence every device.
    """

    def __init__(
        self, store: Store, size_of: Callable[[str], int | None], bound_s: float = BOUND_S
    ) -> None:
        self._store = store
        self._size_of = size_of
        self._bound_s = bound_s
        self._asking = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="arrivals")

    def look(self, messages: Iterable[RoundMessage]) -> frozenset[str]:
        """Return the keys of tensors which these messages name and which are there whole."""
        wanted: dict[int, set[str]] = {}
        for message in messages:
            named = {ref.sha256 for ref in message.blobs if ref.url != INLINE}
            if named:
                wanted.setdefault(message.run_id, set()).update(named)
        if not wanted:
            return frozenset()
        with self._store.read() as reader:
            begun = [
                row
                for run_id, hashes in wanted.items()
                for row in reader.all(_BEGUN, {"run": run_id, "wanted": sorted(hashes)})
            ]
        asked = {
            self._asking.submit(self._is_there, row["key"], row["size"]): row["key"]
            for row in begun[:LIMIT]
        }
        done, late = wait(asked, self._bound_s)
        for future in late:
            future.cancel()
        if late:
            log.warning("The object store did not answer in time: %d tensors are looked for when "
                        "their messages come again.", len(late))  # fmt: skip
        return frozenset(asked[future] for future in done if future.result())

    def _is_there(self, key: str, size: int) -> bool:
        try:
            return self._size_of(key) == size
        except SiloDeskError as error:
            log.warning("A tensor was not looked for, its message comes again: %s", error)
            return False
