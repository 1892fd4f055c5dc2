"""Reading the registry: its newest models, older ones, and those that a filter asks for."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from agent_core.protocol.records_models import ModelEntry
from app.bridge.newest import Newest, Reading
from app.bridge.records import records
from app.context import AppContext

PROJECTS = 500  # to choose from
LOADED = 200  # of the newest at once; older ones are read when they are asked for


class Asked(NamedTuple):
    """What a person looks for."""

    project: int = 0
    text: str = ""
    mark: str = "all"

    @property
    def is_all(self) -> bool:
        """Return whether nothing is left out."""
        return self == Asked()


class Found(NamedTuple):
    """The newest models, the devices of each group, and names of projects where they were read."""

    known: Newest[ModelEntry]
    places: dict[int, list[int]]
    projects: dict[int, str]


def name_of(one: ModelEntry) -> tuple[int, int]:
    """Return what tells a model from others."""
    return one.run_id, one.round


def read_newest(context: AppContext, known: Newest[ModelEntry] | None, count: int) -> Found:
    """Return so many newest models or more, reading only what is new; callable on any thread."""
    found = _reading(context, {}).newest(known, count)
    projects = _projects(context) if known is None and found.cursor else {}
    return Found(found._replace(items=_settled(found.items)), _places(context), projects)


def read_older(context: AppContext, known: Newest[ModelEntry]) -> Found:
    """Return what is known with older ones; callable on any thread."""
    return Found(_reading(context, {}).older(known, LOADED), _places(context), {})


def look_for(context: AppContext, asked: Asked) -> list[ModelEntry]:
    """Return the newest models among all that a filter lets through; callable on any thread."""
    given: dict[str, Any] = {"text": asked.text} if asked.text else {}
    if asked.project:
        given["project_id"] = asked.project
    if asked.mark != "all":
        given["mark"] = asked.mark
    return _reading(context, given).newest(None, LOADED).items


def find_model(context: AppContext, run_id: int, number: int) -> list[ModelEntry]:
    """Return a model that was not read, or nothing where there is none; callable on any thread."""
    page = context.client.call("models.list", run_id=run_id, up_to=number, limit=1)
    return [one for one in records(ModelEntry, page["items"]) if one.round == number]


def rounds_of(context: AppContext, run_id: int) -> list[ModelEntry]:
    """Return every model of a run; callable on any thread."""
    reading = _reading(context, {"run_id": run_id})
    first = reading.newest(None, LOADED)
    return reading.older(first, first.total).items


def _reading(context: AppContext, given: dict[str, Any]) -> Reading[ModelEntry]:
    def ask(cursor: str, limit: int) -> dict[str, Any]:
        more = {"cursor": cursor} if cursor else {}
        page: dict[str, Any] = context.client.call("models.list", limit=limit, **given, **more)
        return page

    return Reading(ask, partial(records, ModelEntry), name_of)


def _places(context: AppContext) -> dict[int, list[int]]:
    groups = context.client.call("groups.list")["items"]
    return {int(one["id"]): list(one.get("devices") or []) for one in groups}


def _projects(context: AppContext) -> dict[int, str]:
    """Return all projects: those of models that are not read can be chosen too."""
    items = context.client.call("projects.list", limit=PROJECTS)["items"]
    return {int(one["id"]): str(one["name"]) for one in items}


def _settled(models: list[ModelEntry]) -> list[ModelEntry]:
    """Return models of which only the first of each run that says so is its newest or best.

    What was known before a newer one came still says that it is.
    """
    seen: set[tuple[int, str]] = set()
    settled = []
    for one in models:
        gone = {}
        for name in ("is_newest", "is_best"):
            if getattr(one, name) and (one.run_id, name) in seen:
                gone[name] = False
            elif getattr(one, name):
                seen.add((one.run_id, name))
        settled.append(one.model_copy(update=gone) if gone else one)
    return settled
