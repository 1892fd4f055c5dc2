"""House rules and what they say now: the shapes that agent, desktop and command line share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

RULES_VERSION = 1
DAY = 24 * 60  # minutes
RuleKey = Literal["hours", "mains", "temperature", "busy", "apps", "cores", "quiet"]
Cause = Literal["operator", "owner", "budget", "rules"]
Minute = Annotated[int, Field(ge=0, le=DAY)]
Span = tuple[Minute, Minute]  # minutes since midnight, the end not included
NIGHT: list[Span] = [(0, 6 * 60), (20 * 60, DAY)]


class HouseRules(BaseModel):
    """When and how far jobs may use this machine; every rule is off until a person turns it on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = RULES_VERSION
    hours_on: bool = False
    hours: list[list[Span]] = Field(
        default_factory=lambda: [list(NIGHT) for _ in range(7)], min_length=7, max_length=7
    )  # when jobs may work, Monday first, local time
    mains_on: bool = False
    temperature_on: bool = False
    temperature_limit: float = Field(default=75.0, ge=30, le=110)  # Celsius, of CPU and GPU
    busy_on: bool = False
    busy_cpu: float = Field(default=70.0, ge=5, le=100)  # percent of the machine, by others
    busy_gpu: float = Field(default=70.0, ge=5, le=100)
    busy_for_s: float = Field(default=60.0, ge=5, le=3600)
    apps_on: bool = False
    apps: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=100
    )
    cores_on: bool = False
    cores: int = Field(default=1, ge=1, le=1024)  # that all jobs together may use

    @field_validator("hours")
    @classmethod
    def _in_order(cls, hours: list[list[Span]]) -> list[list[Span]]:
        return [_joined(day) for day in hours]


def _joined(day: list[Span]) -> list[Span]:
    """Return a day's spans in order, touching ones as one and empty ones left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in day if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


class RuleState(BaseModel):
    """One rule as it stands now."""

    key: RuleKey
    is_on: bool
    allows: bool = True  # false: jobs pause at the end of their round
    reading: str  # what is measured, in a sentence
    reason: str = ""  # why jobs pause, as a clause: "the machine runs on battery"
    until: float | None = None  # when it will allow again, where that is known
    can_measure: bool = True


class JobHold(BaseModel):
    """Why a job's next message is withheld."""

    cause: Cause
    reason: str  # a sentence
    since: float
    until: float | None = None


class RulesReport(BaseModel):
    """The rules, what they say now, and what pauses every job."""

    rules: HouseRules
    states: list[RuleState]
    all_paused: str = ""  # why all jobs are paused by hand, or nothing
    budget: int = 0  # bytes a day; 0 is no budget
    budget_used_up: bool = False
    job_memory: int = 0  # megabytes that one job may use; 0 is no limit
    cores: int = 0  # of the machine
    quiet_from: str = ""  # "22:00": from when nothing pops up; empty is never
    quiet_to: str = ""


class TrafficPoint(BaseModel):
    """What went over the wire within an hour."""

    at: float  # the hour's begin
    up: int
    down: int


class TrafficHistory(BaseModel):
    """Bytes by the hour, oldest first, without gaps."""

    points: list[TrafficPoint]
    day_began: float  # local midnight
