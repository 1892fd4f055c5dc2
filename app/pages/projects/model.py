"""Projects as the list shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_core.protocol.records import Group, Project
from app.i18n import tr


@dataclass(frozen=True)
class ProjectRow:
    """One project with the name of its group."""

    project: Project
    group: str


def rows_of(
    projects: Sequence[Project], groups: Sequence[Group], text: str, *, archived: bool = False
) -> list[ProjectRow]:
    """Return the projects that fit what was typed, the newest first; or those put away."""
    names = {group.id: group.name for group in groups}
    rows = [ProjectRow(one, names.get(one.group_id, "")) for one in projects]
    found = [
        row
        for row in rows
        if _fits(row, text) and (row.project.archived_at is not None) == archived
    ]
    return sorted(found, key=lambda row: -row.project.created_at)


def _fits(row: ProjectRow, text: str) -> bool:
    whole = f"{row.project.name} {row.project.description} {row.group}".lower()
    return all(word in whole for word in text.lower().split())


def name_problem(name: str, projects: Sequence[Project], group_id: int) -> str:
    """Return what is wrong with the name of a new project, or an empty text."""
    if not name:
        return tr("Give the project a name.")
    taken = {one.name.lower() for one in projects if one.group_id == group_id}
    return tr("The group has a project of this name already.") if name.lower() in taken else ""
