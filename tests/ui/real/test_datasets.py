"""The Datasets page against a real agent: register, look into, limit, change, remove, undo."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from PySide6.QtGui import QImage

from agent_core.rehearsal.federation import Federation
from app.pages.datasets.edit_dialog import DatasetDialog
from app.pages.datasets.page import DatasetsPage
from app.widgets.buttons import Button

BOUND = 30_000


@pytest.fixture
def page(federation: Federation, make_window) -> DatasetsPage:
    """The page at the second silo."""
    window = make_window(federation.members[2].home, "datasets").window
    shown = window.pages["datasets"]
    assert isinstance(shown, DatasetsPage)
    return shown


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a table."""
    root = tmp_path / "Cohort A"
    root.mkdir()
    (root / "visits.csv").write_text("age,sex,weight\n31,f,60.5\n47,m,\n52,f,71\n")
    return root


def dialog_of(page: DatasetsPage) -> DatasetDialog:
    return next(one for one in page.window().findChildren(DatasetDialog) if one.isVisible())


def press_undo(page: DatasetsPage) -> None:
    toast = page.window().toasts.toasts[-1]
    next(one for one in toast.findChildren(Button) if one.text().strip() == "Undo").click()


def row(page: DatasetsPage, name: str) -> dict | None:
    return next((one for one in page.rows.rows if one["name"] == name), None)


def add(page: DatasetsPage, place: Path, qtbot, name: str = "") -> str:
    page.add_dataset()
    dialog = dialog_of(page)
    dialog.place.set(str(place))
    dialog.name.set(name)
    dialog.save.click()
    name = name or place.name
    qtbot.waitUntil(lambda: bool((row(page, name) or {}).get("version")), timeout=BOUND)
    page.select(row(page, name)["id"])
    return name


def test_a_folder_is_registered_previewed_limited_and_removed(
    page: DatasetsPage, place: Path, federation: Federation, qtbot
) -> None:
    name = add(page, place, qtbot)
    one = row(page, name)
    assert (one["kind"], one["version"]["rows"], one["groups"]) == ("csv", 3, None)
    qtbot.waitUntil(lambda: page.detail.table is not None, timeout=BOUND)
    qtbot.waitUntil(lambda: len(page.detail.columns_model.rows) == 3, timeout=BOUND)
    assert [c["type"] for c in page.detail.columns_model.rows] == ["whole", "text", "number"]
    assert [c["missing"] for c in page.detail.columns_model.rows] == [0, 0, 1]
    assert "3 rows looked at" in page.detail.note.plain()

    qtbot.waitUntil(lambda: federation.group_id in page.groups, timeout=BOUND)
    page._act("edit")
    dialog = dialog_of(page)
    dialog.every.setChecked(False)
    dialog.groups[federation.group_id].setChecked(False)
    dialog.note.set("ethics vote 12/26")
    dialog.save.click()
    qtbot.waitUntil(lambda: row(page, name)["groups"] == [], timeout=BOUND)
    assert row(page, name)["note"] == "ethics vote 12/26"

    page._act("remove")
    qtbot.waitUntil(lambda: row(page, name) is None, timeout=BOUND)
    press_undo(page)
    qtbot.waitUntil(lambda: row(page, name) is not None, timeout=BOUND)
    assert place.joinpath("visits.csv").exists()


def test_changed_content_is_a_new_version(page: DatasetsPage, place: Path, qtbot) -> None:
    name = add(page, place, qtbot, "Growing")
    place.joinpath("more.csv").write_text("age,sex,weight\n20,m,80\n")
    page._act("scan")
    qtbot.waitUntil(lambda: row(page, name)["version"]["number"] == 2, timeout=BOUND)
    assert row(page, name)["version"]["rows"] == 4
    qtbot.waitUntil(lambda: len(page.detail.versions_model.rows) == 2, timeout=BOUND)


def test_an_image_folder_shows_classes_and_thumbnails(
    page: DatasetsPage, tmp_path: Path, qtbot
) -> None:
    root = tmp_path / "Scans"
    for number, kind in enumerate(("benign", "malignant", "malignant")):
        (root / kind).mkdir(parents=True, exist_ok=True)
        image = QImage(40, 30, QImage.Format.Format_RGB32)
        image.fill(0x336699)
        assert image.save(str(root / kind / f"{number}.png"))
    (root / "benign" / "broken.png").write_bytes(b"not a picture")
    add(page, root, qtbot)

    qtbot.waitUntil(lambda: len(page.detail.images._images) == 4, timeout=BOUND)
    assert sum(image is not None for image in page.detail.images._images) == 3
    assert [(c["name"], c["count"]) for c in page.detail.classes_model.rows] == [
        ("benign", 2), ("malignant", 2),
    ]  # fmt: skip


def test_a_parquet_table_is_shown_like_any_other(page: DatasetsPage, tmp_path: Path, qtbot) -> None:
    root = tmp_path / "Labs"
    root.mkdir()
    table = pa.table({"age": [31, None, 52], "weight": [60.5, 71.0, 80.25]})
    parquet.write_table(table, root / "labs.parquet")
    name = add(page, root, qtbot)

    one = row(page, name)
    assert (one["kind"], one["version"]["rows"]) == ("parquet", 3)
    qtbot.waitUntil(lambda: page.detail.table is not None, timeout=BOUND)
    columns = [(c["name"], c["type"], c["missing"]) for c in page.detail.columns_model.rows]
    assert columns == [("age", "whole", 1), ("weight", "number", 0)]
    assert page.detail.note.plain() == "3 rows looked at · Parquet"

    (root / "labs.parquet").write_bytes(b"PAR1 and no more")
    page._act("scan")
    qtbot.waitUntil(lambda: row(page, name)["version"]["number"] == 2, timeout=BOUND)
    qtbot.waitUntil(lambda: page.detail._problem is not None, timeout=BOUND)
    assert "cannot be read as a Parquet file" in page.detail.empty.text.plain()


def test_what_cannot_be_registered_is_told_in_the_dialog(page: DatasetsPage, qtbot) -> None:
    page.add_dataset()
    dialog = dialog_of(page)
    dialog.save.click()
    assert "Name a folder" in dialog.place.message
    dialog.place.set("/nowhere/at/all")
    dialog.save.click()
    qtbot.waitUntil(lambda: "nothing at" in dialog.place.message, timeout=BOUND)
    assert dialog.save.isEnabled()
    dialog.reject()


def test_what_is_shown_reaches_the_group(
    page: DatasetsPage, place: Path, federation: Federation, qtbot
) -> None:
    name = add(page, place, qtbot, "Shown cohort")
    page._act("edit")
    dialog = dialog_of(page)
    dialog.shown.setChecked(True)
    dialog.save.click()
    edge = federation.members[2].edge_id

    def told() -> list[dict]:
        devices = federation.coordinator.client.call("devices.list")["items"]
        return next(device for device in devices if device["edge_id"] == edge)["datasets"]

    qtbot.waitUntil(lambda: name in {one["name"] for one in told()}, timeout=BOUND)
    (one,) = [one for one in told() if one["name"] == name]
    assert (one["rows"], one["columns"]) == (3, 3)
    assert set(one) == {"name", "version", "rows", "columns", "groups"}
