"""A job sees exactly the data that was approved, and is asked about again when that changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.agent_bench import AgentBench, make_package

from agent_core.errors import ConflictError, ForbiddenError, UserInputError
from agent_core.protocol.records_data import DatasetShown
from agent_core.protocol.states import Stage, State

Play = Callable[[Any], Any]
SEES = (
    "import os\n"
    "data = os.environ.get('SILODESK_DATA', '')\n"
    "names = sorted(os.listdir(data)) if data else []\n"
    "raise SystemError('sees ' + ' '.join(names))\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two tables."""
    root = tmp_path / "patients"
    root.mkdir()
    (root / "a.csv").write_text("age\n1\n")
    (root / "b.csv").write_text("age\n2\n3\n")
    return root


async def registered(bench: AgentBench, place: Path, name: str = "Patients") -> int:
    """Register and read a dataset."""
    call = bench.agent.methods
    made = await call["datasets.add"](path=str(place), name=name)
    await call["datasets.scan"](id=made["id"], wait=True)
    return int(made["id"])


async def question(bench: AgentBench, run_id: int = 1, **plan: Any) -> int:
    """Send an order and return the number of its question."""
    bench.place_package()
    bench.tell(bench.order(run_id, code=SEES, **plan))
    await bench.until_state(State.PENDING_APPROVAL, run_id)
    return bench.agent.parts.approvals.questions("pending")[0].id


def sees(bench: AgentBench, run_id: int = 1) -> str:
    """Return what the job said it saw."""
    job = bench.agent.parts.book.of_run(run_id)
    return job.detail if job else ""


def test_the_chosen_dataset_is_what_the_job_sees(play: Play, place: Path) -> None:
    """Its version is told with the approval; nameless while it is not shown."""

    async def scenario(bench: AgentBench) -> None:
        number = await registered(bench, place)
        asked = await question(bench)
        approved = await bench.agent.methods["approvals.approve"](
            id=asked, scope="once", dataset=number
        )
        await bench.until_state(State.EXCEPTION)

        assert "sees a.csv b.csv" in sees(bench)
        assert (approved["dataset"]["name"], approved["dataset"]["rows"]) == ("Patients", 3)
        told = [s.dataset for s in bench.statuses() if s.stage == Stage.APPROVED]
        assert told == [DatasetShown()]

    play(scenario)


def test_another_version_than_the_shown_one_is_not_approved(play: Play, place: Path) -> None:
    """It was read again while the operator looked; nothing is decided."""

    async def scenario(bench: AgentBench) -> None:
        call = bench.agent.methods
        number = await registered(bench, place)
        asked = await question(bench)
        (offer,) = (await call["approvals.review"](id=asked))["datasets"]
        (place / "b.csv").write_text("age\n4\n")
        await call["datasets.scan"](id=number, wait=True)

        with pytest.raises(ConflictError, match=r"'Patients' changed .* version 2 now"):
            await call["approvals.approve"](
                id=asked, scope="once", dataset=number, version=offer["hash"]
            )
        assert bench.agent.parts.approvals.get(asked).state == "pending"
        (offer,) = (await call["approvals.review"](id=asked))["datasets"]
        approved = await call["approvals.approve"](
            id=asked, scope="once", dataset=number, version=offer["hash"]
        )
        assert approved["dataset"]["number"] == 2
        await bench.until_state(State.EXCEPTION)

    play(scenario)


def test_a_single_file_is_all_the_job_sees(play: Play, place: Path) -> None:
    """Its neighbours are not there."""

    async def scenario(bench: AgentBench) -> None:
        number = await registered(bench, place / "b.csv", "One")
        await bench.agent.methods["datasets.update"](id=number, shown=True)
        asked = await question(bench)
        await bench.agent.methods["approvals.approve"](id=asked, scope="once", dataset=number)
        await bench.until_state(State.EXCEPTION)

        assert sees(bench).split("sees ")[1].startswith("b.csv")
        assert "a.csv" not in sees(bench)
        (told,) = [s.dataset for s in bench.statuses() if s.stage == Stage.APPROVED]
        assert told is not None
        assert (told.name, told.rows, told.columns) == ("One", 2, 1)

    play(scenario)


def test_without_data_there_is_none(play: Play, place: Path) -> None:
    """Even where the settings name a folder."""

    async def scenario(bench: AgentBench) -> None:
        bench.change(data_dir=str(place))
        asked = await question(bench)
        await bench.agent.methods["approvals.approve"](id=asked, scope="once", no_data=True)
        await bench.until_state(State.EXCEPTION)

        assert ".csv" not in sees(bench)

    play(scenario)


def test_the_folder_of_the_settings_serves_as_before(play: Play, place: Path) -> None:
    """With a standing approval that names no data; it is registered under its own name."""

    async def scenario(bench: AgentBench) -> None:
        bench.change(data_dir=str(place))
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code=SEES))
        await bench.until_state(State.EXCEPTION)

        assert "sees a.csv b.csv" in sees(bench)
        approval = bench.agent.parts.approvals.of_run(1, 1)
        assert approval is not None
        assert approval.dataset is not None
        assert approval.dataset.name == "patients"

    play(scenario)


def test_changed_data_is_asked_about_again(play: Play, place: Path) -> None:
    """Between two starts of a run that was approved whole; the reason names both versions."""

    async def scenario(bench: AgentBench) -> None:
        number = await registered(bench, place)
        asked = await question(bench)
        approve = bench.agent.methods["approvals.approve"]
        await approve(id=asked, scope="run", dataset=number)
        await bench.until_state(State.EXCEPTION)
        (place / "c.csv").write_text("age\n4\n")

        bench.tell(bench.order(1, epoch=2, code=SEES))
        await bench.until_state(State.PENDING_APPROVAL)
        (again,) = bench.agent.parts.approvals.questions("pending")
        assert "version 1 was approved, it is version 2 now" in again.asked_again
        assert "changed" in bench.statuses()[-1].detail

        await approve(id=again.id, scope="once", dataset=number)
        await bench.until_state(State.EXCEPTION)
        assert "sees a.csv b.csv c.csv" in sees(bench)

    play(scenario)


def test_a_standing_approval_locks_its_data(play: Play, place: Path) -> None:
    """The same code on the same data starts by itself, on other data it asks."""

    async def scenario(bench: AgentBench) -> None:
        number = await registered(bench, place)
        asked = await question(bench)
        await bench.agent.methods["approvals.approve"](id=asked, scope="standing", dataset=number)
        await bench.until_state(State.EXCEPTION)

        bench.tell(bench.order(2, code=SEES))
        await bench.until_state(State.EXCEPTION, 2)
        assert "sees a.csv b.csv" in sees(bench, 2)
        (standing,) = await bench.agent.methods["approvals.standing"]()
        assert standing["dataset"]["name"] == "Patients"

        (place / "a.csv").write_text("age\n9\n")
        bench.tell(bench.order(3, code=SEES))
        await bench.until_state(State.PENDING_APPROVAL, 3)

    play(scenario)


def test_a_dataset_is_for_its_groups(play: Play, place: Path) -> None:
    """Choosing it for another one is refused, and nothing is decided."""

    async def scenario(bench: AgentBench) -> None:
        number = await registered(bench, place)
        await bench.agent.methods["datasets.update"](id=number, groups=[99])
        asked = await question(bench)
        offered = (await bench.agent.methods["approvals.review"](id=asked))["datasets"]
        assert "group of this run" in offered[0]["why_not"]
        with pytest.raises(ForbiddenError):
            await bench.agent.methods["approvals.approve"](id=asked, scope="once", dataset=number)
        with pytest.raises(UserInputError, match="reason"):
            await bench.agent.methods["approvals.refuse"](id=asked, reason=" ")
        assert bench.state() == State.PENDING_APPROVAL

    play(scenario)


def test_the_next_version_is_compared_with_the_approved_one(play: Play, tmp_path: Path) -> None:
    """Changed lines and new calls are told; unchanged files are not shown."""

    async def scenario(bench: AgentBench) -> None:
        asked = await question(bench)
        await bench.agent.methods["approvals.approve"](id=asked, scope="once")
        await bench.until_state(State.EXCEPTION)
        bench.package = make_package(tmp_path, "import requests\nprint('hello')\n")

        second = await question(bench, 2)
        found = await bench.agent.methods["approvals.review"](id=second)
        changed = await bench.agent.methods["approvals.diff"](id=second)

        main = next(file for file in found["files"] if file["path"].endswith("main.py"))
        assert (main["state"], main["added"], main["removed"]) == ("changed", 1, 0)
        assert [(r["kind"], r["line"], r["is_new"]) for r in found["risks"]] == [
            ("network", 1, True)
        ]
        assert found["is_compared"]
        shown = next(file for file in changed if file["path"] == main["path"])
        assert [row["kind"] for row in shown["rows"]] == ["add", "same"]
        approval = bench.agent.parts.approvals.get(second)
        assert approval.last_approval == asked
        assert approval.key_known_since is not None
        assert not approval.key_changed

    play(scenario)
