"""One JSON-RPC message a line: read with suspicion, written compactly."""

from __future__ import annotations

import json
from typing import Any

from agent_core.errors import NotFoundError, ProtocolError


def parse(line: bytes) -> tuple[Any, str, dict[str, Any]]:
    """Return number, method and parameters of a request; raises ProtocolError."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("A request is not JSON.") from error
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        raise ProtocolError("A request names no method.")
    params = request.get("params") or {}
    if not isinstance(params, dict):
        raise ProtocolError("A request's params are not an object.")
    number = request.get("id")
    return number if isinstance(number, int | str) else None, request["method"], params


def dump(value: dict[str, Any]) -> bytes:
    """Return a message as a line."""
    return json.dumps(value, separators=(",", ":"), default=str).encode() + b"\n"


def unknown_method(method: str) -> NotFoundError:
    """Return the error for a method that does not exist."""
    return NotFoundError(
        f"The agent has no method '{method[:80]}'.",
        next_step="Agent and client may be of different versions; restart the agent.",
        code="missing.method",
    )
