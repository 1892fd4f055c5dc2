"""The Models page's other states: empty, failed, offline; and the parts that need no real model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.fake_agent import FakeAgent
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from agent_core.errors import ForbiddenError, UnreachableError, UserInputError
from app.main import Desktop
from app.pages.models.page import ModelsPage
from app.widgets.model_consent import ConsentDialog
from app.widgets.prediction_inputs import ImageInput, pixels_of, read_image
from app.widgets.serving_box import curl_line

WAIT = 10_000


@pytest.fixture
def agent(make_agent: Callable[..., FakeAgent]) -> FakeAgent:
    return make_agent("working")


@pytest.fixture
def show(agent: FakeAgent, make_window: Any) -> Callable[[], ModelsPage]:
    """Show the page over the fake agent."""

    def make() -> ModelsPage:
        desktop: Desktop = make_window(agent.home, "models")
        page = desktop.window.page()
        assert isinstance(page, ModelsPage)
        return page

    return make


def test_no_model_says_when_the_first_comes(agent: FakeAgent, show: Any, qtbot: Any) -> None:
    agent.answer("models.list", lambda _: {"items": [], "next_cursor": "", "total": 0})
    page = show()
    qtbot.waitUntil(lambda: page._states.currentWidget() is page._places["empty"], timeout=WAIT)
    assert "Start a run" in page._places["empty"].text.plain()


def test_a_failure_is_told_and_tried_again(agent: FakeAgent, show: Any, qtbot: Any) -> None:
    agent.errors["models.list"] = UnreachableError("The hub does not answer.", next_step="Wait.")
    page = show()
    qtbot.waitUntil(lambda: page._states.currentWidget() is page._error, timeout=WAIT)
    assert page._error.title.plain() == "The hub does not answer."
    del agent.errors["models.list"]
    page._error.button.click()
    qtbot.waitUntil(lambda: page._states.currentWidget() is page._places["list"], timeout=WAIT)

    agent.errors["models.list"] = UnreachableError("The hub does not answer.")
    page.reload()
    qtbot.waitUntil(lambda: " s ago." in page._foot.plain(), timeout=WAIT)
    assert page.rows.rows
    page._read_at -= 600
    page._ages.timeout.emit()
    assert "read 10 min ago" in page._foot.plain()
    del agent.errors["models.list"]
    page.reload()
    qtbot.waitUntil(lambda: "ago" not in page._foot.plain(), timeout=WAIT)


def test_the_list_says_which_models_are_served_now(agent: FakeAgent, show: Any, qtbot: Any) -> None:
    page = show()
    qtbot.waitUntil(lambda: len(page.rows.rows) > 2, timeout=WAIT)
    name = page.rows.rows[1].name

    def words() -> str:
        return str(page.rows.columns[1].cell(page.rows.rows[1]).spoken())

    assert "served" not in words()
    one = agent.answers.serving_start(*name)["serving"]
    agent.push("serving", serving=one)
    qtbot.waitUntil(lambda: "served" in words(), timeout=WAIT)
    agent.push("serving", serving={**one, "state": "ended"})
    qtbot.waitUntil(lambda: "served" not in words(), timeout=WAIT)
    page.reload()  # the list of servers says it too
    qtbot.waitUntil(lambda: "served" in words(), timeout=WAIT)


def test_selection_survives_what_comes_new(agent: FakeAgent, show: Any, qtbot: Any) -> None:
    page = show()
    qtbot.waitUntil(lambda: len(page.rows.rows) > 5, timeout=WAIT)
    page.table.selectRow(3)
    chosen = page.table.current().name
    agent.push("changed", what="models", id=chosen[0], change=1)
    calls = len(agent.called("models.list"))
    qtbot.waitUntil(lambda: len(agent.called("models.list")) > calls - 1, timeout=WAIT)
    assert page.table.current().name == chosen


def test_a_refusal_asks_and_a_yes_names_the_content(
    agent: FakeAgent, show: Any, qtbot: Any
) -> None:
    page = show()
    qtbot.waitUntil(lambda: page.panel.detail is not None, timeout=WAIT)
    agent.errors["serving.start"] = ForbiddenError(
        "No standing approval covers it.", code="forbidden.approval", content_digest="b" * 64,
        fingerprint="otter lamp river glass", package="wdbc-mlp", signed=False, builder_key="",
        files=["fedml/task.py"], sandbox="In a sandbox.",
    )  # fmt: skip
    view = page.panel.prediction
    view.predict.click()
    qtbot.waitUntil(lambda: bool(page.window().findChildren(ConsentDialog)), timeout=WAIT)
    dialog = page.window().findChildren(ConsentDialog)[0]
    assert dialog.focusWidget() is not dialog.yes
    del agent.errors["serving.start"]
    dialog.yes.click()
    qtbot.waitUntil(view.result.isVisible, timeout=WAIT)
    assert agent.called("serving.start")[-1]["allow"] == "b" * 64
    assert view.result.headline.plain() == "benign"


def test_an_undeclared_model_says_how_to_declare(agent: FakeAgent, show: Any, qtbot: Any) -> None:
    def undeclared(params: dict[str, Any]) -> Any:
        found = agent.answers.models_show(**params)
        why = "The application declares no model. Add [tool.silodesk.model]."
        return {**found, "declaration": None, "exports": {"torchscript": why, "onnx": why}}

    agent.answer("models.show", undeclared)
    page = show()
    qtbot.waitUntil(lambda: page.panel.detail is not None, timeout=WAIT)
    assert page.panel._stack.currentWidget() is page.panel.undeclared
    assert "tool.silodesk.model" in page.panel.undeclared.text.plain()
    assert not page.panel.export.isEnabled()


def test_an_image_model_takes_a_dropped_picture(
    agent: FakeAgent, show: Any, qtbot: Any, tmp_path: Path
) -> None:
    """Its pixels go to the server as the declared shape; inverting asks again."""

    def digits(params: dict[str, Any]) -> Any:
        found = agent.answers.models_show(**params)
        given = {**found["declaration"]["input"], "kind": "image", "columns": [], "examples": [],
                 "width": 28, "height": 28}  # fmt: skip
        return {**found, "declaration": {**found["declaration"], "input": given}}

    agent.answer("models.show", digits)
    page = show()
    view = page.panel.prediction
    qtbot.waitUntil(lambda: isinstance(view.input, ImageInput), timeout=WAIT)
    assert not view.csv.isVisible()
    image = QImage(280, 280, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.black)
    image.save(str(tmp_path / "digit.png"))
    view.input.chosen.emit(str(tmp_path / "digit.png"))
    qtbot.waitUntil(lambda: len(agent.called("serving.predict")) == 1, timeout=WAIT)
    assert agent.called("serving.predict")[0]["rows"] == [[0.0] * 784]
    qtbot.waitUntil(view.result.isVisible, timeout=WAIT)
    view.invert.click()
    qtbot.waitUntil(lambda: len(agent.called("serving.predict")) == 2, timeout=WAIT)
    assert agent.called("serving.predict")[1]["rows"] == [[255.0] * 784]


def test_a_prediction_is_never_shown_under_another_model(
    agent: FakeAgent, show: Any, qtbot: Any
) -> None:
    """The answer, or the failure, of the one that was left is dropped."""
    held, asked = threading.Event(), threading.Event()

    def slow(params: dict[str, Any]) -> Any:
        asked.set()
        held.wait(30)
        return agent.answers.serving_predict(**params)

    page = show()
    view = page.panel.prediction
    qtbot.waitUntil(lambda: page.panel.detail is not None, timeout=WAIT)
    view.link.start()
    qtbot.waitUntil(lambda: view.link.is_serving, timeout=WAIT)
    agent.answer("serving.predict", slow)
    view.predict.click()
    qtbot.waitUntil(asked.is_set, timeout=WAIT)
    task = view._task
    first = view._model

    view.show_model(first[0], first[1] + 1, view._declared)
    assert view.predict.isEnabled()
    held.set()
    qtbot.waitUntil(lambda: task not in page.context.tasks._running, timeout=WAIT)
    qtbot.wait(50)  # an answer that should not come
    assert view.result.isHidden()
    view._on_answer(first, {"predictions": [], "ms": 1.0})
    view._on_broken(first, UnreachableError("Too late."))
    assert view.result.isHidden()
    assert view.message.isHidden()


@pytest.mark.parametrize("moves", [False, True])
def test_the_keyboard_comes_back_to_the_button(
    agent: FakeAgent, show: Any, qtbot: Any, moves: bool
) -> None:
    """It rests while it is answered; who went elsewhere meanwhile is left there."""
    held, asked = threading.Event(), threading.Event()

    def slow(params: dict[str, Any]) -> Any:
        asked.set()
        held.wait(30)
        return agent.answers.serving_predict(**params)

    page = show()
    view = page.panel.prediction
    qtbot.waitUntil(lambda: page.panel.detail is not None, timeout=WAIT)
    view.link.start()
    qtbot.waitUntil(lambda: view.link.is_serving, timeout=WAIT)
    agent.answer("serving.predict", slow)
    view.predict.setFocus()
    view.predict.click()
    qtbot.waitUntil(asked.is_set, timeout=WAIT)
    assert not view.predict.isEnabled()
    assert view.window().focusWidget() is not view.predict
    if moves:
        page.panel.copy.setFocus()
    held.set()
    qtbot.waitUntil(view.result.isVisible, timeout=WAIT)
    expected = page.panel.copy if moves else view.predict
    assert view.window().focusWidget() is expected


def test_figures_of_a_server_stay_fresh_and_are_told_as_old_without_an_agent(
    agent: FakeAgent, show: Any, qtbot: Any
) -> None:
    page = show()
    view = page.panel.prediction
    qtbot.waitUntil(lambda: page.panel.detail is not None, timeout=WAIT)
    view.link.start()
    qtbot.waitUntil(lambda: view.link.is_serving, timeout=WAIT)
    assert view.box._clock.isActive()
    agent.answer(
        "serving.list",
        lambda _: [{**one, "calls": 17} for one in agent.answers.serving_list()],
    )
    view.box._clock.timeout.emit()
    qtbot.waitUntil(lambda: view.box.calls.plain() == "17 calls", timeout=WAIT)

    view.link.as_of -= 300
    view.link._on_connected(False)
    assert "does not answer. 5 min ago the model was served" in view.box.state.plain()
    assert not view.box.stop.isEnabled()
    view.link._on_connected(True)
    qtbot.waitUntil(lambda: "On 127.0.0.1" in view.box.state.plain(), timeout=WAIT)
    assert view.box.stop.isEnabled()

    agent.errors["serving.list"] = UnreachableError("No agent.")
    view.box._clock.timeout.emit()
    qtbot.waitUntil(lambda: "does not answer" in view.box.state.plain(), timeout=WAIT)
    page.panel.hide()
    assert not view.box._clock.isActive()


def test_an_export_is_told_until_it_has_ended(
    agent: FakeAgent, show: Any, qtbot: Any, tmp_path: Path
) -> None:
    held = threading.Event()

    def slow(params: dict[str, Any]) -> Any:
        held.wait(30)
        return {"path": params["path"], "sha256": "a" * 64, "size": 12}

    page = show()
    panel = page.panel
    qtbot.waitUntil(lambda: panel.detail is not None, timeout=WAIT)
    agent.answer("models.export", slow)
    panel.handling.export_to(1284, 2, str(tmp_path / "m.pt"))
    assert "Exports the model of round 2" in panel.doing.plain()
    assert panel._clock.isActive()
    held.set()
    qtbot.waitUntil(lambda: not panel.handling.is_exporting, timeout=WAIT)
    assert panel.doing.isHidden()
    assert not panel._clock.isActive()


def test_a_picture_is_seen_as_the_model_sees_it(qtbot: Any, themed: Any, tmp_path: Path) -> None:
    """Any size and colour becomes the declared shape; a click asks for a file."""
    image = QImage(280, 140, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.white)
    path = tmp_path / "white.png"
    image.save(str(path))
    seen = read_image(str(path), (1, 28, 28), inverted=False)
    assert (seen.width(), seen.height()) == (28, 28)
    assert pixels_of(seen, 1) == [255.0] * 784
    assert pixels_of(read_image(str(path), (1, 28, 28), inverted=True), 1) == [0.0] * 784
    assert len(pixels_of(read_image(str(path), (3, 5, 4), inverted=False), 3)) == 60
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(UserInputError):
        read_image(str(tmp_path / "no.png"), (1, 28, 28), inverted=False)

    box = ImageInput({"channels": 1, "height": 28, "width": 28})
    qtbot.addWidget(box)
    box.resize(200, 160)
    box.show_image(seen)
    box.grab()


def test_the_command_to_copy_holds_no_secret() -> None:
    table = {"input": {"kind": "table", "columns": ["x"], "examples": [[1.5]]}}
    assert '"rows": [[1.5]]' in curl_line("http://127.0.0.1:1/p", table)
    assert "$TOKEN" in curl_line("http://127.0.0.1:1/p", table)
    assert "image/png" in curl_line("http://127.0.0.1:1/p", {"input": {"kind": "image"}})
