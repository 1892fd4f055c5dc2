"""How commands ask the local agent."""

from __future__ import annotations

import time
from typing import Any

from agent_core.cli.output import chosen_home
from agent_core.client import AgentClient
from agent_core.errors import UserInputError


def ask(method: str, **params: Any) -> Any:
    """Return what the agent of the chosen home answers."""
    client = AgentClient(chosen_home())
    try:
        return client.call(method, **params)
    finally:
        client.close()


def items(method: str, **params: Any) -> list[dict[str, Any]]:
    """Return every item of a paged list."""
    client = AgentClient(chosen_home())
    found: list[dict[str, Any]] = []
    cursor = ""
    try:
        while True:
            page = client.call(method, **params, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor or not page["items"]:
                return found
    finally:
        client.close()


def followed(method: str, **params: Any) -> list[dict[str, Any]]:
    """Return every item of a list that grows (metrics, logs), page by page."""
    client = AgentClient(chosen_home())
    found: list[dict[str, Any]] = []
    cursor = ""
    try:
        while True:
            page = client.call(method, **params, **({"after": cursor} if cursor else {}))
            found += page["items"]
            following = page.get("next_cursor") or ""
            if not page["items"] or not following or following == cursor:
                return found
            cursor = following
    finally:
        client.close()


def parameters(pairs: list[str] | None) -> dict[str, Any]:
    """Return KEY=VALUE options as values (numbers, booleans and texts as YAML reads them)."""
    import yaml

    found = {}
    for pair in pairs or []:
        key, mark, value = pair.partition("=")
        if not mark or not key:
            raise UserInputError(
                f"'{pair}' is not a parameter.",
                next_step="Write --param KEY=VALUE.",
                code="input.parameter",
            )
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserInputError(
                f"The value of --param {key} cannot be read.",
                next_step="Put it into quotes.",
                code="input.parameter",
            ) from error
    return found


def clock(at: float | None) -> str:
    """Return a time as people read it, in this machine's zone."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def until(text: str) -> float | None:
    """Return a date (2027-01-31) as the end of that day, or None for an empty text."""
    if not text:
        return None
    try:
        day = time.strptime(text, "%Y-%m-%d")
    except ValueError as error:
        raise UserInputError(
            f"'{text}' is not a date.", next_step="Write it like 2027-01-31.", code="input.date"
        ) from error
    return time.mktime(day) + 24 * 3600 - 1
