"""Applications and projects."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import insert, select

from agent_core.hub import applications, runs, shelf, tables
from agent_core.hub.routes.depends import (
    PREFIX,
    Body,
    CallerDep,
    HubDep,
    Limit,
    Name,
    Sha256,
    Text,
    page_limit,
    page_of,
)
from agent_core.hub.store import Reader
from agent_core.protocol.records import Application, Page, Project

router = APIRouter(prefix=PREFIX, tags=["applications", "projects"])


class NewApplication(Body):
    name: Name
    group_id: int
    packages: list[Sha256] = Field(min_length=1, max_length=2)
    note: Text = ""


class ApplicationChange(Body):
    name: Name | None = None
    note: Text | None = None
    archived: bool | None = None


class ProjectChange(Body):
    name: Name | None = None
    description: Text | None = None
    archived: bool | None = None


class NewProject(Body):
    name: Name
    group_id: int
    description: Text = ""


@router.post("/applications", status_code=201)
def create_application(body: NewApplication, caller: CallerDep, hub: HubDep) -> Application:
    """Make an application of uploaded packages."""
    with hub.store.write() as tx:
        caller.check(tx, "group", group_id=body.group_id)
        return applications.create(
            tx, caller.account_id, body.group_id, body.name, body.packages, body.note
        )


@router.get("/applications")
def list_applications(
    caller: CallerDep,
    hub: HubDep,
    group_id: int | None = None,
    archived: shelf.Archived = "no",
    cursor: str = "",
    limit: Limit = None,
) -> Page[Application]:
    """Return the applications of the account's groups, newest first."""
    table = tables.applications
    query = applications.query().where(
        table.c.group_id.in_(_own_groups(caller.account_id, group_id)),
        shelf.wanted(table, archived),
    )
    with hub.store.read() as reader:
        rows, more, total = page_of(reader, query, table.c.id, cursor, page_limit(hub, limit))
        items = applications.records(reader, rows, is_brief=True)
    return Page[Application](items=items, next_cursor=more, total=total)


@router.get("/applications/{application_id}")
def get_application(application_id: int, caller: CallerDep, hub: HubDep) -> Application:
    """Return an application with its packages."""
    with hub.store.read() as reader:
        row = applications.find(reader, application_id)
        caller.check(reader, "application", group_id=row["group_id"])
        return applications.records(reader, [row])[0]


@router.patch("/applications/{application_id}")
def change_application(
    application_id: int, body: ApplicationChange, caller: CallerDep, hub: HubDep
) -> Application:
    """Give an application another name or note, or put it away; its packages stay."""
    with hub.store.write() as tx:
        row = applications.find(tx, application_id)
        role = caller.group_role(tx, row["group_id"])
        owner = row["created_by"] if role else None
        caller.check(tx, "application", group_id=row["group_id"], owner_id=owner)
        shelf.change(tx, tables.applications, application_id, body.model_dump(exclude_unset=True))
        tx.changed("application", application_id, group=row["group_id"])
        return applications.records(tx, [applications.find(tx, application_id)])[0]


@router.post("/projects", status_code=201)
def create_project(body: NewProject, caller: CallerDep, hub: HubDep) -> Project:
    """Make a project in a group."""
    table = tables.projects
    with hub.store.write() as tx:
        caller.check(tx, "group", group_id=body.group_id)
        statement = insert(table).values(
            name=body.name, group_id=body.group_id, description=body.description,
            owner_id=caller.account_id, created_at=tx.now,
        )  # fmt: skip
        number = int(tx.scalar(statement.returning(table.c.id)))
        tx.changed("project", number, group=body.group_id)
        return _projects(tx, [runs.project(tx, number)])[0]


@router.get("/projects")
def list_projects(
    caller: CallerDep,
    hub: HubDep,
    group_id: int | None = None,
    archived: shelf.Archived = "no",
    cursor: str = "",
    limit: Limit = None,
) -> Page[Project]:
    """Return the projects of the account's groups, newest first."""
    table = tables.projects
    query = select(table).where(
        table.c.group_id.in_(_own_groups(caller.account_id, group_id)),
        shelf.wanted(table, archived),
    )
    with hub.store.read() as reader:
        rows, more, total = page_of(reader, query, table.c.id, cursor, page_limit(hub, limit))
        items = _projects(reader, rows)
    return Page[Project](items=items, next_cursor=more, total=total)


@router.get("/projects/{project_id}")
def get_project(project_id: int, caller: CallerDep, hub: HubDep) -> Project:
    """Return a project."""
    with hub.store.read() as reader:
        row = runs.project(reader, project_id)
        caller.check(reader, "project", group_id=row["group_id"])
        return _projects(reader, [row])[0]


@router.patch("/projects/{project_id}")
def change_project(project_id: int, body: ProjectChange, caller: CallerDep, hub: HubDep) -> Project:
    """Give a project another name or description, or put it away with its runs."""
    with hub.store.write() as tx:
        row = runs.project(tx, project_id)
        role = caller.group_role(tx, row["group_id"])
        caller.check(
            tx, "project", group_id=row["group_id"], owner_id=row["owner_id"] if role else None
        )
        shelf.change(tx, tables.projects, project_id, body.model_dump(exclude_unset=True))
        tx.changed("project", project_id, group=row["group_id"])
        return _projects(tx, [runs.project(tx, project_id)])[0]


def _own_groups(account_id: int, group_id: int | None) -> Any:
    members = tables.members
    query = select(members.c.group_id).where(members.c.account_id == account_id)
    return query if group_id is None else query.where(members.c.group_id == group_id)


def _projects(reader: Reader, rows: list[Any]) -> list[Project]:
    counts = applications.run_counts(reader, [row["id"] for row in rows])
    return [
        Project(
            id=row["id"],
            name=row["name"],
            group_id=row["group_id"],
            description=row["description"],
            owner_id=row["owner_id"],
            run_count=counts.get(row["id"], 0),
            created_at=row["created_at"],
            archived_at=row["archived_at"],
        )
        for row in rows
    ]
