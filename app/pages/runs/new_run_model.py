"""What a new run needs: devices, typed parameters, the effect of a quorum, the cost in bytes."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent_core.packages.config import ROUND_KEYS, rounds_of
from agent_core.protocol.records import Application, Device, Run
from agent_core.protocol.states import Role, Stage, State
from app.i18n import tr
from app.pages.runs.new_run_rows import DeviceRow, rows_shown
from app.widgets.seen import seen_now
from app.widgets.words import duration, plural, size

DEFAULT_DEADLINE_S = 600.0
DEFAULT_ROUNDS = 10


@dataclass
class Draft:
    """The run that is being put together."""

    devices: list[Device]
    chosen: set[int] = field(default_factory=set)
    server: int | None = None
    rounds: int = DEFAULT_ROUNDS
    deadline_s: float = DEFAULT_DEADLINE_S
    quorum: int | None = None  # None: all chosen devices
    approved: dict[int, bool] = field(default_factory=dict)  # by edge id
    read_at: float = field(default_factory=time.time)  # when the devices were
    group_id: int = 0
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @staticmethod
    def start(devices: Sequence[Device], last: Run | None, own_edge: int | None = None) -> Draft:
        """Return a draft as the last run had it, else with everything that is online."""
        usable = [device for device in devices if not device.revoked]
        draft = Draft(list(usable))
        known = {device.edge_id for device in usable}
        if last is not None:
            servers = [d.edge_id for d in last.devices if d.role == Role.SERVER]
            here = {device.edge_id for device in usable if device.presence != "offline"}
            draft.chosen = {d.edge_id for d in last.devices if d.role == Role.CLIENT} & here
            draft.server = next((edge for edge in servers if edge in known), None)
            draft.deadline_s = last.round_deadline_s
            draft.quorum = min(last.quorum, len(draft.chosen)) or None
        if draft.server is None:
            draft.server = _pick_server(usable, own_edge)
        if not draft.chosen:
            draft.choose_online()
        draft.chosen.discard(draft.server or 0)
        return draft

    def choose_online(self) -> None:
        """Choose every device that is online, but for the server's."""
        self.chosen = {
            one.edge_id
            for one in self.devices
            if seen_now(one, self.read_at) == "online" and one.edge_id != self.server
        }
        self.touch()

    def update(self, devices: Sequence[Device], read_at: float) -> None:
        """Take the devices as they are now; what was chosen stays chosen while it is there."""
        self.devices = [device for device in devices if not device.revoked]
        self.read_at = read_at
        known = {device.edge_id for device in self.devices}
        if not self.chosen <= known or (self.server is not None and self.server not in known):
            self.chosen &= known
            self.server = self.server if self.server in known else None
            self.touch()

    def toggle(self, edge_id: int) -> None:
        """Choose a device, or leave it out; the server's is no client."""
        if edge_id != self.server:
            self.chosen ^= {edge_id}
            self.touch()

    def set_server(self, edge_id: int | None) -> None:
        """Let another device run the server job."""
        self.server = edge_id
        self.chosen.discard(edge_id or 0)
        self.touch()

    def touch(self) -> None:
        """Forget the key of an earlier try: this is another run now."""
        self.key = uuid.uuid4().hex
        if self.quorum is not None and self.quorum >= len(self.chosen):
            self.quorum = None

    def rows(self) -> list[DeviceRow]:
        """Return the devices, the server's last."""
        ordered = sorted(self.devices, key=lambda one: (one.edge_id == self.server, one.edge_id))
        return [
            DeviceRow(
                one,
                one.edge_id in self.chosen,
                one.edge_id == self.server,
                self.approved.get(one.edge_id),
                self.read_at,
                rows_shown(one, self.group_id),
            )
            for one in ordered
        ]

    @property
    def needed(self) -> int:
        """Return the quorum as a number."""
        return self.quorum or max(1, len(self.chosen))

    def effect(self) -> str:
        """Return in one sentence what deadline and quorum do, and the bound that follows."""
        count = len(self.chosen)
        span = duration(self.deadline_s)
        bound = duration(self.deadline_s * self.rounds)
        if count == 0:
            return tr("Choose at least one device that trains.")
        if count == 1:
            first = tr(
                "A round ends when the one device answers; if it is missing after {span}, "
                "the run fails.",
                span=span,
            )
        elif self.needed >= count:
            first = tr(
                "A round ends when all {count} answer; if one is missing after {span}, "
                "the run fails.",
                count=count,
                span=span,
            )
        else:
            first = tr(
                "A round ends when all {count} answer, or after {span} with at least {needed}; "
                "with fewer, the run fails.",
                count=count,
                span=span,
                needed=self.needed,
            )
        return tr("{first} Once started, all rounds end within {bound}.", first=first, bound=bound)

    def problem(self) -> str:
        """Return what keeps the run from being created, or an empty text."""
        if self.server is None:
            return tr("Choose the device that runs the server job.")
        if not self.chosen:
            return tr("Choose at least one device that trains.")
        return ""

    def wish(self, project_id: int, application: Application, name: str) -> dict[str, Any]:
        """Return the parameters of runs.create but for the run's own."""
        return {
            "project_id": project_id,
            "application_id": application.id,
            "name": name,
            "rounds": self.rounds,
            "round_deadline_s": self.deadline_s,
            "quorum": self.needed,
            "server_edge": self.server,
            "client_edges": sorted(self.chosen),
            "idempotency_key": self.key,
        }


def _pick_server(devices: Sequence[Device], own_edge: int | None) -> int | None:
    """Return the likely aggregator: one named so, else this machine, else the last device."""
    online = [one for one in devices if one.presence == "online"] or list(devices)
    words = ("server", "aggreg", "coordinator")
    named = [one for one in online if any(w in f"{one.name} {one.silo}".lower() for w in words)]
    own = [one for one in online if one.edge_id == own_edge]
    found = [*named, *own, *online[-1:]]
    return found[0].edge_id if found else None


def last_run_of(application: Application, runs: Sequence[Run]) -> Run | None:
    """Return the newest run of an application."""
    mine = [run for run in runs if run.application_id == application.id]
    return max(mine, key=lambda run: run.id, default=None)


def parameters_of(application: Application, runs: Sequence[Run]) -> dict[str, Any]:
    """Return the parameters to offer: the package's config, else those of its last run."""
    config: dict[str, Any] = {}
    for package in application.packages:
        found = package.manifest.get("config")
        if isinstance(found, dict):
            config.update(found)
    last = last_run_of(application, runs)
    known = {**config, **last.parameters} if last is not None else config
    return {key: value for key, value in known.items() if key not in ROUND_KEYS}


def rounds_for(application: Application, runs: Sequence[Run]) -> int:
    """Return how many rounds to offer."""
    last = last_run_of(application, runs)
    if last is not None and last.rounds:
        return last.rounds
    for package in application.packages:
        config = package.manifest.get("config")
        if isinstance(config, dict) and (found := rounds_of(config)):
            return found
    return DEFAULT_ROUNDS


def read_value(text: str, like: Any) -> Any:
    """Return a typed text in the type of another value; raises ValueError with a sentence.

    Beside no value (null), an empty text or "null" stays none, anything else is read freely.
    """
    text = text.strip()
    if like is None:
        return None if text in {"", "null"} else guess_value(text)
    if isinstance(like, bool):
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        raise ValueError(tr("Not yes or no. Use true or false."))
    if isinstance(like, int):
        try:
            return int(text)
        except ValueError:
            raise ValueError(
                tr("Not a whole number. Use {like}, for example.", like=like)
            ) from None
    if isinstance(like, float):
        try:
            return float(text)
        except ValueError:
            raise ValueError(tr("Not a number. Use {like:g}, for example.", like=like)) from None
    if isinstance(like, list | dict):
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError(
                tr("Not JSON. Use {dumps}, for example.", dumps=json.dumps(like))
            ) from None
    return text


def guess_value(text: str) -> Any:
    """Return a freely typed value: a number or true/false where it reads as one, else text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text.strip()
    return value if isinstance(value, bool | int | float) else text.strip()


def estimate(application: Application, draft: Draft, runs: Sequence[Run]) -> tuple[str, str]:
    """Return what the run will move, from earlier rounds of the same application."""
    package = sum(one.size for one in application.packages)
    per_round = _bytes_a_round(application, runs)
    if per_round is None:
        return (
            tr("The package is {size}", size=size(package)),
            tr("What it sends and how long it takes is unknown before its first run"),
        )
    up, down = per_round
    total_up, total_down = up * draft.rounds, down * draft.rounds
    as_much = abs(total_up - total_down) <= 0.1 * max(total_up, total_down)
    back = tr("as much") if as_much else tr("about {size}", size=size(total_down))
    return (
        tr("Each site sends about {size} and receives {back}", size=size(total_up), back=back),
        _per_round(application, draft, runs, up),
    )


def budget_words(
    application: Application, draft: Draft, runs: Sequence[Run], own_edge: int | None, budget: int
) -> str:
    """Return what the run means to this silo's own budget a day; empty where nothing is known.

    Other silos keep their budgets to themselves.
    """
    per_round = _bytes_a_round(application, runs)
    if not budget or own_edge not in draft.chosen or per_round is None:
        return ""
    if per_round[0] * draft.rounds <= budget:
        return tr("within this site's budget of {size} a day", size=size(budget))
    return tr("more than this site's budget of {size} a day, so it will wait", size=size(budget))


def _per_round(application: Application, draft: Draft, runs: Sequence[Run], up: float) -> str:
    rounds = plural(draft.rounds, "round")
    seconds = seconds_a_round(application, runs)
    if seconds is None:
        return tr("{size} × {count}, as in earlier runs of it", size=size(up), count=rounds)
    return tr(
        "{size} × {count}; about {time}, as in earlier runs of it",
        size=size(up), count=rounds, time=duration(seconds * draft.rounds),
    )  # fmt: skip


def seconds_a_round(application: Application, runs: Sequence[Run]) -> float | None:
    """Return how long a round of an application took, start included; None without a run."""
    for run in sorted(runs, key=lambda one: -one.id):
        is_whole = run.state == State.FINISHED and run.round > 0
        if run.application_id != application.id or not is_whole:
            continue
        if run.started_at is not None and run.ended_at is not None:
            return max(0.0, run.ended_at - run.started_at) / run.round
    return None


def approved_before(application: Application, runs: Sequence[Run]) -> dict[int, bool]:
    """Return, by edge id, whether a standing approval let the newest run of it start at once."""
    found: dict[int, bool] = {}
    for run in sorted(runs, key=lambda one: one.id):
        if run.application_id != application.id:
            continue
        for device in run.devices:
            for stage in device.stages:
                if stage.stage == Stage.APPROVED:
                    found[device.edge_id] = "standing" in stage.detail.lower()
    return found


def _bytes_a_round(application: Application, runs: Sequence[Run]) -> tuple[float, float] | None:
    for run in sorted(runs, key=lambda one: -one.id):
        if run.application_id != application.id:
            continue
        parts = [d for d in run.devices if d.role == Role.CLIENT and d.round > 0 and d.bytes_up]
        if parts:
            rounds = sum(part.round for part in parts)
            up = sum(part.bytes_up for part in parts) / rounds
            return up, sum(part.bytes_down for part in parts) / rounds
    return None


def merged(typed: Mapping[str, Any], free: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of the run; a freely typed key stands over an offered one."""
    return {**typed, **{key: value for key, value in free.items() if key}}
