"""Packages: uploaded past the hub into the store, verified, and read again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from agent_core.hub import applications, orders, uploads
from agent_core.hub.accounts import Who
from agent_core.hub.callers import Caller, missing
from agent_core.hub.routes.depends import PREFIX, Body, CallerDep, HubDep, Sha256
from agent_core.hub.store import Reader
from agent_core.protocol.records import PackageInfo

router = APIRouter(prefix=PREFIX, tags=["packages"])


class NewUpload(Body):
    sha256: Sha256
    size: int = Field(gt=0, le=2**53)


class Part(Body):
    number: int = Field(ge=1, le=10_000)
    etag: Annotated[str, StringConstraints(max_length=200)]


class Parts(Body):
    parts: list[Part] = Field(max_length=10_000)


@router.post("/uploads", status_code=201)
def begin(body: NewUpload, caller: CallerDep, hub: HubDep) -> dict[str, Any]:
    """Return where to put a package, or that the hub has it already."""
    return uploads.begin(
        hub.store, hub.object_store, hub.settings, caller.account_id, body.sha256, body.size
    )


@router.post("/uploads/{upload_id}/complete")
def finish(upload_id: str, body: Parts, caller: CallerDep, hub: HubDep) -> PackageInfo:
    """Verify an uploaded package and keep it."""
    row = uploads.find(hub.store, upload_id)
    with hub.store.read() as reader:
        caller.check(reader, "upload", owner_id=row["account_id"])
    parts = [part.model_dump() for part in body.parts]
    return uploads.finish(hub.store, hub.object_store, hub.read_package, row, parts)


def _check(reader: Reader, caller: Caller, sha256: str) -> None:
    if caller.edge_id:
        if Who.DEVICE not in caller.allowed or not orders.needs_package(
            reader, caller.edge_id, sha256
        ):
            raise missing("package")
        return
    owns = applications.owns(reader, caller.account_id, sha256)
    groups = applications.groups_with(reader, caller.account_id, sha256)
    caller.check(
        reader,
        "package",
        group_id=groups[0] if groups else None,
        owner_id=caller.account_id if owns else None,
    )


@router.get("/packages/{sha256}")
def get(sha256: Sha256, caller: CallerDep, hub: HubDep) -> PackageInfo:
    """Return what is known of a package."""
    with hub.store.read() as reader:
        _check(reader, caller, sha256)
        return applications.package(reader, sha256)


@router.get("/packages/{sha256}/url")
def url(sha256: Sha256, caller: CallerDep, hub: HubDep) -> dict[str, str]:
    """Return a fresh address for reading a package."""
    with hub.store.read() as reader:
        _check(reader, caller, sha256)
        applications.package(reader, sha256)
    return {"url": hub.url_of(applications.package_key(sha256))}
