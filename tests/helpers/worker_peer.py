"""Run worker processes by pipes, without keeper, agent or hub, and carry messages between them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_core.worker import channel

ROOT = Path(__file__).resolve().parents[2]
WORKER = ROOT / "agent_core" / "worker"
SERVER_EDGE = 900
FIRST_CLIENT_EDGE = 201


def runtime_python() -> Path | None:
    """Return the job runtime's interpreter, or None where there is no runtime."""
    named = os.environ.get("SILODESK_RUNTIME_PYTHON")
    if named:
        return Path(named)
    cache = Path(os.environ.get("SILODESK_CACHE") or Path.home() / ".cache" / "silodesk")
    found = sorted(cache.glob("runtimes/base-*/bin/python"))
    return found[0] if found else None


@dataclass
class Worker:
    """One worker process and every frame it sent."""

    name: str
    process: subprocess.Popen[bytes]
    frames: list[channel.Frame] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    is_ended: bool = False
    exit_code: int | None = None
    _kept: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _writing: threading.RLock = field(default_factory=threading.RLock)

    def send(
        self, kind: str, fields: dict[str, Any] | None = None, parts: Iterable[bytes] = ()
    ) -> None:
        """Write a frame to the worker; one that has ended is left alone."""
        assert self.process.stdin is not None
        with self._writing:
            try:
                channel.write_frame(self.process.stdin, kind, fields, parts)
            except (BrokenPipeError, ValueError):
                return

    def deliver(self, fields: dict[str, Any], body: bytes, blobs: Mapping[str, bytes]) -> None:
        """Send a message, and before it the blobs that the worker does not keep any more."""
        with self._writing:
            names = [blob["sha256"] for blob in fields["blobs"]]
            for name in names:
                if name not in self._kept:
                    self.send(
                        channel.BLOB, {"sha256": name, "size": len(blobs[name])}, (blobs[name],)
                    )
                self._kept[name] = None
                self._kept.move_to_end(name)
            while len(self._kept) > max(channel.BLOBS_KEPT, len(names)):
                self._kept.popitem(last=False)
            self.send(channel.MESSAGE, fields, (body,))

    def of(self, kind: str) -> list[channel.Frame]:
        """Return the frames of a kind so far."""
        with self.changed:
            return [frame for frame in self.frames if frame.kind == kind]

    def wait_for(self, kind: str, count: int = 1, timeout: float = 90.0) -> list[channel.Frame]:
        """Wait until so many frames of a kind have come, or the worker has ended."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                found = [frame for frame in self.frames if frame.kind == kind]
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                assert left > 0, f"{self.name}: no {kind} within {timeout} s\n{self.text()}"
                assert not self.is_ended, f"{self.name} ended without {kind}\n{self.text()}"
                self.changed.wait(left)

    def wait(self, timeout: float = 90.0) -> int:
        """Wait for the worker's end and return its exit code."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not self.is_ended:
                left = deadline - time.monotonic()
                assert left > 0, f"{self.name} still runs after {timeout} s\n{self.text()}"
                self.changed.wait(left)
        self.exit_code = self.process.wait(10)
        return self.exit_code

    def lines(self, level: str | None = None) -> list[str]:
        """Return the log lines so far."""
        return [line["text"] for frame in self.frames if frame.kind == channel.LOG
                for line in frame.fields["lines"]
                if level is None or line["level"] == level]  # fmt: skip

    def metrics(self) -> list[dict[str, Any]]:
        """Return the points of curves so far."""
        return [point for frame in self.of(channel.METRICS) for point in frame.fields["records"]]

    def text(self) -> str:
        """Return the log as one text, for messages of failed tests."""
        return "\n".join(self.lines()[-40:])

    @property
    def done(self) -> dict[str, Any]:
        """Return the fields of the last frame."""
        frames = self.of(channel.DONE)
        return frames[-1].fields if frames else {}


class Federation:
    """One server worker and some clients, each with what the other ones send to it."""

    def __init__(self, python: Path, package: Path, data: list[Path] | Path | None = None) -> None:
        self.python = python
        self.package = package
        self.data = data
        self.folder = Path(tempfile.mkdtemp(prefix="sdw-"))
        self.modules = self.folder / "modules"
        self.modules.mkdir()
        (self.modules / "silodesk_worker").symlink_to(WORKER)
        self.workers: dict[int, Worker] = {}
        self.blobs: dict[str, bytes] = {}
        self.held: set[int] = set()  # edges to which nothing is delivered
        self.bytes_moved = 0
        self.packages: dict[str, Path] = {}

    def start(self, edge_id: int, role: str, rank: int) -> Worker:
        """Start one worker process; it imports and waits for its order."""
        home = self.folder / f"job-{edge_id}"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(self.modules),
            "SILODESK_PACKAGE": str(self.packages.get(role, self.package)), "LANG": "C.UTF-8",
        }  # fmt: skip
        data = self.data[rank - 1] if isinstance(self.data, list) and rank else self.data
        if isinstance(data, Path):
            environment["SILODESK_DATA"] = str(data)
        process = subprocess.Popen(
            [str(self.python), "-m", "silodesk_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(home / "stderr").open("wb"),
            cwd=home,
            env=environment,
        )
        worker = Worker(f"{role} {edge_id}", process)
        self.workers[edge_id] = worker
        threading.Thread(target=self._read, args=(edge_id, worker), daemon=True).start()
        return worker

    def _read(self, edge_id: int, worker: Worker) -> None:
        assert worker.process.stdout is not None
        while (frame := channel.read_frame(worker.process.stdout)) is not None:
            if frame.kind == channel.BLOB:
                self.blobs[frame.fields["sha256"]] = bytes(frame.body)
            elif frame.kind == channel.MESSAGE:
                self._route(edge_id, frame)
            with worker.changed:
                worker.frames.append(frame)
                worker.changed.notify_all()
        with worker.changed:
            worker.is_ended = True
            worker.changed.notify_all()

    def _route(self, from_edge: int, frame: channel.Frame) -> None:
        to_edge = int(frame.fields["to_edge"])
        target = self.workers.get(to_edge)
        self.bytes_moved += sum(blob["size"] for blob in frame.fields["blobs"]) + len(frame.body)
        if target is not None and to_edge not in self.held:
            fields = {**frame.fields, "from_edge": from_edge}
            target.deliver(fields, bytes(frame.body), self.blobs)

    def peer_failed(self, edge_id: int, reason: str) -> None:
        """Tell the server what the hub would tell it."""
        fields = {"edge_id": edge_id, "state": "FAILED", "reason": reason}
        self.workers[SERVER_EDGE].send(channel.PEER, fields)

    def close(self) -> None:
        """End what still runs and remove everything."""
        for worker in self.workers.values():
            if worker.process.poll() is None:
                worker.process.kill()
            worker.process.wait(10)
            for stream in (worker.process.stdin, worker.process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):  # what it never read is lost
                        stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def make_order(role: str, rank: int, clients: int, **values: Any) -> dict[str, Any]:
    """Return the order of one device."""
    edges = [{"edge_id": SERVER_EDGE, "role": "server", "rank": 0, "silo": "Coordinator"}]
    edges += [
        {"edge_id": FIRST_CLIENT_EDGE + i, "role": "client", "rank": i + 1, "silo": f"Silo {i + 1}"}
        for i in range(clients)
    ]
    order: dict[str, Any] = {
        "run_id": 7, "epoch": 1, "role": role, "rank": rank,
        "edge_id": SERVER_EDGE if role == "server" else FIRST_CLIENT_EDGE + rank - 1,
        "edges": edges, "engine": "flower", "entry": "fedml/app.py", "object_name": "",
        "config": {}, "rounds": None, "round_deadline_s": 60.0, "quorum": clients,
    }  # fmt: skip
    return order | values


def start_all(
    federation: Federation, clients: int, entries: Mapping[str, Mapping[str, Any]], **values: Any
) -> list[Worker]:
    """Start a server and clients, and order them to go, the server last; it comes first."""
    roles = [("server", 0), *(("client", rank) for rank in range(1, clients + 1))]
    orders = [make_order(role, rank, clients, **entries[role], **values) for role, rank in roles]
    workers = [
        federation.start(order["edge_id"], role, rank)
        for order, (role, rank) in zip(orders, roles, strict=True)
    ]
    for worker in workers:
        worker.wait_for(channel.READY)
    for worker, order in reversed(list(zip(workers, orders, strict=True))):
        worker.send(channel.GO, {"order": order})
    return workers
