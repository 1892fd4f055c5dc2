"""What the operator was asked and decided: nothing runs here that was not allowed here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from agent_core.agent import approval_history
from agent_core.agent.approval_standing import StandingApprovals
from agent_core.agent.journal import Journal
from agent_core.errors import ConflictError, NotFoundError, UserInputError
from agent_core.protocol.messages import PackageRef, RunPlan
from agent_core.protocol.records import Approval
from agent_core.protocol.records_data import DatasetUse
from agent_core.protocol.states import Role

Scope = Literal["once", "run", "standing"]
SCOPES = ("once", "run", "standing")
DECIDED_AT_ONCE = 200
DECIDED_LIMIT = 2_000


@dataclass(frozen=True)
class Question:
    """What the verified package says about itself, for the operator to judge."""

    plan: RunPlan
    role: Role
    package: PackageRef
    fingerprint: str
    builder_key: str
    signed: bool
    files: list[dict[str, Any]]  # path, size, sha256
    sandbox: str
    owner_key: str = ""
    requirements: list[str] = field(default_factory=list)
    data_wanted: list[str] = field(default_factory=list)


class Approvals:
    """Questions, decisions and standing approvals, in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.standing = StandingApprovals(journal)

    def ask(self, question: Question) -> Approval:
        """Enter a question (or return the one there is), decided where an approval covers it."""
        plan = question.plan
        known = self.of_run(plan.run_id, plan.epoch)
        if known is not None:
            return known
        application = f"{plan.group_id}/{plan.application}"
        connection = self._journal.connection
        last = approval_history.last_approved(connection, application, question.role)
        digest = question.package.content_digest
        covered = self._covering(plan, digest, question.role)
        record = Approval(
            id=0,
            run_id=plan.run_id,
            epoch=plan.epoch,
            state="approved" if covered else "pending",
            run_name=plan.run_name,
            project=plan.project,
            application=plan.application,
            group_id=plan.group_id,
            asked_by=plan.owner_name,
            asked_at=time.time(),
            role=question.role,
            engine=question.package.engine,
            content_digest=question.package.content_digest,
            fingerprint=question.fingerprint,
            builder_key=question.builder_key,
            signed=question.signed,
            first_time=last is None,
            changed_files=approval_history.changed(last, question.files) if last else [],
            files=question.files,
            parameters=plan.parameters,
            rounds=plan.rounds,
            sandbox=question.sandbox,
            owner_account_id=plan.owner_account_id,
            owner_key=question.owner_key,
            requirements=question.requirements,
            data_wanted=question.data_wanted,
            last_approval=last.id if last else None,
            last_approved_at=last.decided_at if last else None,
            bytes_per_round=approval_history.bytes_per_round(connection, application),
            **approval_history.key_facts(connection, plan.owner_account_id, question.owner_key),
            **approval_history.seen_before(connection, digest),
            **(covered or {}),
        )
        with self._journal.transaction() as connection:
            row = connection.execute(
                "INSERT INTO approvals (run_id, epoch, state, application, content_digest, "
                "package, record) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    plan.run_id, plan.epoch, record.state, application,
                    record.content_digest, question.package.zip_sha256, record.model_dump_json(),
                ),
            ).fetchone()  # fmt: skip
        return record.model_copy(update={"id": row["id"]})

    def get(self, approval_id: int) -> Approval:
        """Return a question with its decision; raises NotFoundError."""
        return self._record(self._row(approval_id))

    def package_of(self, approval_id: int) -> str:
        """Return the sha256 of the package file that a question is about."""
        return str(self._row(approval_id)["package"])

    def of_run(self, run_id: int, epoch: int) -> Approval | None:
        """Return the question of a run's epoch."""
        row = self._journal.connection.execute(
            "SELECT id, state, record FROM approvals WHERE run_id = ? AND epoch = ?",
            (run_id, epoch),
        ).fetchone()
        return self._record(row) if row else None

    def questions(
        self, state: str | None = None, before: int | None = None, limit: int = DECIDED_AT_ONCE
    ) -> list[Approval]:
        """Return questions, newest first, without their file lists.

        Every one that waits, and of the decided ones at most `limit` older than `before`; `state`
        is pending, decided, or what was decided.
        """
        rows = self._journal.connection.execute(
            "SELECT id, state, record FROM approvals WHERE state = 'pending' "
            "AND ? IN ('', 'pending') UNION ALL "
            "SELECT * FROM (SELECT id, state, record FROM approvals WHERE state <> 'pending' "
            "AND ? IN ('', 'decided', state) AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?) "
            "ORDER BY id DESC",
            (state or "", state or "", before, before, min(max(limit, 1), DECIDED_LIMIT)),
        ).fetchall()
        return [self._record(row).model_copy(update={"files": []}) for row in rows]

    def count_waiting(self) -> int:
        """Return how many questions are open."""
        row = self._journal.connection.execute(
            "SELECT count(*) FROM approvals WHERE state = 'pending'"
        ).fetchone()
        return int(row[0])

    def approve(
        self,
        approval_id: int,
        scope: str,
        by: str,
        expires_at: float | None = None,
        data: Literal["default", "none", "chosen"] = "default",
        dataset: DatasetUse | None = None,
    ) -> Approval:
        """Allow: once (this start), for this run, or this exact content in the group's runs."""
        if scope not in SCOPES:
            raise UserInputError(
                f"'{scope}' is not a scope of an approval.",
                next_step=f"Choose one of {', '.join(SCOPES)}.",
            )
        with self._journal.transaction():
            approval = self._decide(
                approval_id, "approved", scope=scope, decided_by=by, expires_at=expires_at,
                data=data, dataset=dataset, reason="",
            )  # fmt: skip
            if scope == "standing":
                self.standing.allow(
                    approval.content_digest, by, expires_at, approval.application, data, dataset,
                    approval.group_id, approval.role,
                )  # fmt: skip
        return approval

    def refuse(self, approval_id: int, reason: str, by: str) -> Approval:
        """Refuse, with a reason which the run's owner reads."""
        return self._decide(approval_id, "refused", reason=reason, decided_by=by)

    def ask_again(self, approval_id: int, why: str) -> Approval:
        """Open a question again whose answer does not hold for the data as it is now."""
        with self._journal.transaction() as connection:
            asked = self.get(approval_id).model_copy(
                update={
                    "state": "pending", "scope": "", "decided_at": None, "decided_by": "",
                    "expires_at": None, "asked_again": why, "data": "default", "dataset": None,
                }
            )  # fmt: skip
            connection.execute(
                "UPDATE approvals SET state = 'pending', record = ? WHERE id = ?",
                (asked.model_dump_json(), approval_id),
            )
        return asked

    def note_data(self, approval_id: int, dataset: DatasetUse | None) -> None:
        """Write down which data the job of an approval is given."""
        record = self.get(approval_id).model_copy(update={"dataset": dataset})
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE approvals SET record = ? WHERE id = ?",
                (record.model_dump_json(), approval_id),
            )

    def withdraw(self, run_id: int, epoch: int, reason: str) -> Approval | None:
        """Close an open question that needs no answer any more."""
        found = self.of_run(run_id, epoch)
        if found is None or found.state != "pending":
            return None
        return self._decide(found.id, "withdrawn", reason=reason)

    def _covering(self, plan: RunPlan, digest: str, role: Role) -> dict[str, Any] | None:
        now = time.time()
        allowed = self.standing.covering(digest, plan.group_id, role)
        if allowed is not None:
            return {
                "scope": "standing", "decided_by": allowed["by"], "decided_at": now,
                "expires_at": allowed["expires_at"], "data": allowed["data"],
                "dataset": allowed["dataset"],
            }  # fmt: skip
        rows = self._journal.connection.execute(
            "SELECT id, state, record FROM approvals WHERE run_id = ? AND content_digest = ? "
            "AND state = 'approved'",
            (plan.run_id, digest),
        ).fetchall()
        for record in map(self._record, rows):
            is_over = record.expires_at is not None and record.expires_at <= now
            if record.scope == "run" and record.role == role and not is_over:
                return {
                    "scope": "run", "decided_by": record.decided_by, "decided_at": now,
                    "data": record.data, "dataset": record.dataset,
                }  # fmt: skip
        return None

    def _decide(self, approval_id: int, state: str, **more: Any) -> Approval:
        with self._journal.transaction() as connection:
            approval = self.get(approval_id)
            decided = approval.model_copy(
                update={"state": state, "decided_at": time.time(), **more}
            )
            changed = connection.execute(
                "UPDATE approvals SET state = ?, record = ? WHERE id = ? AND state = 'pending'",
                (state, decided.model_dump_json(), approval_id),
            ).rowcount
            if not changed:
                raise ConflictError(
                    f"Approval {approval_id} is {approval.state} already.",
                    next_step="See `silodesk approval list`.",
                )
        return decided

    def _row(self, approval_id: int) -> Any:
        row = self._journal.connection.execute(
            "SELECT id, state, package, record FROM approvals WHERE id = ?", (approval_id,)
        ).fetchone()
        if row is None:
            raise NotFoundError(
                f"There is no approval {approval_id} on this machine.",
                next_step="See `silodesk approval list`.",
            )
        return row

    def _record(self, row: Any) -> Approval:
        return Approval.model_validate_json(row["record"]).model_copy(update={"id": row["id"]})
