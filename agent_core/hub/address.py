"""Where the hub's HTTP listens: loopback only, on a port that a restart keeps."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from agent_core.errors import ServiceError, StorageError, UserInputError
from agent_core.hub import loopback
from agent_core.hub.broker import write_secret

DEFAULT_PORT = 8750
BACKLOG = 1024


def check_host(host: str) -> None:
    """Raise UserInputError for anything but this machine's loopback."""
    if host not in {"127.0.0.1", "localhost"}:
        raise UserInputError(
            f"The hub does not listen on {host}: until it speaks TLS, passwords and updates "
            "would cross the network in the clear.",
            next_step="Leave --host out; other machines reach it through an SSH tunnel for now.",
            code="input.host",
        )


def listen(folder: Path, port: int | None) -> socket.socket:
    """Return a listening socket on the named, the remembered, the default or a free port.

    Port 0 leaves the default out. A remembered port is insisted on: bound devices know it.
    """
    book = folder / "ports-http.json"
    remembered = _remembered(book)
    if port:
        found = _bind(port)
    elif remembered:
        found = _bind(remembered)
    else:
        found = None if port == 0 else _bind(DEFAULT_PORT, must=False)
        found = found or _bind(loopback.claim(folder / "ports-free.json", ["http"])["http"])
    if found is None:  # only where must=False
        raise ServiceError("No port was found for the hub.", code="service.port")
    _write(book, {"http": found.getsockname()[1]})
    return found


def _bind(port: int, *, must: bool = True) -> socket.socket | None:
    # asyncio turns Nagle's delay off only where the socket names its protocol; without it every
    # answer waits 40 ms for the acknowledgement of its own headers.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((loopback.LOOPBACK, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if not must:
            return None
        raise ServiceError(
            f"Port {port} cannot be used for the hub: {error.strerror or error}.",
            next_step="End the program that listens there, or choose another with --port.",
            code="service.port",
        ) from error
    return sock


def _remembered(book: Path) -> int | None:
    try:
        return int(json.loads(book.read_text("utf-8"))["http"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def announce(path: Path, content: dict[str, Any]) -> None:
    """Write the file in which others find the running hub, whole or not at all."""
    try:
        write_secret(path, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise _unwritable(path, error) from error


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        write_secret(path, json.dumps(content) + "\n")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The hub cannot write {path}: {error.strerror}.",
        next_step="Free space, or check that the folder belongs to you.",
        code="storage.full",
    )
