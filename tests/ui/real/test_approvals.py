"""Decisions in the window against a real hub, agents and jobs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from helpers import real_runs
from helpers.dialogs import dialog_of
from PySide6.QtCore import Qt

from agent_core.rehearsal.federation import Federation, Member
from agent_core.rehearsal.packing import samples
from app.pages.approvals.page import ApprovalsPage
from app.widgets.buttons import Button
from app.widgets.decision_dialog import DecisionDialog
from app.widgets.reason_dialog import ReasonDialog

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(300)]
BOUND = 60_000


@pytest.fixture
def silo(federation: Federation) -> Member:
    """The silo whose operator decides."""
    return federation.members[1]


@pytest.fixture
def page(silo: Member, make_window) -> ApprovalsPage:
    """The page of decisions."""
    shown = make_window(silo.home, "approvals").window.pages["approvals"]
    assert isinstance(shown, ApprovalsPage)
    return shown


@pytest.fixture
def cohort(silo: Member, tmp_path: Path) -> dict:
    """A registered dataset with one file more than the silo's own folder."""
    root = tmp_path / "cohort"
    shutil.copytree(samples()["breast-cancer"].data / "silo-1", root)
    (root / "readme.txt").write_text("approved for this test")
    made = silo.client.call("datasets.add", path=str(root), name=f"Cohort {tmp_path.name[-12:]}")
    return silo.client.call("datasets.scan", id=made["id"], wait=True)


def review(page: ApprovalsPage, run_id: int, qtbot) -> DecisionDialog:
    """Open a question from the list, as its operator does; wait until it can be decided."""
    page.choice.select("pending")
    page._show()
    qtbot.waitUntil(lambda: any(one["run_id"] == run_id for one in page.rows.rows), timeout=BOUND)
    page.table.opened.emit(next(one for one in page.rows.rows if one["run_id"] == run_id))
    dialog = dialog_of(page, DecisionDialog)
    qtbot.waitUntil(lambda: dialog.approve.isEnabled(), timeout=BOUND)
    return dialog


def test_from_the_first_version_over_changed_data_to_a_refused_second_version(
    federation: Federation, silo: Member, page: ApprovalsPage, cohort: dict, tmp_path: Path, qtbot
) -> None:
    name = f"Tumours {tmp_path.name[-8:]}"
    app = real_runs.application(federation, name, real_runs.variant(tmp_path))
    run = real_runs.start(federation, app, silo)
    real_runs.question(silo, run)

    # The start order waits; the whole code is shown, nothing is approved by a key.
    dialog = review(page, run, qtbot)
    assert dialog.first
    assert dialog.focusWidget() in (dialog.code, dialog.code.viewport())
    assert "def on_train" in dialog.code.text()
    qtbot.keyClick(dialog.code, Qt.Key.Key_Return)
    assert dialog.isVisible()

    # Approved with a dataset for exactly this content: the job sees these files and no other.
    dialog.data.select(cohort["name"])
    dialog.scope.radios["standing"].setChecked(True)
    assert cohort["name"] in dialog.approve.text()
    dialog.approve.click()
    finished = real_runs.ended(federation, run)
    assert finished["state"] == "FINISHED", finished["detail"]
    text = real_runs.log_text(federation, run, "sees")
    assert "sees ['readme.txt', 'test.csv', 'train.csv']" in text
    part = next(one for one in finished["devices"] if one["edge_id"] == silo.edge_id)
    assert part["dataset"] == {"name": "", "version": "", "rows": None, "columns": 0}

    # The same content on the same data starts by itself ...
    again = real_runs.start(federation, app, silo)
    assert real_runs.ended(federation, again)["state"] == "FINISHED"

    # ... and is asked about again once the data is another.
    Path(cohort["path"], "readme.txt").write_text("changed after it was approved")
    third = real_runs.start(federation, app, silo)
    asked = real_runs.question(silo, third)
    assert "version 1 was approved" in asked["asked_again"]
    silo.client.call("approvals.approve", id=asked["id"], scope="once", dataset=cohort["id"])
    assert real_runs.ended(federation, third)["state"] == "FINISHED"

    # A changed content is not covered: its difference is shown, and it is refused.
    package = real_runs.variant(
        tmp_path, ("from pathlib import Path\n", "from pathlib import Path\nimport requests\n")
    )
    second = real_runs.application(federation, name, package)
    run = real_runs.start(federation, second, silo)
    real_runs.question(silo, run)
    dialog = review(page, run, qtbot)
    assert not dialog.first
    assert "+import requests" in dialog.code.text()
    shown = {line.path.rpartition("/")[2] for line in dialog.code.model.lines}
    assert "client_app.py" in shown
    assert "task.py" not in shown
    assert dialog.calls.rows["network"].accessibleName().startswith("Network, 1 new")
    dialog.refuse.click()
    reason = dialog_of(page, ReasonDialog)
    reason.refuse.click()
    assert reason.field.message
    reason.field.set("It wants the network")
    reason.refuse.click()
    refused = real_runs.ended(federation, run)
    assert "It wants the network" in refused["detail"]

    # Both decisions stay, and can be read again.
    page.choice.select("decided")
    page._show()
    page.search.setText(name)
    qtbot.waitUntil(
        lambda: {one["state"] for one in page.rows.rows} == {"approved", "refused"}, timeout=BOUND
    )
    page.table.opened.emit(page.rows.rows[0])
    reopened = dialog_of(page, DecisionDialog)
    assert not hasattr(reopened, "approve")
    qtbot.waitUntil(lambda: "+import requests" in reopened.code.text(), timeout=BOUND)
    reopened.reject()


def test_a_standing_approval_is_revoked_with_undo(silo: Member, page: ApprovalsPage, qtbot) -> None:
    digest = "ab" * 32
    silo.client.call("approvals.allow", content_digest=digest, by="the demo", application="Demo")
    page.choice.select("standing")
    page.open()
    qtbot.waitUntil(lambda: page.standing.find(digest) >= 0, timeout=BOUND)
    one = page.standing.rows[page.standing.find(digest)]
    said = [page.standing.columns[at].cell(one).spoken() for at in range(4)]
    assert "approved by the demo" in said[2]

    page.standing_table.clicked_cell.emit(one, 4)
    qtbot.waitUntil(lambda: page.standing.find(digest) < 0, timeout=BOUND)
    assert digest not in {o["content_digest"] for o in silo.client.call("approvals.standing")}
    toast = page.window().toasts.toasts[-1]
    next(one for one in toast.findChildren(Button) if one.text().strip() == "Undo").click()
    qtbot.waitUntil(lambda: page.standing.find(digest) >= 0, timeout=BOUND)
    silo.client.call("approvals.disallow", content_digest=digest)
