"""Packages, and the applications that groups make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import RowMapping, Select, func, insert, select

from agent_core.errors import NotFoundError, UserInputError
from agent_core.hub import tables
from agent_core.hub.callers import missing
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.messages import PackageRef
from agent_core.protocol.records import Application, PackageInfo
from agent_core.protocol.states import Role


def package_key(sha256: str) -> str:
    """Return the object's key of a package."""
    return f"packages/{sha256}.zip"


def _package(row: RowMapping, *, is_brief: bool = False) -> PackageInfo:
    manifest = row["manifest"]
    if is_brief:  # the list of files may have thousands of entries
        manifest = {name: value for name, value in manifest.items() if name != "files"}
    return PackageInfo.model_validate(
        {**row, "manifest": manifest, "uploaded_by": row["uploaded_by"] or ""}
    )


def _packages() -> Select[tuple[object, ...]]:
    owners, people, packages = tables.package_owners, tables.accounts, tables.packages
    first = (
        select(people.c.name)
        .join(owners, owners.c.account_id == people.c.id)
        .where(owners.c.zip_sha256 == packages.c.zip_sha256)
        .order_by(owners.c.at)
        .limit(1)
        .scalar_subquery()
    )
    return select(packages, first.label("uploaded_by"))


def package(reader: Reader, sha256: str) -> PackageInfo:
    """Return a stored package; raises NotFoundError."""
    row = reader.first(_packages().where(tables.packages.c.zip_sha256 == sha256))
    if row is None:
        raise missing("package")
    return _package(row)


def knows(reader: Reader, sha256: str) -> bool:
    """Return whether the hub stores a package."""
    table = tables.packages
    return reader.scalar(select(table.c.zip_sha256).where(table.c.zip_sha256 == sha256)) is not None


def owns(reader: Reader, account_id: int, sha256: str) -> bool:
    """Return whether an account uploaded a package."""
    table = tables.package_owners
    found = reader.scalar(
        select(table.c.zip_sha256).where(
            table.c.zip_sha256 == sha256, table.c.account_id == account_id
        )
    )
    return found is not None


def groups_with(reader: Reader, account_id: int, sha256: str) -> list[int]:
    """Return the account's groups that have an application of this package."""
    table, packed, members = tables.applications, tables.application_packages, tables.members
    return reader.scalars(
        select(table.c.group_id)
        .join(packed, packed.c.application_id == table.c.id)
        .join(members, members.c.group_id == table.c.group_id)
        .where(packed.c.zip_sha256 == sha256, members.c.account_id == account_id)
        .distinct()
    )


def store_package(tx: Tx, account_id: int, info: PackageInfo) -> PackageInfo:
    """Write a verified package down."""
    values = info.model_dump(mode="json", exclude={"uploaded_by", "uploaded_at"})
    tx.add_new(tables.packages, **values, uploaded_at=tx.now)
    tx.add_new(tables.package_owners, zip_sha256=info.zip_sha256, account_id=account_id, at=tx.now)
    return package(tx, info.zip_sha256)


def create(
    tx: Tx, account_id: int, group_id: int, name: str, packages: list[str], note: str
) -> Application:
    """Make an application of one Flower package, or of a client and a server package."""
    found = []
    for sha256 in packages:
        if not (owns(tx, account_id, sha256) or groups_with(tx, account_id, sha256)):
            raise NotFoundError(
                f"The hub has no package {sha256[:12]}… of yours.",
                next_step="Upload it first.",
                code="missing.package",
            )
        found.append(package(tx, sha256))
    kinds = sorted(info.type for info in found)
    if kinds not in (["flower"], ["client", "server"]):
        raise UserInputError(
            "An application is one Flower package, or one client and one server package; "
            f"this is {' and '.join(kinds) or 'nothing'}.",
            next_step="Build the missing package and choose both.",
            code="input.packages",
        )
    statement = insert(tables.applications).values(
        name=name, group_id=group_id, created_by=account_id, note=note, created_at=tx.now
    )
    number = int(tx.scalar(statement.returning(tables.applications.c.id)))
    for position, info in enumerate(sorted(found, key=lambda info: info.type)):
        tx.run(
            insert(tables.application_packages).values(
                application_id=number, position=position, zip_sha256=info.zip_sha256
            )
        )
    tx.changed("application", number, group=group_id)
    return records(tx, [find(tx, number)])[0]


def query() -> Select[tuple[object, ...]]:
    """Return the query for applications."""
    return select(tables.applications, tables.accounts.c.name.label("creator")).join(
        tables.accounts, tables.accounts.c.id == tables.applications.c.created_by
    )


def find(reader: Reader, number: int) -> RowMapping:
    """Return the row of an application; raises NotFoundError."""
    row = reader.first(query().where(tables.applications.c.id == number))
    if row is None:
        raise missing("application")
    return row


def records(
    reader: Reader, rows: Sequence[RowMapping], *, is_brief: bool = False
) -> list[Application]:
    """Return applications with their packages; brief ones leave out the lists of files."""
    packed = tables.application_packages
    found: dict[int, list[PackageInfo]] = defaultdict(list)
    for row in reader.all(
        _packages()
        .add_columns(packed.c.application_id)
        .join(packed, packed.c.zip_sha256 == tables.packages.c.zip_sha256)
        .where(packed.c.application_id.in_([row["id"] for row in rows]))
        .order_by(packed.c.application_id, packed.c.position)
    ):
        found[row["application_id"]].append(_package(row, is_brief=is_brief))
    return [
        Application(
            id=row["id"],
            name=row["name"],
            group_id=row["group_id"],
            packages=found[row["id"]],
            created_at=row["created_at"],
            created_by=row["creator"],
            note=row["note"],
            archived_at=row["archived_at"],
        )
        for row in rows
    ]


def package_refs(reader: Reader, application_id: int) -> list[PackageRef]:
    """Return an application's packages as a plan names them."""
    application = records(reader, [find(reader, application_id)], is_brief=True)[0]
    return [
        PackageRef(
            role=Role.CLIENT if info.type == "client" else Role.SERVER,
            name=info.name,
            content_digest=info.content_digest,
            zip_sha256=info.zip_sha256,
            size=info.size,
            engine=info.engine,
        )
        for info in application.packages
    ]


def run_counts(reader: Reader, project_ids: list[int]) -> dict[int, int]:
    """Return how many runs each project has."""
    runs = tables.runs
    rows = reader.all(
        select(runs.c.project_id, func.count().label("count"))
        .where(runs.c.project_id.in_(project_ids))
        .group_by(runs.c.project_id)
    )
    return {row["project_id"]: row["count"] for row in rows}
