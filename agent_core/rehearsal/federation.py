"""A hub, a coordinator's agent and N silos on this machine, joined as people would join them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent_core.client import AgentClient
from agent_core.errors import SiloDeskError
from agent_core.hub.left_over import end_left_over
from agent_core.jobs.process import is_lock_held
from agent_core.paths import Home
from agent_core.rehearsal import elsewhere, leftover
from agent_core.rehearsal.processes import Child, Family

HOSPITALS = (
    "Klinikum Lindenau", "St. Anna Hospital", "Northfield General", "Hôpital Saint-Roch",
    "Karelia Cancer Centre",
)  # fmt: skip
COORDINATOR = "Meridian Lab"
KEEPERS_BOUND_S = 10.0
Say = Callable[[str], None]


@dataclass
class Member:
    """One agent of the federation."""

    name: str
    number: int  # 0 is the coordinator
    home: Home
    edge_id: int = 0
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        self.client = AgentClient(self.home)


@dataclass
class Federation:
    """Start with `start()`, use as a context manager, and everything is gone afterwards."""

    silos: int = 3
    data: Path | None = None
    root: Path | None = None  # kept when given, else a temporary folder that goes with the end
    prewarm: bool = False
    say: Say = print
    members: list[Member] = field(default_factory=list)  # the coordinator first
    group_id: int = 0
    hub_url: str = ""
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    def __post_init__(self) -> None:
        self._lock = -1
        if self.root is None:
            leftover.clear()
            self.folder, self._lock = leftover.make_folder()
        else:
            self.folder = self.root
            self.folder.mkdir(parents=True, exist_ok=True)
        self.family = Family(self.folder)

    @property
    def coordinator(self) -> Member:
        """Return the member that owns the run and carries its server job."""
        return self.members[0]

    def __enter__(self) -> Self:
        """Start the federation."""
        try:
            self.start()
        except BaseException as error:  # whatever it was, it is raised again once all is ended
            self.end(with_logs=not isinstance(error, Exception))
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """End it."""
        self.end(with_logs=not isinstance(error, Exception))

    def start(self) -> None:
        """Start hub and agents, sign everyone up, bind every device, make the group."""
        self.say("starting hub, broker and object store")
        self._start_hub()
        self.say(f"starting {self.silos} silo agents and the coordinator's")
        self.members = [self._start_agent(k) for k in range(self.silos + 1)]
        for member in self.members:
            self.family.wait_for(
                member.child, member.home.socket.exists, f"The agent of {member.name}"
            )
        self.hub_url = self._wait_for_hub()
        self._enrol_coordinator()
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(self._enrol_silo, self.members[1:]))

    def end(self, with_logs: bool = True) -> None:
        """Stop what runs, end every process, remove a temporary folder.

        After an error its logs stay: the error may say where they are.
        """
        try:
            with ThreadPoolExecutor() as pool:  # agents that hang take their bound once
                list(pool.map(_stop_jobs, self.members))
        finally:
            self.family.end()
        self._wait_for_keepers()
        for record in self._hub_home.hub.glob("*/service.json"):
            end_left_over(record)  # of a hub that was killed, where its services outlive it
        if self._lock >= 0:
            remove(self.folder, with_logs)
            os.close(self._lock)
            self._lock = -1

    def _wait_for_keepers(self) -> None:
        """Wait (bounded) for keepers: they write to the folder until their jobs have ended."""
        deadline = time.monotonic() + KEEPERS_BOUND_S
        for member in self.members:
            for lock in member.home.keepers.glob("*/keeper.lock"):
                while is_lock_held(lock) and time.monotonic() < deadline:
                    time.sleep(0.05)

    def restart(self, member: Member) -> None:
        """Start a member's agent again after it ended, on the same home."""
        member.home.socket.unlink(missing_ok=True)
        member.child = self._start_agent_process(member)
        self.family.wait_for(member.child, member.home.socket.exists, f"The agent of {member.name}")
        self._give_way()

    def restart_hub(self) -> None:
        """Start the hub again after it ended, on the same home."""
        (self._hub_home.hub / "hub.json").unlink(missing_ok=True)
        self._start_hub()
        self._wait_for_hub()

    def _give_way(self) -> None:
        """Leave the processors to the coordinator's machine, which alone is really this one."""
        silos = [member.child.process.pid for member in self.members[1:]]
        elsewhere.give_way([self.hub.process.pid, *silos])

    @property
    def _hub_home(self) -> Home:
        return Home(self.folder / "hub")

    def _start_hub(self) -> None:
        home = self._hub_home.root
        self.hub = self.family.start(
            "hub", ["hub", "--home", str(home), "--port", "0", "--name", "Rehearsal", "--json"],
            elsewhere.LEVEL,
        )  # fmt: skip

    def _wait_for_hub(self) -> str:
        file = self._hub_home.hub / "hub.json"
        self.family.wait_for(self.hub, file.exists, "The hub")
        self._give_way()  # broker and store run by now
        return str(json.loads(file.read_text())["url"])

    def _start_agent(self, number: int) -> Member:
        home = Home(self.folder / (f"silo-{number}" if number else "coordinator"))
        member = Member(silo_name(number) if number else COORDINATOR, number, home)
        member.child = self._start_agent_process(member)
        return member

    def _start_agent_process(self, member: Member) -> Child:
        home = member.home
        arguments = [
            "agent", "--home", str(home.root), "--credentials", str(home.credentials),
            "--silo", member.name, "--json",
        ]  # fmt: skip
        data = self._data_of(member.number) if member.number else None
        arguments += ["--data", str(data)] if data else []
        if self.prewarm:
            arguments.append("--prewarm")
        return self.family.start(home.root.name, arguments, elsewhere.LEVEL if member.number else 0)

    def _data_of(self, number: int) -> Path | None:
        if self.data is None:
            return None
        own = self.data / f"silo-{number}"
        return own if own.is_dir() else self.data

    def _enrol_coordinator(self) -> None:
        client = self.coordinator.client
        client.call(
            "account.sign_up", hub_url=self.hub_url, email="elif.kaya@meridian.example",
            name="Elif Kaya", password=self.password,
        )  # fmt: skip
        device = client.call("device.bind", silo=COORDINATOR, name="coordinator")
        self.coordinator.edge_id = int(device["edge_id"])
        group = client.call("groups.create", name="Rehearsal")
        self.group_id = int(group["id"])
        client.call("groups.add_device", group_id=self.group_id, edge_id=self.coordinator.edge_id)

    def _enrol_silo(self, member: Member) -> None:
        number = member.number
        invitation = self.coordinator.client.call(
            "invitations.create", group_id=self.group_id, role="operator"
        )
        member.client.call(
            "invitations.join", link=invitation["link"], silo=member.name,
            device_name=f"silo-{number}", email=f"operator-{number}@silo.example",
            name=f"Operator {number}", password=self.password,
        )  # fmt: skip
        status = member.client.call("agent.status")
        member.edge_id = int(status["device"]["edge_id"])

    def add_application(self, name: str, packages: Sequence[Path]) -> dict[str, Any]:
        """Upload packages and make an application of them."""
        client = self.coordinator.client
        uploaded = [client.call("packages.upload", path=str(path)) for path in packages]
        application = client.call(
            "applications.create", name=name, group_id=self.group_id,
            packages=[package["zip_sha256"] for package in uploaded],
        )  # fmt: skip
        return dict(application)

    def allow(self, application: dict[str, Any], by: str) -> None:
        """Give every silo a standing approval for exactly this application's content."""
        for member in self.members:
            for package in application["packages"]:
                member.client.call(
                    "approvals.allow", content_digest=package["content_digest"], by=by
                )


def _stop_jobs(member: Member) -> None:
    try:
        member.client.call("jobs.stop_all", reason="the rehearsal ends")
    except SiloDeskError:
        pass  # an agent that is away stops nothing; its keepers end with the lifeline
    member.client.close()


def remove(folder: Path, with_logs: bool) -> None:
    """Remove a folder; without its logs, only what is not below a folder `logs`."""
    if with_logs:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        if "logs" in path.relative_to(folder).parts:
            continue
        try:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError:
            pass  # a folder that holds logs


def silo_name(number: int) -> str:
    """Return the name of the n-th silo, counted from 1."""
    return HOSPITALS[number - 1] if number <= len(HOSPITALS) else f"Hospital {number}"
