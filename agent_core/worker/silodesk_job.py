"""What a training script imports to report: `import silodesk_job`.

Inside a SiloDesk job the calls reach the run's pages; run alone, they print. Standard library only.

    import silodesk_job
    for number in range(1, 11):
        silodesk_job.report({"train_loss": loss}, round=number)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Protocol

rank = 0  # 0 is the server, clients count from 1
role = "client"  # client | server
clients: list[int] = []  # the clients' ranks


class EndOfRun(Exception):  # noqa: N818 - it is no error
    """The server's script has ended; nothing more will come."""


class Connection(Protocol):
    """What the worker puts behind these calls."""

    def report(self, metrics: dict[str, float], round_: int | None, step: int | None) -> None: ...
    def log(self, text: str, level: str) -> None: ...
    def config(self) -> dict[str, Any]: ...
    def data_dir(self) -> str: ...
    def should_stop(self) -> bool: ...
    def save_model(self, model: Any, round_: int) -> None: ...
    def send(self, to: int, arrays: dict[str, Any], meta: dict[str, Any]) -> None: ...
    def receive(self, timeout: float | None) -> tuple[int, dict[str, Any], dict[str, Any]]: ...


_connection: Connection | None = None


def report(
    metrics: dict[str, float],
    round: int | None = None,  # noqa: A002 - the word of the product
    step: int | None = None,
) -> None:
    """Add a point to each named curve: this silo's, or the whole run's where the server reports."""
    if _connection is not None:
        _connection.report(metrics, round, step)
        return
    place = ", ".join(
        f"{name} {value}" for name, value in (("round", round), ("step", step)) if value is not None
    )
    shown = ", ".join(f"{key}={value:.6g}" for key, value in metrics.items())
    print(f"{place}: {shown}" if place else shown, flush=True)


def log(text: str, level: str = "INFO") -> None:
    """Write a line to the run's log."""
    if _connection is not None:
        _connection.log(text, level)
    else:
        print(text, file=sys.stderr, flush=True)


def config() -> dict[str, Any]:
    """Return the run's configuration with its parameters; empty outside of a run."""
    return _connection.config() if _connection is not None else {}


def data_dir() -> str:
    """Return the folder with this silo's data."""
    if _connection is not None:
        return _connection.data_dir()
    return os.environ.get("SILODESK_DATA") or str(Path.cwd() / "data")


def should_stop() -> bool:
    """Return whether the run is being stopped; a loop that asks can end tidily."""
    return _connection is not None and _connection.should_stop()


def save_model(model: str | bytes | os.PathLike[str] | dict[str, Any], round: int) -> None:  # noqa: A002
    """Store a round's global model: a safetensors file, its bytes, or a dict of NumPy arrays."""
    if _connection is not None:
        _connection.save_model(model, round)
    else:
        print(f"model of round {round}", flush=True)


def send(to: int, arrays: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
    """Send NumPy arrays and plain values to another job of the run, by its rank."""
    _connected().send(to, arrays, meta or {})


def receive(timeout: float | None = None) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Wait for the next message; return the sender's rank, its arrays and its values.

    Raises TimeoutError (by default after the run's round deadline), ConnectionError when a silo
    that may have been waited for has failed, and EndOfRun.
    """
    return _connected().receive(timeout)


def _connected() -> Connection:
    if _connection is None:
        message = "There are no other jobs: this script does not run inside SiloDesk."
        raise RuntimeError(message)
    return _connection


def _connect(connection: Connection, own_rank: int, own_role: str, ranks: list[int]) -> None:
    global _connection, rank, role, clients
    _connection, rank, role, clients = connection, own_rank, own_role, ranks
