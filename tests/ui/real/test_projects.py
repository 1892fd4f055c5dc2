"""Projects and applications over a real hub: renamed, put away, taken out again, versions told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.dialogs import dialog_of
from helpers.waiting import until

from agent_core.packages.builder import BuildRequest, build
from agent_core.protocol.states import TERMINAL
from agent_core.rehearsal.federation import Federation
from app.main import Desktop
from app.pages.applications.upload import UploadDialog
from app.pages.projects.page import NewProjectDialog
from app.pages.runs.new_run import NewRunDialog
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
    """Another upload under the same name is the next version; an archived one is not offered."""
    call = federation.coordinator.client.call
    items = call("applications.list")["items"]
    known = items[-1]
    count = 1 + sum(one["name"] == known["name"] for one in items)
    hashes = [package["zip_sha256"] for package in known["packages"]]
    made = call(
        "applications.create", name=known["name"], group_id=federation.group_id, packages=hashes
    )
    window.navigate("applications")
    page = window.page()
    qtbot.waitUntil(lambda: made["id"] in {one.id for one in page.rows.rows}, timeout=20_000)
    place = page.rows.find(made["id"])
    assert f"version {count} of {count}" in page.rows.index(place, 0).data()
    page.table.selectRow(place)
    page.shelf.menu_of(page.table.current()).actions()[1].trigger()
    qtbot.waitUntil(lambda: made["id"] not in {one.id for one in page.rows.rows}, timeout=20_000)
    assert made["id"] not in {one["id"] for one in call("applications.list")["items"]}


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Build a client and a server package whose config has a parameter of no value."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "fedml_config.yaml").write_text("train_args:\n  comm_round: 2\n  seed: null\n")
    built = []
    for half in ("client", "server"):
        (tmp_path / half).mkdir()
        (tmp_path / half / f"{half}.py").write_text("print('hello')\n")
        request = BuildRequest(
            type=half, source_folder=tmp_path / half, entry_point=f"{half}.py",
            config_folder=config, dest_folder=tmp_path / "out",
        )  # fmt: skip
        built.append(build(request).package_path)
    return built


def test_files_become_an_application_a_project_and_a_run_that_starts(
    federation, window, qtbot, pair: list[Path]
) -> None:
    """All by dialogs: upload, new project, new run; a parameter of no value stays none."""
    call = federation.coordinator.client.call
    window.navigate("applications")
    page = window.page()
    qtbot.waitUntil(lambda: bool(page.groups), timeout=20_000)
    page.upload(pair)
    upload = window.findChild(UploadDialog)
    upload.name.set("Pair of files")
    upload.group.select(federation.group_id)
    upload.send.click()
    qtbot.waitUntil(lambda: "Pair of files" in names(page), timeout=30_000)

    window.navigate("projects")
    page = window.page()
    qtbot.waitUntil(lambda: bool(page.groups), timeout=20_000)
    page.new_project()
    dialog = window.findChild(NewProjectDialog)
    dialog.name.set("By the dialog")
    dialog.group.select(federation.group_id)
    dialog.submit.click()
    qtbot.waitUntil(lambda: window.key == "project", timeout=20_000)
    page = window.page()
    qtbot.waitUntil(lambda: page.title == "By the dialog", timeout=20_000)
    page.new_run()
    run = dialog_of(window, NewRunDialog)
    qtbot.waitUntil(lambda: run.application.findText("Pair of files") >= 0, timeout=20_000)
    run.application.setCurrentIndex(run.application.findText("Pair of files"))
    assert {row.key: row.control.text() for row in run.form.rows}["seed"] == "null"
    run.server.setCurrentIndex(run.server.findData(federation.coordinator.edge_id))
    run.server.activated.emit(run.server.currentIndex())
    run._start.click()
    qtbot.waitUntil(lambda: window.key == "run", timeout=30_000)

    (made,) = call("runs.list", project_id=page.project.id)["items"]
    assert made["parameters"]["seed"] is None
    assert made["state"] != "IDLE"
    call("runs.stop", run_id=made["id"], reason="seen enough")
    until(lambda: call("runs.get", run_id=made["id"])["state"] in TERMINAL, 60)
