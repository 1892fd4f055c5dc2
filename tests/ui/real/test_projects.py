"""Projects and applications over a real hub: renamed, put away, taken out again, versions told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent_core.rehearsal.federation import Federation
from app.main import Desktop
from app.widgets.buttons import Button

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(180)]


@pytest.fixture
def window(federation: Federation, make_window: Callable[..., Desktop]) -> Any:
    """Return the coordinator's window."""
    return make_window(federation.coordinator.home).window


def names(page: Any) -> list[str]:
    """Return what stands in the first column, first lines only."""
    model = page.rows
    return [model.index(row, 0).data().split(",")[0] for row in range(model.rowCount())]


def test_a_project_is_renamed_put_away_and_taken_out(federation, window, qtbot) -> None:
    """What is put away stands under Archived, and the toast takes it out again."""
    federation.coordinator.client.call(
        "projects.create", name="Short lived", group_id=federation.group_id
    )
    window.navigate("projects")
    page = window.page()
    qtbot.waitUntil(lambda: "Short lived" in names(page), timeout=20_000)
    page.table.selectRow(names(page).index("Short lived"))
    menu = page.shelf.menu_of(page.table.current())
    assert [action.text() for action in menu.actions()] == ["Open", "Rename…", "Archive"]
    menu.actions()[1].trigger()
    page.shelf.dialog.field.set("Short story")
    page.shelf.dialog.submit.click()
    qtbot.waitUntil(lambda: "Short story" in names(page), timeout=20_000)

    page.table.selectRow(names(page).index("Short story"))
    page.shelf.menu_of(page.table.current()).actions()[2].trigger()
    qtbot.waitUntil(lambda: "Short story" not in names(page), timeout=20_000)
    qtbot.waitUntil(lambda: page.archived.isVisible(), timeout=20_000)
    page.archived.click()
    assert names(page) == ["Short story"]
    qtbot.waitUntil(
        lambda: any("Short story" in one.title for one in window.toasts.toasts), timeout=20_000
    )
    toast = next(one for one in window.toasts.toasts if "Short story" in one.title)
    next(one for one in toast.findChildren(Button) if one.text() == "Undo").click()
    qtbot.waitUntil(lambda: not page.archived.isVisible(), timeout=20_000)
    qtbot.waitUntil(lambda: "Short story" in names(page), timeout=20_000)


def test_applications_of_one_name_are_versions(federation, window, qtbot) -> None:
    """A second upload under the same name is version 2; an archived one is not offered."""
    call = federation.coordinator.client.call
    known = call("applications.list")["items"][0]
    hashes = [package["zip_sha256"] for package in known["packages"]]
    made = call(
        "applications.create", name=known["name"], group_id=federation.group_id, packages=hashes
    )
    window.navigate("applications")
    page = window.page()
    qtbot.waitUntil(lambda: made["id"] in {one.id for one in page.rows.rows}, timeout=20_000)
    place = page.rows.find(made["id"])
    assert "version 2 of 2" in page.rows.index(place, 0).data()
    page.table.selectRow(place)
    page.shelf.menu_of(page.table.current()).actions()[1].trigger()
    qtbot.waitUntil(lambda: made["id"] not in {one.id for one in page.rows.rows}, timeout=20_000)
    assert made["id"] not in {one["id"] for one in call("applications.list")["items"]}
