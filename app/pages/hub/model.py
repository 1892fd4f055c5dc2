"""What the hub's page knows: the hub of this home, and what the hub in use tells an admin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent_core.errors import ForbiddenError, NotSignedInError, Retryable, SiloDeskError
from app.context import Client
from app.i18n import mark, tr
from app.wire_words import said

PARTS = {
    "database": ("database", mark("Database")),
    "broker": ("radio-tower", mark("Message broker")),
    "store": ("hard-drive", mark("Object store")),
}
STORAGE = {
    "packages": mark("Packages"), "models": mark("Models"), "tensors": mark("Tensors of runs"),
    "uploads": mark("Uploads that go on"), "logs": mark("Logs"), "database": mark("Database"),
}  # fmt: skip
LEFTOVERS = {
    "uploads": mark("Uploads that were never finished, older than a day"),
    "tensors": mark("Tensors of runs that ended more than an hour ago"),
    "packages": mark("Packages that no application uses, older than a day"),
}


@dataclass(frozen=True)
class Seen:
    """What one look found; what the hub did not tell is None, with the reason."""

    state: dict[str, Any]
    overview: dict[str, Any] | None = None
    people: list[dict[str, Any]] = field(default_factory=list)
    why: str = ""  # not signed in, not an administrator, or the hub's silence
    answers: bool | None = None  # whether the hub in use answered; None: it was not asked


def look(client: Client, *, is_in: bool) -> Seen:
    """Return how the hub is; blocks, so call it off the GUI thread."""
    state = dict(client.call("hub.state"))
    if not is_in:
        return Seen(state, why=tr("Sign in to see what the hub tells its people."))
    try:
        overview = dict(client.call("hub.overview"))
        people = list(client.call("hub.accounts")["items"])
    except (ForbiddenError, NotSignedInError) as error:
        why = tr("Only the hub's administrator sees its health and its people.")
        return Seen(state, why=why, answers=isinstance(error, ForbiddenError) or None)
    except SiloDeskError as error:
        why = f"{said(error.sentence)} {said(error.next_step)}".strip()
        return Seen(state, why=why, answers=False if isinstance(error, Retryable) else None)
    return Seen(state, overview, people, answers=True)


def state_of(seen: Seen, agent_state: str) -> str:
    """Return how the hub in use is: by its own answer, else by what the agent hears of it."""
    if seen.answers is not None:
        return "RUNNING" if seen.answers else "OFFLINE"
    heard = {"online": "RUNNING", "silent": "SILENT", "connecting": "CONNECTING"}
    return heard.get(agent_state, "OFFLINE")


def rate(
    before: dict[str, Any] | None, now: dict[str, Any] | None, key: str = "messages"
) -> float | None:
    """Return how many a second came between two looks at the same life of a hub."""
    if not before or not now or before["started_at"] != now["started_at"]:
        return None
    seconds = float(now["at"]) - float(before["at"])
    return max(0.0, float(now[key]) - float(before[key])) / seconds if seconds > 0 else None


def leftovers(client: Client, *, dry_run: bool) -> list[dict[str, Any]]:
    """Return what nobody needs any more; without `dry_run` it is deleted."""
    answer = client.call("hub.clean_up", kinds=list(LEFTOVERS), dry_run=dry_run)
    return list(answer["items"])
