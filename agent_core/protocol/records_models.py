"""Models across runs, and the prediction servers of a machine."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from agent_core.protocol.record import Sha256
from agent_core.protocol.records import ModelRecord, Record


class ModelEntry(ModelRecord):
    """A model in the registry: a round's weights with the run they belong to."""

    run_name: str = ""
    project_id: int = 0
    project_name: str = ""
    group_id: int = 0
    application_id: int = 0
    application_name: str = ""
    owner_id: int = 0
    owner_name: str = ""
    silos: list[str] = Field(default_factory=list)  # of `sites`, in the same order
    is_newest: bool = False
    is_best: bool = False


class ModelPackage(Record):
    """A package that a model was made with."""

    type: str
    name: str
    engine: str
    zip_sha256: Sha256
    content_digest: Sha256
    fingerprint: str  # the digest as words
    signed: bool = False
    is_allowed: bool = False  # a standing approval of this machine covers it
    has_model: bool = False


class ModelDetail(Record):
    """A model with everything it came from, and what can be done with it here."""

    model: ModelEntry
    epoch: int = 0
    parameters: dict[str, Any] = Field(default_factory=dict)
    rounds: int | None = None
    packages: list[ModelPackage] = Field(default_factory=list)
    sites: list[dict[str, Any]] = Field(default_factory=list)  # silo, device, role, dataset
    before: str = ""  # sha256 of the model it was made from
    declaration: dict[str, Any] | None = None  # packages/model_declaration.py
    exports: dict[str, str] = Field(default_factory=dict)  # format -> why not, "" where it can be
    is_mine: bool = False  # the signed-in account owns the run, and may delete


class Serving(Record):
    """A prediction server of this machine; its token is given once, at its start."""

    id: str
    run_id: int
    round: int
    title: str
    state: Literal["starting", "serving", "ended"]
    detail: str = ""  # what it waits for, or why it ended
    sha256: str = ""
    content_digest: str = ""
    fingerprint: str = ""
    allowed_by: str = ""
    allowed_how: Literal["", "standing", "now"] = ""
    hub_url: str = ""
    url: str = ""  # http://127.0.0.1:<port>/v1/models/<id>/predict
    sandbox: str = ""
    declaration: dict[str, Any] = Field(default_factory=dict)
    started_at: float = 0.0
    ended_at: float | None = None
    pid: int | None = None
    calls: int = 0
    failed: int = 0
    median_ms: float | None = None
    per_minute: list[int] = Field(default_factory=list)  # of the last minutes, the newest last
