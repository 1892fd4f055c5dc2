"""A package as a job needs it: fetched, verified against the signed plan, unpacked, configured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_core.errors import PackageError
from agent_core.jobs.spec import JobOrder
from agent_core.packages.archive import extract
from agent_core.packages.config import apply_parameters, run_config, set_rounds
from agent_core.packages.verify import Verification, verify
from agent_core.protocol.messages import PackageRef, RunPlan
from agent_core.protocol.states import Role

ENGINES = ("flower", "script")


def check(path: Path, ref: PackageRef, role: Role) -> Verification:
    """Return what a package file is; raises PackageError unless it is what the plan names."""
    found = verify(path)
    if found.content_digest != ref.content_digest:
        raise PackageError(
            "The package is not the one that the run's owner signed for.",
            next_step="Start the run again from its application; nothing of it was used.",
            code="package.digest",
        )
    if found.engine not in ENGINES:
        raise PackageError(
            f"The package {found.name} needs the engine '{found.engine}', which this SiloDesk "
            "does not run yet.",
            next_step="Use Flower's ServerApp and ClientApp, or a plain script.",
            code="package.engine",
        )
    found.manifest.entry_for(role)
    return found


def file_list(found: Verification) -> list[dict[str, Any]]:
    """Return a package's files as an approval shows them."""
    return [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in found.files]


@dataclass(frozen=True)
class Unpacked:
    """A package's root on disk, with the configuration that the run gives it."""

    root: Path
    order: JobOrder


def unpack(found: Verification, root: Path, plan: RunPlan, edge_id: int) -> Unpacked:
    """Unpack a verified package into a job's folder and make its order."""
    extract(found.path, root, content_digest=found.content_digest, replace=True)
    edge = plan.edge(edge_id)
    entry = found.manifest.entry_for(edge.role)
    config = apply_parameters(run_config(root), plan.parameters)
    if plan.rounds is not None:
        config = set_rounds(config, plan.rounds)
    return Unpacked(
        root,
        JobOrder(
            run_id=plan.run_id,
            epoch=plan.epoch,
            role=edge.role.value,
            rank=edge.rank,
            edge_id=edge_id,
            edges=[
                {"edge_id": e.edge_id, "role": e.role.value, "rank": e.rank, "silo": e.silo}
                for e in plan.edges
            ],
            engine=found.engine,
            entry=entry.entry,
            object_name=entry.object_name,
            config=config,
            rounds=plan.rounds,
            round_deadline_s=plan.round_deadline_s,
            quorum=plan.quorum,
        ),
    )
