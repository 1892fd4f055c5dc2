"""The loopback ports of a hub's services: free ones, remembered, so that a restart keeps them."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent_core.errors import ServiceError

LOOPBACK = "127.0.0.1"
# Below the range from which systems draw ports of outgoing connections: a port remembered while
# the hub is down is then not taken by some browser.
_FIRST, _LAST = 20000, 32000
_TRIES = 500


def claim(
    path: Path, names: Sequence[str], beside: Mapping[str, tuple[str, int]] | None = None
) -> dict[str, int]:
    """Return a port for each name: the remembered one where it is free, else a new one.

    `beside` names further ports at a fixed distance from another: new name -> (name, distance).
    """
    known = _read(path)
    distances = {
        name: [step for of, step in (beside or {}).values() if of == name] for name in names
    }
    ports: dict[str, int] = {}
    for name in names:
        old = known.get(name)
        if old is not None and old not in ports.values() and _are_free(old, distances[name]):
            ports[name] = old
        else:
            ports[name] = _find({*ports.values(), *known.values()}, distances[name])
    if ports != {name: known.get(name) for name in names}:
        part = path.with_suffix(".part")
        part.write_text(json.dumps({**known, **ports}, indent=2) + "\n", "utf-8")
        part.replace(path)
    return {**ports, **{name: ports[of] + step for name, (of, step) in (beside or {}).items()}}


def is_free(port: int) -> bool:
    """Return whether a server may listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the services do; else a port of connections that just ended would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _read(path: Path) -> dict[str, int]:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        content = json.loads(path.read_text("utf-8"))
        return {name: port for name, port in content.items() if isinstance(port, int)}
    return {}


def _are_free(port: int, distances: Sequence[int]) -> bool:
    return is_free(port) and all(is_free(port + distance) for distance in distances)


def _find(taken: set[int], distances: Sequence[int]) -> int:
    for _ in range(_TRIES):
        port = random.randrange(_FIRST, _LAST)  # noqa: S311 - spreads hubs, guards nothing
        if port not in taken and _are_free(port, distances):
            return port
    raise ServiceError(
        f"No free port between {_FIRST} and {_LAST} was found on this machine.",
        next_step="End some of the programs that listen there.",
        code="service.port",
    )
