"""The page of decisions: what waits stays in sight, what was decided is read in pages."""

from __future__ import annotations

import pytest
from helpers import fake_approvals
from helpers.dialogs import dialog_of
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel

from app.i18n import install
from app.pages.approvals.page import PAGE, ApprovalsPage
from app.widgets.buttons import Button
from app.widgets.decision_dialog import DecisionDialog

MANY = PAGE + 40
SANDBOX = (
    "The job runs in a sandbox (bubblewrap): no network, your files and other jobs hidden, dataset "
    "and package read-only."
)


@pytest.fixture
def agent(make_agent):
    return make_agent("working")


@pytest.fixture
def page(agent, make_window, qtbot) -> ApprovalsPage:
    shown = make_window(agent.home, "approvals").window.pages["approvals"]
    assert isinstance(shown, ApprovalsPage)
    qtbot.waitUntil(lambda: bool(shown.rows.rows), timeout=10_000)
    return shown


def test_a_question_older_than_a_page_of_decisions_is_listed(
    page: ApprovalsPage, agent, qtbot
) -> None:
    agent.answers.approvals = {
        number: fake_approvals.approval(
            number, state="pending" if number == 1 else "refused", decided_at=1000.0 + number
        )
        for number in range(1, MANY + 2)
    }
    page.open()
    qtbot.waitUntil(lambda: [one["id"] for one in page.rows.rows] == [1], timeout=10_000)
    assert page.older.isHidden()

    page.choice.select("decided")
    page._show()
    assert len(page.rows.rows) == PAGE
    assert f"the newest {PAGE} decided" in page._note.text()
    page.older.click()
    qtbot.waitUntil(lambda: len(page.rows.rows) == MANY, timeout=10_000)
    assert page.older.isHidden()


def test_revoking_names_its_group_and_can_be_undone_for_ten_seconds(
    page: ApprovalsPage, agent, qtbot
) -> None:
    page.choice.select("standing")
    page._show()
    qtbot.waitUntil(lambda: bool(page.standing.rows), timeout=10_000)
    one = page.standing.rows[0]
    qtbot.waitUntil(lambda: "trains" in page.standing.columns[0].cell(one).spoken(), timeout=10_000)
    page.standing_table.clicked_cell.emit(one, 4)
    qtbot.waitUntil(lambda: bool(agent.called("approvals.disallow")), timeout=10_000)
    assert agent.called("approvals.disallow")[-1]["group_id"] == 7

    qtbot.waitUntil(lambda: bool(page.window().toasts.toasts), timeout=10_000)
    toast = page.window().toasts.toasts[-1]
    assert toast.findChild(QTimer).interval() == 10_000
    next(one for one in toast.findChildren(Button) if one.text().strip() == "Undo").click()
    qtbot.waitUntil(lambda: bool(agent.called("approvals.allow")), timeout=10_000)
    given = agent.called("approvals.allow")[-1]
    assert (given["group_id"], given["role"]) == (7, "client")


def test_what_the_agent_says_of_a_question_follows_the_language(
    agent, make_window, qtbot, themed: QApplication
) -> None:
    agent.answers.approvals[8] |= {
        "sandbox": SANDBOX,
        "asked_again": "the dataset 'X' changed after it was approved: version 1 was approved, "
        "it is version 2 now.",
    }
    offers = {
        **fake_approvals.review(agent.answers.approvals[8]),
        "datasets": [{
            "id": 1, "name": "X", "kind": "csv", "is_default": True, "number": 2, "hash": "a" * 64,
            "rows": 1, "columns": 1, "files": 1, "missing": [], "fits": [],
            "why_not": "The dataset 'X' is not for the group of this run.",
        }],
    }  # fmt: skip
    agent.answer("approvals.review", lambda _: offers)
    install(themed, "zh_CN")
    try:
        page = make_window(agent.home, "approvals").window.pages["approvals"]
        qtbot.waitUntil(lambda: page.rows.find(8) >= 0, timeout=10_000)
        one = page.rows.rows[page.rows.find(8)]
        assert "数据集“X”在批准后发生了变化" in page.rows.columns[2].cell(one).spoken()
        page._open_dialog(one)
        dialog = dialog_of(page, DecisionDialog)
        qtbot.waitUntil(lambda: dialog._has_review, timeout=10_000)

        def texts() -> str:
            return " ".join(label.text() for label in dialog.findChildren(QLabel))

        qtbot.waitUntil(lambda: "看不到您的文件和其他作业" in texts(), timeout=10_000)
        assert "批准的是版本 1，现在是版本 2" in texts()
        assert "数据集“X”不供此运行的群组使用" in texts()
        dialog.reject()
    finally:
        install(themed, "en")
