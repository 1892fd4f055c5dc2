"""What the new-run dialog asks of the agent; everything here runs on a thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_core.errors import ConflictError
from agent_core.keys import fingerprint_words
from agent_core.protocol.records import Application, Device, Group, Run
from agent_core.protocol.records_rules import RulesReport
from app.context import AppContext
from app.widgets.live_page import every
from app.widgets.recall import Recall

HISTORY = 100  # of the group's newest runs; they tell what an application sends


@dataclass(frozen=True)
class Places:
    """The group and its devices at one moment."""

    group: Group
    devices: Sequence[Device]
    read_at: float


@dataclass(frozen=True)
class Found(Places):
    """All that the dialog begins with."""

    applications: Sequence[Application]
    words: dict[str, str]  # of fingerprints, by content digest
    history: Sequence[Run]
    budget: int  # bytes a day that this silo lets out; 0 is no budget


def read_places(context: AppContext, group_id: int) -> Places:
    """Return the group as it is now, with those of its devices that can be seen."""
    group = Group.model_validate(context.client.call("groups.get", group_id=group_id))
    inside = set(group.devices)
    devices = [Device.model_validate(one) for one in every(context, "devices.list")]
    return Places(group, [one for one in devices if one.edge_id in inside], time.time())


def read(context: AppContext, group_id: int) -> Found:
    """Return applications, devices and earlier runs of a group."""
    found = every(context, "applications.list", group_id=group_id)
    applications = [Application.model_validate(one) for one in found]
    applications = [one for one in applications if one.group_id == group_id]
    words = {
        package.content_digest: fingerprint_words(package.content_digest)
        for one in applications
        for package in one.packages
    }
    places = read_places(context, group_id)
    # Runs of other projects tell as well what an application sends, and who approved it.
    history = context.client.call("runs.list", group_id=group_id, limit=HISTORY)["items"]
    rules = RulesReport.model_validate(context.client.call("rules.get"))
    return Found(
        places.group,
        places.devices,
        places.read_at,
        applications,
        words,
        [Run.model_validate(one) for one in history],
        rules.budget,
    )


def create(context: AppContext, wish: dict[str, Any], recall: Recall, *, start: bool) -> Run:
    """Make a run and start it; taken back before the start, its draft is put away."""
    if not start:
        recall.begin_last()
        return Run.model_validate(context.client.call("runs.create", **wish))
    run = Run.model_validate(context.client.call("runs.create", **wish))
    try:
        recall.begin_last()
    except ConflictError:
        context.client.call("runs.update", run_id=run.id, archived=True)
        raise
    return Run.model_validate(context.client.call("runs.start", run_id=run.id))
