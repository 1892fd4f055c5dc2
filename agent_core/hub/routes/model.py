"""Models across runs: the registry, and deleting what nobody needs any more."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from agent_core.errors import UserInputError
from agent_core.hub import accounts, models, run_view
from agent_core.hub.models import Wanted
from agent_core.hub.routes.depends import PREFIX, CallerDep, HubDep, Limit, page_limit
from agent_core.protocol.records import Page, Record
from agent_core.protocol.records_models import ModelEntry

router = APIRouter(prefix=PREFIX, tags=["models"])


class Deleted(Record):
    run_id: int
    rounds: list[int]


@router.get("/models")
def list_models(
    caller: CallerDep,
    hub: HubDep,
    project_id: int | None = None,
    application_id: int | None = None,
    group_id: int | None = None,
    run_id: int | None = None,
    text: Annotated[str, Query(max_length=200)] = "",
    mark: Literal["", "best", "newest"] = "",
    up_to: int | None = None,
    cursor: str = "",
    limit: Limit = None,
) -> Page[ModelEntry]:
    """Return the models of the account's groups, the newest run first.

    `mark` leaves of each run only its best or its newest; `up_to` is the last round listed.
    """
    wanted = Wanted(project_id, application_id, group_id, run_id, text.strip(), mark, up_to)
    with hub.store.read() as reader:
        return models.entries(reader, caller.account_id, wanted, cursor, page_limit(hub, limit))


@router.delete("/runs/{run_id}/models")
def delete_models(
    run_id: int,
    caller: CallerDep,
    hub: HubDep,
    rounds: Annotated[str, Query(max_length=20_000, pattern=r"^(\d{1,8}(,\d{1,8})*)?$")] = "",
) -> Deleted:
    """Delete models of a run (`rounds=3,4`), with their objects."""
    with hub.store.read() as reader:
        row = run_view.find(reader, run_id)
        role = caller.group_role(reader, row["group_id"])
        caller.check(
            reader, "run", group_id=row["group_id"], owner_id=row["owner_id"] if role else None
        )
        by = accounts.get(reader, caller.account_id).name
    if not rounds:
        raise UserInputError(
            "No round is named.", next_step="Name them: ?rounds=3,4.", code="input.rounds"
        )
    wanted = [int(number) for number in rounds.split(",")]
    gone = models.remove(hub.store, hub.object_store, run_id, wanted, by)
    return Deleted(run_id=run_id, rounds=gone)
