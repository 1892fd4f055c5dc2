"""The base of everything that REST answers carry."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Files are named by such hashes: whatever comes over a wire has to be one.
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """A record: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
