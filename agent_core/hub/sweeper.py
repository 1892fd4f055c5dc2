"""What must happen although nobody says anything: resends, bounds of waits, tidying."""

from __future__ import annotations

import asyncio
import logging
import time

from sqlalchemy import select

from agent_core.errors import SiloDeskError
from agent_core.hub import blobs, devices, group_events, inbox, presence, run_state, tables
from agent_core.hub.ports import Objects
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Store
from agent_core.protocol.states import TERMINAL, Role, State

log = logging.getLogger(__name__)

TIDY_S = 2.0  # at a time, so that resends and bounds of waits are not held up

_ACTIVE = [
    state.value for state in State
    if state not in TERMINAL | {State.IDLE, State.OFFLINE, State.UPGRADING}
]  # fmt: skip
_NOT_RUNNING = [State.QUEUED.value, State.INITIALIZING.value, State.PENDING_APPROVAL.value]


class Sweeper:
    """Looks at the clock once a second."""

    def __init__(self, store: Store, objects: Objects | None, settings: HubSettings) -> None:
        self._store = store
        self._objects = objects
        self._settings = settings
        self._seen: dict[int, str] = {}
        self._up_since = time.time()
        self._cleaned_at = 0.0

    async def work(self) -> None:
        """Sweep, for as long as the hub runs."""
        while True:
            await asyncio.sleep(self._settings.sweep_every_s)
            for step in (self.resend, self.end_overdue, self.watch_presence, self.tidy):
                try:
                    await asyncio.to_thread(step)
                except SiloDeskError as error:
                    log.warning("The hub's sweep goes on after: %s", error)
                except Exception:  # border of the task: the next second has another try
                    log.exception("The hub's sweep failed in %s", step.__name__)

    def resend(self) -> None:
        """Send again what present devices did not acknowledge."""
        with self._store.read() as reader:
            keys = inbox.overdue(reader, time.time())
        if keys:
            with self._store.write() as tx:
                inbox.send_again(tx, keys, self._url_of if self._objects else None)

    def _url_of(self, key: str) -> str:
        return self._objects.presign_get(key, self._settings.url_valid_s) if self._objects else ""

    def end_overdue(self) -> None:
        """End runs whose wait has reached its bound."""
        now = time.time()
        for run_id, state, detail in self._overdue(now):
            with self._store.write() as tx:
                run = tx.first(select(tables.runs).where(tables.runs.c.id == run_id))
                if run is not None:
                    run_state.end(tx, run, state, detail or run["detail"])

    def _overdue(self, now: float) -> list[tuple[int, State, str]]:
        runs, parts, table = tables.runs, tables.run_devices, tables.devices
        with self._store.read() as reader:
            rows = reader.all(
                select(
                    runs.c.id, runs.c.state, runs.c.detail, runs.c.stop_asked_at,
                    runs.c.started_at, runs.c.plan_expires_at, table.c.last_seen,
                    table.c.silo, table.c.name,
                )
                .join(parts, parts.c.run_id == runs.c.id)
                .join(table, table.c.edge_id == parts.c.edge_id)
                .where(runs.c.state.in_(_ACTIVE), parts.c.role == Role.SERVER.value)
            )  # fmt: skip
        found: list[tuple[int, State, str]] = []
        for row in rows:
            # While the hub itself was away, nobody could report.
            seen = max(row["last_seen"] or 0.0, row["started_at"] or 0.0, self._up_since)
            if row["state"] == State.STOPPING.value:
                if now - (row["stop_asked_at"] or 0.0) > self._settings.stop_bound_s:
                    found.append((row["id"], State.KILLED, ""))
            elif now - seen > self._settings.server_lost_s:
                minutes = self._settings.server_lost_s / 60
                cause = (
                    f"The device {row['name']} at {row['silo']}, which runs the server job, has "
                    f"not answered for {minutes:.0f} minutes."
                )
                found.append((row["id"], State.FAILED, cause))
            elif row["state"] in _NOT_RUNNING and now > (row["plan_expires_at"] or now):
                hours = self._settings.plan_valid_s / 3600
                cause = f"The run could not begin within {hours:.0f} hours. {row['detail']}"
                found.append((row["id"], State.FAILED, cause.strip()))
        return found

    def watch_presence(self) -> None:
        """Tell people when a device falls silent, goes, or comes back."""
        table = tables.devices
        now = time.time()
        with self._store.read() as reader:
            rows = reader.all(
                select(table.c.edge_id, table.c.last_seen, table.c.gone).where(
                    table.c.revoked.is_(False)
                )
            )
        current = {
            row["edge_id"]: presence.seen(row["last_seen"], row["gone"], now) for row in rows
        }
        changed = [edge for edge, seen in current.items() if self._seen.get(edge, seen) != seen]
        self._seen = dict(current)
        if changed:
            with self._store.write() as tx:
                for edge_id in changed:
                    devices.changed(tx, edge_id)
                    group_events.add_for_device(tx, edge_id, current[edge_id])

    def tidy(self) -> None:
        """Delete tensors that no round will ask for again."""
        now = time.time()
        if self._objects is not None and now - self._cleaned_at > 5 * self._settings.sweep_every_s:
            self._cleaned_at = now
            until, linger = time.monotonic() + TIDY_S, self._settings.blob_linger_s
            while blobs.clean(self._store, self._objects, linger, now) == blobs.BATCH:
                if time.monotonic() > until:
                    break
