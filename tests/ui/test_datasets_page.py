"""The datasets page never shows one dataset's content, or failure, under another."""

from __future__ import annotations

import pytest
from helpers import fake_approvals
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage

from agent_core.errors import StorageError, UnreachableError
from app.pages.datasets.detail import DatasetDetail
from app.pages.datasets.page import DatasetsPage

WAIT = 10_000
FIRST = fake_approvals.DATASETS[0]
SECOND = {**FIRST, "id": 2, "name": "Second", "path": "/data/second", "is_default": False}


@pytest.fixture
def agent(make_agent):
    made = make_agent("working")
    made.answer("datasets.list", lambda _: [FIRST, SECOND])
    made.answer("datasets.get", lambda asked: {
        **(FIRST if asked["id"] == 1 else SECOND), "history": [FIRST["version"]],
    })  # fmt: skip
    return made


@pytest.fixture
def page(agent, make_window, qtbot) -> DatasetsPage:
    shown = make_window(agent.home, "datasets").window.pages["datasets"]
    assert isinstance(shown, DatasetsPage)
    qtbot.waitUntil(lambda: len(shown.rows.rows) == 2, timeout=WAIT)
    shown.select(1)
    qtbot.waitUntil(lambda: shown.detail.table is not None, timeout=WAIT)
    return shown


def place(detail: DatasetDetail) -> str:
    """Return which of the detail's places is shown."""
    current = detail.pages.currentWidget()
    return next(name for name, widget in detail._places.items() if widget is current)


def test_pictures_of_the_one_before_are_dropped(page: DatasetsPage, qtbot) -> None:
    images = page.detail.images
    images.show_paths(["/a/1.png"])
    images.show_paths(["/b/1.png", "/b/2.png"])
    qtbot.waitUntil(lambda: images._images == [None, None], timeout=WAIT)
    images._take(["/a/1.png"], [QImage(4, 4, QImage.Format.Format_RGB32)])
    assert images._images == [None, None]


def test_what_was_read_of_the_one_before_goes_at_once(page: DatasetsPage, agent, qtbot) -> None:
    detail = page.detail
    qtbot.waitUntil(lambda: len(detail.versions_model.rows) == 1, timeout=WAIT)
    agent.errors["datasets.preview"] = StorageError("The disk is gone.")
    agent.errors["datasets.get"] = UnreachableError("The agent is busy.", next_step="Wait.")
    detail.show_dataset(SECOND, {})
    assert detail.versions_model.rows == []
    assert place(detail) == "waits"
    qtbot.waitUntil(lambda: place(detail) == "empty", timeout=WAIT)
    assert "The disk is gone." in detail.empty.text.plain()

    detail.tabs.select("versions")
    detail._show()
    qtbot.waitUntil(lambda: "The agent is busy." in detail.empty.text.plain(), timeout=WAIT)
    assert detail.empty.title.plain() == "Its versions could not be read"

    detail.tabs.select("rows")
    agent.errors.clear()
    detail.show_dataset(FIRST, {})
    assert place(detail) == "waits"
    qtbot.waitUntil(lambda: place(detail) == "rows", timeout=WAIT)


def test_a_late_table_is_not_shown_as_the_chosen_one(page: DatasetsPage, qtbot) -> None:
    detail = page.detail
    detail.file.clear()
    detail.file.addItems(["a.csv", "b.csv"])
    detail.file.setCurrentText("b.csv")
    before = detail._preview
    detail._take(1, "a.csv", {**fake_approvals.PREVIEW, "file": "a.csv"})
    assert detail._preview is before
    detail._failed(1, "a.csv", StorageError("Too late."))
    assert detail._problem is None


def test_a_removal_can_be_undone_for_ten_seconds(page: DatasetsPage) -> None:
    page._removed(SECOND)
    toast = page.window().toasts.toasts[-1]
    assert toast.findChild(QTimer).interval() == 10_000
