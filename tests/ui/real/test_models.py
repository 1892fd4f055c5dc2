"""The models of a real run by the window: found, tried, served, asked over REST, exported, gone."""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import real_runs
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples
from app.main import Desktop
from app.pages.models.page import ModelsPage
from app.pages.runs.models import ModelsTab
from app.widgets.prediction_inputs import ImageInput

WAIT = 60_000


def opened(make_window: Any, qtbot: Any, federation: Federation, run: dict[str, Any]) -> ModelsPage:
    """Return the page with the run's newest model chosen and its detail read."""
    desktop: Desktop = make_window(federation.coordinator.home, "home")
    desktop.window.navigate("models", run_id=run["id"], round=2)
    page = desktop.window.page()
    assert isinstance(page, ModelsPage)
    qtbot.waitUntil(lambda: page.rows.find((run["id"], 2)) >= 0, timeout=WAIT)
    qtbot.waitUntil(lambda: page.panel.detail is not None, timeout=WAIT)
    return page


def rest(url: str, token: str, rows: Any) -> tuple[int, Any]:
    """Ask over HTTP."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps({"rows": rows}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


def test_the_registry_shows_every_model_of_the_run(
    federation: Federation, finished_run: dict[str, Any], make_window: Any, qtbot: Any
) -> None:
    page = opened(make_window, qtbot, federation, finished_run)
    mine = [row for row in page.rows.rows if row.model.run_id == finished_run["id"]]
    assert [row.model.round for row in mine] == [2, 1, 0]
    assert mine[0].model.is_newest
    assert sum(row.model.is_best for row in mine) == 1
    assert len(mine[0].sites) == 2
    assert page.panel.detail.packages[0].is_allowed
    assert page.panel.detail.before == mine[1].model.sha256

    page.search.setText(mine[1].model.sha256[:20])
    found = page.rows.rows  # other runs may have come to the same weights
    assert {row.model.sha256 for row in found} == {mine[1].model.sha256}
    assert [one.name for one in found if one.model.run_id == finished_run["id"]] == [mine[1].name]
    page.search.setText("nothing like it")
    assert page.rows.rows == []
    page.search.setText("")
    page.marks.select("newest")
    page._fill()
    assert (finished_run["id"], 2) in [row.name for row in page.rows.rows]
    assert (finished_run["id"], 1) not in [row.name for row in page.rows.rows]


def test_a_model_is_saved_exported_tried_and_served(
    federation: Federation, finished_run: dict[str, Any], make_window: Any, qtbot: Any,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What the window shows is what REST answers; after the stop the process is gone."""
    page = opened(make_window, qtbot, federation, finished_run)
    model = page.panel.detail.model
    target = tmp_path / "m.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    page.panel.save.click()
    qtbot.waitUntil(target.exists, timeout=WAIT)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == model.sha256

    script = tmp_path / "m.pt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(script), ""))
    page.panel.export.click()
    qtbot.waitUntil(script.exists, timeout=WAIT)
    assert script.read_bytes()[:2] == b"PK"

    view = page.panel.prediction
    assert len(view.input.fields) == 30
    values = [float(field.text()) for field in view.input.fields]
    view.predict.click()
    qtbot.waitUntil(view.result.isVisible, timeout=WAIT)
    assert view.link.is_serving
    shown = view.result.answer["predictions"][0]
    assert view.result.headline.plain() == shown["label"]

    serving = view.link.current
    status, answer = rest(serving["url"], view.link.token, [values])
    assert status == 200
    assert answer["predictions"][0]["probabilities"] == pytest.approx(shown["probabilities"])
    assert rest(serving["url"], "", [values])[0] == 401
    view.box.token.click()
    assert QGuiApplication.clipboard().text() == view.link.token

    table = federation.data / "silo-1" / "test.csv"
    view.predict_file(str(table))
    rows = len(table.read_text().splitlines()) - 1
    qtbot.waitUntil(lambda: len(view.result.answer["predictions"]) == rows, timeout=WAIT)
    view.input.fields[3].setText("x")
    view.predict.click()
    assert view.input.message.isVisible()
    qtbot.waitUntil(lambda: view.link.current["calls"] >= 3, timeout=WAIT)

    view.box.stop.click()
    qtbot.waitUntil(lambda: not view.link.is_live, timeout=WAIT)
    qtbot.waitUntil(lambda: not psutil.pid_exists(serving["pid"]), timeout=WAIT)
    assert "Stopped by" in view.link.current["detail"]


def test_without_an_approval_the_window_asks(
    federation: Federation, finished_run: dict[str, Any], make_window: Any, qtbot: Any
) -> None:
    page = opened(make_window, qtbot, federation, finished_run)
    client = federation.coordinator.client
    digest = page.panel.detail.packages[0].content_digest
    client.call("approvals.disallow", content_digest=digest)
    try:
        from app.widgets.model_consent import ConsentDialog

        view = page.panel.prediction
        view.box.start.click()
        window = page.window()
        qtbot.waitUntil(lambda: bool(window.findChildren(ConsentDialog)), timeout=WAIT)
        dialog = window.findChildren(ConsentDialog)[0]
        dialog.yes.click()
        qtbot.waitUntil(lambda: view.link.is_serving, timeout=WAIT)
        assert view.link.current["allowed_how"] == "now"
        view.box.stop.click()
        qtbot.waitUntil(lambda: not view.link.is_live, timeout=WAIT)
    finally:
        client.call("approvals.allow", content_digest=digest, by="test")


def test_the_run_page_has_the_same_panel(
    federation: Federation, finished_run: dict[str, Any], make_window: Any, qtbot: Any
) -> None:
    desktop: Desktop = make_window(federation.coordinator.home, "home")
    desktop.window.navigate("run", run_id=finished_run["id"], tab="models")
    qtbot.waitUntil(lambda: bool(desktop.window.findChildren(ModelsTab)), timeout=WAIT)
    tab = desktop.window.findChildren(ModelsTab)[0]
    qtbot.waitUntil(lambda: tab.panel.detail is not None, timeout=WAIT)
    assert tab.panel.detail.model.round == 2


def seeing(root: Path) -> Path:
    """Pack the breast cancer sample as a model of pictures of 6 by 5 grey pixels."""
    folder = root / "seeing"
    shutil.copytree(
        samples()["breast-cancer"].folder, folder, ignore=shutil.ignore_patterns("data")
    )
    task = folder / "breast_cancer" / "task.py"
    text = task.read_text()
    made = "    return nn.Sequential(nn.Linear(30"
    assert made in text
    flat = (
        "class Flat(nn.Sequential):\n    def forward(self, x):\n"
        "        return super().forward(x.flatten(1))\n\n\n"
    )
    text = text.replace(made, "    return Flat(nn.Linear(30")
    task.write_text(text.replace("def make_model(", f"{flat}def make_model(", 1))
    project = folder / "pyproject.toml"
    head, _, _ = project.read_text().partition("[tool.silodesk.model.input]")
    given = 'kind = "image"\nwidth = 6\nheight = 5\nscale = 0.0039\n'
    project.write_text(f"{head}[tool.silodesk.model.input]\n{given}")
    return pack_flower(folder, root / "seeing-build")


def test_a_picture_is_predicted_by_a_real_model_of_pictures(
    federation: Federation, make_window: Any, qtbot: Any, tmp_path: Path
) -> None:
    """What the window shows is what the server answers to the same picture."""
    app = real_runs.application(federation, f"Seeing {tmp_path.name[-8:]}", seeing(tmp_path))
    silo = federation.members[1]
    for one in app["packages"]:
        silo.client.call("approvals.allow", content_digest=one["content_digest"], by="test")
    run = real_runs.ended(federation, real_runs.start(federation, app, silo))
    assert run["state"] == "FINISHED", run["detail"]

    desktop: Desktop = make_window(federation.coordinator.home, "home")
    desktop.window.navigate("models", run_id=run["id"], round=1)
    page = desktop.window.page()
    view = page.panel.prediction
    qtbot.waitUntil(lambda: view._model == (run["id"], 1), timeout=WAIT)
    assert isinstance(view.input, ImageInput)
    picture = QImage(60, 50, QImage.Format.Format_RGB888)
    picture.fill(Qt.GlobalColor.white)
    assert picture.save(str(tmp_path / "white.png"))
    view.input.chosen.emit(str(tmp_path / "white.png"))
    qtbot.waitUntil(view.result.isVisible, timeout=WAIT)
    shown = view.result.answer["predictions"][0]
    assert shown["label"] in ("benign", "malignant")

    status, answer = rest(view.link.current["url"], view.link.token, [[255.0] * 30])
    assert status == 200
    assert answer["predictions"][0]["probabilities"] == pytest.approx(shown["probabilities"])
    view.invert.click()
    qtbot.waitUntil(lambda: view.link.current["calls"] >= 3, timeout=WAIT)
    qtbot.waitUntil(lambda: view.predict.isEnabled(), timeout=WAIT)
    assert view.result.answer["predictions"][0]["probabilities"] != shown["probabilities"]
    view.box.stop.click()
    qtbot.waitUntil(lambda: not view.link.is_live, timeout=WAIT)


def test_models_are_deleted_after_the_count_was_typed(
    federation: Federation, finished_run: dict[str, Any], make_window: Any, qtbot: Any
) -> None:
    """Only the first of the three goes; over ten the dialog wants the count."""
    page = opened(make_window, qtbot, federation, finished_run)
    many = page.ask_delete({finished_run["id"]: list(range(100, 111))})
    many.yes.click()
    assert many.count.message
    many.reject()
    dialog = page.ask_delete({finished_run["id"]: [0]})
    dialog.yes.click()
    qtbot.waitUntil(lambda: page.rows.find((finished_run["id"], 0)) < 0, timeout=WAIT)
    left = federation.coordinator.client.call("runs.models", run_id=finished_run["id"])
    assert [model["round"] for model in left["items"]] == [2, 1]
