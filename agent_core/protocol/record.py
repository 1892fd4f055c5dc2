"""The base of everything that REST answers carry."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A record: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
