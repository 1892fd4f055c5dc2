"""What a hub tells its administrator: health, storage, accounts, and what could be cleaned up."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PartHealth(_Record):
    """One part of the hub: database, broker, store."""

    key: str  # database | broker | store
    kind: str  # SQLite, PostgreSQL, embedded, outside
    fault: str = ""  # empty is health
    restarts: int = 0
    size: int | None = None


class StorageKind(_Record):
    """How much of one kind lies at the hub."""

    key: str  # packages | models | tensors | logs | database | uploads
    size: int
    count: int


class HubOverview(_Record):
    """The state of a hub at one moment."""

    name: str
    version: str
    url: str
    at: float
    started_at: float
    parts: list[PartHealth]
    storage: list[StorageKind]
    storage_at: float
    disk_free: int
    devices: dict[str, int] = Field(default_factory=dict)  # presence -> how many
    runs: dict[str, int] = Field(default_factory=dict)  # state -> how many
    accounts: int = 0
    groups: int = 0
    messages: float = 0.0  # from devices, since the start
    refused: float = 0.0
    inbox_waiting: int = 0


class HubAccount(_Record):
    """An account as the administrator sees it."""

    id: int
    email: str
    name: str
    is_admin: bool
    is_disabled: bool = False
    created_at: float
    groups: list[str] = Field(default_factory=list)
    devices: int = 0
    seen_at: float | None = None


class Leftover(_Record):
    """Something that nobody needs any more."""

    key: str  # uploads | tensors | packages
    count: int
    size: int


class Reset(_Record):
    """A one-use link with which a person chooses a new password."""

    link: str
    expires_at: float
