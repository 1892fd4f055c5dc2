"""Whether a package's code may run here to export or serve a model, and the record of each yes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent_core.agent.approvals import Approvals
from agent_core.agent.journal import Journal
from agent_core.errors import ForbiddenError
from agent_core.jobs.sandbox import SandboxReport
from agent_core.packages.verify import Verification
from agent_core.protocol.records import Run


@dataclass(frozen=True)
class Permit:
    """Who allowed it, and how."""

    by: str
    how: Literal["standing", "now"]


class ModelPermits:
    """Ask the standing approvals, or take a person's yes to exactly this content."""

    def __init__(self, journal: Journal, approvals: Approvals, operator: Callable[[], str]) -> None:
        self._journal = journal
        self._approvals = approvals
        self._operator = operator

    def is_standing(self, content_digest: str, group_id: int) -> bool:
        """Return whether a standing approval covers this content in a group."""
        return self._approvals.standing.covering(content_digest, group_id) is not None

    def give(
        self, found: Verification, allow: str, what: str, run: Run, number: int,
        sandbox: SandboxReport,
    ) -> Permit:  # fmt: skip
        """Return the permit, recorded; raises ForbiddenError where a person has to say yes."""
        standing = self._approvals.standing.covering(found.content_digest, run.group_id)
        if standing is not None:
            permit = Permit(str(standing["by"]), "standing")
        elif allow == found.content_digest:
            permit = Permit(self._operator(), "now")
        else:
            raise ForbiddenError(
                f"The code of the package {found.name} would run on this machine, and no standing "
                "approval covers it.",
                next_step="Look at its fingerprint and files, then allow it here, or give a "
                "standing approval.",
                code="forbidden.approval",
                content_digest=found.content_digest,
                fingerprint=found.fingerprint,
                package=found.name,
                signed=found.signed,
                builder_key=found.builder_key,
                files=[entry.path for entry in found.files[:200]],
                sandbox=sandbox.sentence,
            )
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO model_permits (at, what, run_id, round, content_digest, allowed_by, "
                "how) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (time.time(), what, run.id, number, found.content_digest, permit.by, permit.how),
            )
        return permit
