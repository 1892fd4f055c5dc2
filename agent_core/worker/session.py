"""The job as its engine sees it: the order, everyone's part, and the two halves of the channel."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .inbox import Inbox
from .reporter import Reporter
from .stop import StopSwitch

PACKAGE_VARIABLE = "SILODESK_PACKAGE"
DATA_VARIABLE = "SILODESK_DATA"


class JobFailedError(Exception):
    """A known cause for which a job cannot go on, in words for people."""


class RaisedError(Exception):
    """The package's code raised in its last message, and the run ended before another came."""


class MissingImportError(Exception):
    """The entry or a framework cannot be imported."""


@dataclass(frozen=True)
class Order:
    """What the agent ordered; fields that a newer agent adds are ignored."""

    run_id: int
    epoch: int
    role: str
    rank: int
    edge_id: int
    edges: list[dict[str, Any]]
    engine: str
    entry: str
    object_name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    rounds: int | None = None
    round_deadline_s: float = 600.0
    quorum: int = 1

    @staticmethod
    def read(values: dict[str, Any]) -> Order:
        """Return the order that a `go` frame carried; raises JobFailedError."""
        known = {name: values[name] for name in Order.__dataclass_fields__ if name in values}
        try:
            return Order(**known)
        except TypeError as error:
            message = f"The start order is incomplete: {error}."
            raise JobFailedError(message) from error


@dataclass(frozen=True)
class Job:
    """One process of a run on one device."""

    order: Order
    reporter: Reporter
    inbox: Inbox
    switch: StopSwitch
    paused: dict[int, str] = field(default_factory=dict)  # devices that are paused, and why

    @property
    def package_root(self) -> Path:
        """Return the unpacked package's root."""
        return Path(os.environ.get(PACKAGE_VARIABLE) or "/package")

    @property
    def source_root(self) -> Path:
        """Return the folder whose modules the package imports."""
        return self.package_root / "fedml"

    @property
    def entry(self) -> Path:
        """Return the entry file; raises JobFailedError where it lies outside the package."""
        path = self.package_root / self.order.entry
        if ".." in Path(self.order.entry).parts or not path.is_file():
            raise JobFailedError(f"The package has no entry file '{self.order.entry}'.")
        return path

    @property
    def data_dir(self) -> str:
        """Return the folder with the silo's data."""
        return os.environ.get(DATA_VARIABLE) or "/data"

    @property
    def clients(self) -> list[int]:
        """Return the client devices, by rank."""
        clients = [edge for edge in self.order.edges if edge.get("role") == "client"]
        return [int(edge["edge_id"]) for edge in sorted(clients, key=lambda edge: edge["rank"])]

    @property
    def server(self) -> int:
        """Return the server's device."""
        servers = [edge for edge in self.order.edges if edge.get("role") == "server"]
        return int(servers[0]["edge_id"]) if servers else 0

    def label(self, edge_id: int) -> str:
        """Return a device's name for people."""
        for edge in self.order.edges:
            if edge.get("edge_id") == edge_id and edge.get("silo"):
                return str(edge["silo"])
        return f"device {edge_id}"
