"""The callbacks of parts that are made before those they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.protocol.vitals import Vitals

if TYPE_CHECKING:
    from agent_core.agent.assembly import Assembly


class Wires:
    """Do nothing until `to` says where to."""

    def __init__(self) -> None:
        self._made: Assembly | None = None

    def to(self, made: Assembly) -> None:
        """Connect."""
        self._made = made

    def on_payload(self, topic: str, payload: bytes) -> None:
        """Pass a broker's message on."""
        if self._made is not None:
            self._made.dispatcher.on_payload(topic, payload)

    def on_up(self) -> None:
        """Send everything again: the connection is new."""
        if self._made is not None:
            self._made.parts.sender.resend_all()
            self._made.uploader.kick()
            self._made.push.kick()

    def on_change(self) -> None:
        """Tell that the status changed."""
        if self._made is not None:
            self._made.board.mark()

    def on_job(self, job_id: str) -> None:
        """Report and show a changed job."""
        if self._made is None:
            return
        self._made.parts.sender.kick("status")
        self._made.sampling.kick()
        self._made.rules.kick()
        self._made.board.mark()
        if self._made.events.is_heard:
            local = self._made.board.local(job_id)
            self._made.events.emit("job", **local.model_dump(mode="json"))

    def vitals(self, round_trip_ms: float | None) -> Vitals | None:
        """Return the machine's figures for a heartbeat."""
        return self._made.sampling.for_heartbeat(round_trip_ms) if self._made is not None else None

    def on_hold(self, job_id: str) -> None:
        """Let a job know that something holds it, or nothing any more."""
        if self._made is None:
            return
        path = self._made.dispatcher.paths.get(job_id)
        if path is not None:
            path.pause.changed()
        self.on_job(job_id)

    def running(self) -> list[int]:
        """Return the run ids of live jobs."""
        return self._made.dispatcher.running if self._made is not None else []
