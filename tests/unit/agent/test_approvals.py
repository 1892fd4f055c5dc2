"""Nothing is allowed but what an operator allowed: this start, this run, this exact content."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent_core.agent.approvals import Approvals, Question
from agent_core.agent.journal import Journal
from agent_core.agent.schema import MIGRATIONS
from agent_core.errors import ConflictError, NotFoundError, UserInputError
from agent_core.protocol.messages import Edge, PackageRef, RunPlan
from agent_core.protocol.states import Role

A, B = "a" * 64, "b" * 64


def question(
    run_id: int = 1, epoch: int = 1, digest: str = A, files: dict[str, str] | None = None,
    group: int = 1, role: Role = Role.CLIENT,
) -> Question:  # fmt: skip
    """Return what a job asks."""
    package = PackageRef(
        role=Role.CLIENT, name="p", content_digest=digest, zip_sha256=digest, size=1,
        engine="flower",
    )  # fmt: skip
    plan = RunPlan(
        run_id=run_id, epoch=epoch, run_name="r", project="p", group_id=group, application="app",
        packages=[package],
        edges=[Edge(edge_id=2, device_name="d", silo="s", role=Role.CLIENT, rank=1)],
        issued_at=0.0, expires_at=1.0, owner_name="Elif", owner_account_id=1,
    )  # fmt: skip
    found = files or {"main.py": A}
    return Question(
        plan=plan, role=role, package=package, fingerprint="four words", builder_key="",
        signed=False, files=[{"path": p, "size": 1, "sha256": h} for p, h in found.items()],
        sandbox="bubblewrap",
    )  # fmt: skip


def test_the_default_is_to_ask(journal: Journal) -> None:
    """A question waits; asking it again is the same question."""
    approvals = Approvals(journal)
    first = approvals.ask(question())
    again = approvals.ask(question())

    assert first.state == "pending"
    assert first.first_time
    assert again.id == first.id
    assert approvals.count_waiting() == 1
    assert [item.id for item in approvals.questions("pending")] == [first.id]


def test_a_standing_approval_covers_exactly_its_content(journal: Journal) -> None:
    """Another content asks again."""
    approvals = Approvals(journal)
    approvals.standing.allow(A, "Op")

    covered = approvals.ask(question(1, digest=A))
    other = approvals.ask(question(2, digest=B))

    assert (covered.state, covered.scope, covered.decided_by) == ("approved", "standing", "Op")
    assert other.state == "pending"


def test_an_expired_standing_approval_covers_nothing(journal: Journal) -> None:
    """Its date has passed."""
    approvals = Approvals(journal)
    approvals.standing.allow(A, "Op", expires_at=time.time() - 1)

    assert approvals.ask(question()).state == "pending"
    assert approvals.standing.all() == []


def test_once_is_for_this_start_and_run_for_every_start_of_it(journal: Journal) -> None:
    """A second epoch asks again after `once`, and does not after `run`."""
    approvals = Approvals(journal)
    once = approvals.ask(question(1, epoch=1))
    approvals.approve(once.id, "once", "Op")
    run = approvals.ask(question(2, epoch=1))
    approvals.approve(run.id, "run", "Op")

    assert approvals.ask(question(1, epoch=2)).state == "pending"
    assert approvals.ask(question(2, epoch=2)).state == "approved"
    assert approvals.ask(question(2, epoch=3, digest=B)).state == "pending"


def test_approving_for_good_makes_a_standing_approval(journal: Journal) -> None:
    """It holds for the next run of the same content, until it is taken back."""
    approvals = Approvals(journal)
    approvals.approve(approvals.ask(question(1)).id, "standing", "Op")

    assert approvals.ask(question(2)).state == "approved"
    approvals.standing.disallow(A)
    assert approvals.ask(question(3)).state == "pending"
    with pytest.raises(NotFoundError):
        approvals.standing.disallow(A)


def test_a_standing_approval_holds_in_its_group_and_role_only(journal: Journal) -> None:
    """The same content asks again in another group, and where it would do another part."""
    approvals = Approvals(journal)
    approvals.approve(approvals.ask(question(1, group=1)).id, "standing", "Op")

    assert approvals.ask(question(2, group=1)).state == "approved"
    assert approvals.ask(question(3, group=2)).state == "pending"
    assert approvals.ask(question(4, group=1, role=Role.SERVER)).state == "pending"

    approvals.standing.allow(A, "Other", group_id=2, role=Role.CLIENT)
    assert approvals.ask(question(5, group=2)).decided_by == "Other"
    approvals.standing.disallow(A, 2, Role.CLIENT)
    assert approvals.ask(question(6, group=2)).state == "pending"
    assert approvals.ask(question(7, group=1)).state == "approved"


def test_what_was_allowed_in_a_group_ends_with_the_hub(journal: Journal) -> None:
    """Another hub has another group of the same number; a digest alone stays allowed."""
    approvals = Approvals(journal)
    approvals.approve(approvals.ask(question(1, digest=A)).id, "standing", "Op")
    approvals.standing.allow(B, "Op")

    journal.forget_hub()

    assert [one["content_digest"] for one in approvals.standing.all()] == [B]


def test_older_standing_approvals_get_the_group_of_their_question(tmp_path: Path) -> None:
    """By digest alone they hold everywhere; without their question they end."""
    journal = Journal.open(tmp_path / "j.sqlite3")
    approvals = Approvals(journal)
    given = approvals.approve(approvals.ask(question(1, group=7)).id, "standing", "Op")
    approvals.ask(question(2, group=7))
    connection = journal.connection
    connection.execute("DROP TABLE standing")
    connection.execute(
        "CREATE TABLE standing (content_digest TEXT PRIMARY KEY, application TEXT NOT NULL, "
        "expires_at REAL, allowed_by TEXT NOT NULL, allowed_at REAL NOT NULL, "
        "dataset TEXT NOT NULL DEFAULT '') WITHOUT ROWID"
    )
    assert given.decided_at is not None
    at = given.decided_at + 0.001
    for digest, application in ((A, "app"), (B, ""), ("c" * 64, "lost")):
        connection.execute(
            "INSERT INTO standing VALUES (?, ?, NULL, 'Op', ?, 'null')", (digest, application, at)
        )
    at_group = next(n for n, text in enumerate(MIGRATIONS) if "standing_of_groups" in text)
    connection.execute(f"PRAGMA user_version = {at_group}")
    journal.close()

    found = Approvals(Journal.open(tmp_path / "j.sqlite3")).standing.all()

    places = {one["content_digest"]: (one["group_id"], one["role"]) for one in found}
    assert places == {A: (7, "client"), B: (0, "")}
    assert {one["data"] for one in found} == {"none"}


def test_what_waits_is_listed_however_much_was_decided_since(journal: Journal) -> None:
    """The decided ones come in pages; an open question never falls off."""
    approvals = Approvals(journal)
    open_one = approvals.ask(question(1))
    later = [approvals.ask(question(number)).id for number in range(2, 8)]
    for number in later:
        approvals.refuse(number, "no", "Op")

    assert [one.id for one in approvals.questions("pending", limit=2)] == [open_one.id]
    assert [one.id for one in approvals.questions(limit=2)] == [*later[:-3:-1], open_one.id]
    decided = approvals.questions("decided", limit=2)
    assert [one.id for one in decided] == later[:-3:-1]
    older = approvals.questions("decided", before=decided[-1].id, limit=10)
    assert [one.id for one in older] == later[-3::-1]
    assert [one.id for one in approvals.questions("refused")] == later[::-1]


def test_changed_files_are_named(journal: Journal) -> None:
    """Changed, new and removed ones against the last approved version."""
    approvals = Approvals(journal)
    first = approvals.ask(question(1, files={"same": A, "changed": A, "gone": A}))
    approvals.approve(first.id, "once", "Op")
    refused = approvals.ask(question(2, digest=B, files={"same": B}))
    approvals.refuse(refused.id, "no", "Op")

    second = approvals.ask(question(3, digest=B, files={"same": A, "changed": B, "new": A}))

    assert not second.first_time
    assert second.changed_files == ["changed", "gone", "new"]


def test_a_decision_is_made_once(journal: Journal) -> None:
    """The second one is told that it came too late."""
    approvals = Approvals(journal)
    asked = approvals.ask(question())
    refused = approvals.refuse(asked.id, "no ethics vote", "Op")

    assert (refused.state, refused.reason) == ("refused", "no ethics vote")
    with pytest.raises(ConflictError, match="refused already"):
        approvals.approve(asked.id, "once", "Op")
    assert approvals.withdraw(1, 1, "stopped") is None


@pytest.mark.parametrize(
    "call",
    [
        lambda approvals: approvals.approve(1, "for ever", "Op"),
        lambda approvals: approvals.standing.allow("../../etc/passwd", "Op"),
        lambda approvals: approvals.standing.allow("A" * 64, "Op"),
    ],
)
def test_what_cannot_be_used_is_refused(journal: Journal, call: Any) -> None:
    """Scopes and digests are checked."""
    with pytest.raises(UserInputError):
        call(Approvals(journal))


def test_an_unknown_number_is_told(journal: Journal) -> None:
    """There is no approval 5."""
    with pytest.raises(NotFoundError):
        Approvals(journal).approve(5, "once", "Op")
