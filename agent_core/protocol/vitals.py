"""A machine's figures as each heartbeat carries them; what cannot be measured stays a gap."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Vitals(BaseModel):
    """The figures of one moment, and how long the hub took to answer the heartbeat before."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
    at: float
    cpu_percent: float | None = None  # of the whole machine
    memory_used: int | None = None
    memory_total: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None
    gpu_percent: float | None = None
    gpu_memory_used: int | None = None
    gpu_temperature: float | None = None
    round_trip_ms: float | None = None
