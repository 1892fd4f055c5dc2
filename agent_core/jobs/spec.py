"""What the agent hands to a job and gets back: plain data, no behaviour."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Limits:
    """What a job may use; None is no limit."""

    memory: int | None = None  # bytes
    cpu_seconds: int | None = None
    disk: int | None = None  # bytes of its own scratch


@dataclass(frozen=True)
class JobSpec:
    """Everything that starts a worker in its sandbox; holds no secret."""

    job_id: str  # "run-12-1-edge-203": run, epoch, edge
    python: Path  # interpreter of the job runtime
    workspace: Path  # the job's own folder, /job inside the sandbox
    package_dir: Path  # unpacked package root, read-only at /package; may be filled until `go`
    data_dir: Path | None = None  # read-only at /data; a single file lies in it
    limits: Limits = field(default_factory=Limits)
    threads: int | None = None  # for the job's arithmetic; None chooses by the machine's cores


@dataclass(frozen=True)
class JobOrder:
    """The content of job.json, sent with `go`: what to run, and everyone's part."""

    run_id: int
    epoch: int
    role: str  # client | server
    rank: int
    edge_id: int
    edges: list[dict[str, Any]]  # edge_id, role, rank, silo
    engine: str  # flower | script
    entry: str  # path of the entry file below the package root, "fedml/client.py"
    object_name: str = ""  # the Flower app object in the entry, "app"
    config: dict[str, Any] = field(default_factory=dict)  # run config with parameters applied
    rounds: int | None = None
    round_deadline_s: float = 600.0
    quorum: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the order as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class JobFrame:
    """A frame of a job that its keeper has spooled; acknowledge `seq` once it is committed."""

    seq: int
    kind: str
    fields: dict[str, Any]
    body: bytes = b""  # never tensors; those lie in `blob`
    blob: Path | None = None  # kind "blob": a file of fields["size"] bytes named by its sha256


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended, in numbers and in words."""

    job_id: str
    exit_code: int | None  # negative: ended by that signal; None: unknown (the keeper died)
    reason: str  # finished | failed | exception | stopped | killed | out_of_memory | lost
    sentence: str
    next_step: str = ""
    ended_at: float = 0.0
    peak_rss: int = 0
    cpu_seconds: float = 0.0

    @property
    def is_ok(self) -> bool:
        """Return whether the job did what it was started for."""
        return self.reason == "finished"

    def __str__(self) -> str:
        """Return the outcome for people."""
        return f"{self.sentence} {self.next_step}".strip()
