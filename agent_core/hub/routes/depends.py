"""What every route asks for: the hub, the caller, a page."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Select, func, select

from agent_core.errors import ForbiddenError
from agent_core.hub import devices
from agent_core.hub.accounts import ACCESS
from agent_core.hub.callers import Caller, identify
from agent_core.hub.state import Hub
from agent_core.hub.store import Reader
from agent_core.hub.telemetry_view import cursor_number

Row = TypeVar("Row")

PREFIX = "/api/v1"
RENEWAL = f"{PREFIX}/devices/renew"


class Body(BaseModel):
    """The base of request bodies: unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_NO_NUL = r"^[^\x00]*$"
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_NUL)
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=_NO_NUL)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Limit = Annotated[int | None, Query(ge=1, le=10_000)]


async def hub_of(request: Request) -> Hub:
    """Return the hub that serves a request; a coroutine, so that no thread is asked for it."""
    hub: Hub = request.app.state.hub
    return hub


HubDep = Annotated[Hub, Depends(hub_of)]


def caller_of(request: Request, hub: HubDep) -> Caller:
    """Return who asks; refuses whom the table in accounts.py does not let to this endpoint."""
    path = request.scope["route"].path
    allowed = ACCESS.get(f"{request.method} {path}")
    if allowed is None:
        raise ForbiddenError("Nobody may use this endpoint yet.", code="forbidden.endpoint")
    with hub.store.read() as reader:
        caller = identify(
            reader,
            request.headers.get("authorization", ""),
            allowed,
            or_former=path == RENEWAL,
        )
    if caller.ends_previous:
        with hub.store.write() as tx:
            devices.end_previous(tx, caller.edge_id, caller.token)
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


def page_limit(hub: Hub, limit: int | None) -> int:
    """Return how many items a page of a list has."""
    return min(limit or hub.settings.page, hub.settings.page_limit)


def follow_limit(hub: Hub, limit: int | None) -> int:
    """Return how many items a page of a followed list has."""
    return min(limit or 1000, hub.settings.follow_limit)


def page_of(
    reader: Reader, query: Select[Any], key: Any, cursor: str, limit: int
) -> tuple[list[Any], str, int]:
    """Return the rows of one page (newest first by `key`), its next cursor, and the total."""
    total = reader.scalar(select(func.count()).select_from(query.subquery()))
    if cursor:
        query = query.where(key < cursor_number(cursor))
    rows = list(reader.all(query.order_by(key.desc()).limit(limit + 1)))
    more = str(rows[limit - 1][key.key]) if len(rows) > limit else ""
    return rows[:limit], more, int(total or 0)
