"""What the connection doctor finds: one record for each check, and the report of a whole run."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# The order in which checks run and are shown; the keys are stable, the titles are the window's.
CHECKS = (
    "address", "proxy", "dns", "tcp", "tls", "hub", "clock", "broker", "heartbeat", "store",
    "disk", "sandbox", "python", "gpu", "keyring",
)  # fmt: skip

State = Literal["pass", "note", "fail", "skip"]


class DoctorCheck(BaseModel):
    """One check: what was found, why, and what helps."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    state: State
    result: str
    cause: str = ""
    remedy: str = ""
    ms: float | None = None
    facts: dict[str, str] = Field(default_factory=dict)


class PathStop(BaseModel):
    """A place on the way from this machine to what it needs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["machine", "proxy", "gateway", "hub", "broker", "store"]
    name: str
    state: Literal["ok", "note", "fail", "unknown"]


class DoctorReport(BaseModel):
    """A whole run: the fault in one sentence, the way, every check, and what an IT desk needs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    hub_url: str
    host: str = ""
    port: int = 0
    at: float
    took_s: float
    state: State
    sentence: str
    consequence: str = ""
    fault: str = ""  # key of the first check that failed
    path: list[PathStop] = Field(default_factory=list)
    checks: list[DoctorCheck] = Field(default_factory=list)
    letter: dict[str, str] = Field(default_factory=dict)  # facts for the letter, by name
