"""Projects and their runs, the new-run dialog, applications and their upload."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from helpers.dialogs import dialog_of
from helpers.fake_records import DEVICES, NOW, plain
from PySide6.QtCore import Qt

from agent_core.errors import ConflictError, UnreachableError
from app.widgets.buttons import Button


@pytest.fixture
def agent(make_agent):
    return make_agent("working")


@pytest.fixture
def window(agent, make_window):
    return make_window(agent.home).window


@pytest.fixture
def project(window, qtbot):
    window.navigate("project", project_id=11)
    page = window.page()
    qtbot.waitUntil(lambda: len(page.rows.rows) == 6, timeout=5000)
    return page


@pytest.fixture
def dialog(project, qtbot):
    from app.pages.runs.new_run import NewRunDialog

    project.new_run()
    shown = dialog_of(project, NewRunDialog)
    qtbot.waitUntil(lambda: shown.application.count() == 2, timeout=5000)
    return shown


def button(parent, text: str) -> Button:
    return next(one for one in parent.findChildren(Button) if one.text().strip() == text)


def texts(model, column: int) -> list[str]:
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_projects_are_listed_and_opened_by_enter(window, qtbot) -> None:
    """Two lines a project with its number of runs; Enter opens it."""
    window.navigate("projects")
    page = window.page()
    qtbot.waitUntil(lambda: len(page.rows.rows) == 2, timeout=5000)

    assert texts(page.rows, 0)[1] == "WDBC breast cancer, Tumour features of five sites"
    assert texts(page.rows, 2)[1] == "6"
    page.search.setText("mnist")
    assert texts(page.rows, 0) == ["MNIST LR benchmark, no description"]
    page.table.selectRow(0)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert window.key == "project"


def test_a_project_is_made(window, agent, qtbot) -> None:
    """The name is checked, then the project is made and opened."""
    window.navigate("projects")
    page = window.page()
    qtbot.waitUntil(lambda: len(page.rows.rows) == 2, timeout=5000)
    page.new_project()
    from app.pages.projects.page import NewProjectDialog

    shown = page.window().findChild(NewProjectDialog)
    shown.name.set("wdbc breast cancer")
    shown.submit.click()
    assert "already" in shown.name.message
    shown.name.set("Lung nodules")
    shown.submit.click()
    qtbot.waitUntil(lambda: window.key == "project", timeout=5000)

    (asked,) = agent.called("projects.create")
    assert (asked["name"], asked["group_id"]) == ("Lung nodules", 7)
    assert asked["idempotency_key"]


def test_runs_are_listed_with_state_rounds_and_result(project) -> None:
    """One line tells state, who, how far and how good."""
    row = next(n for n, run in enumerate(project.rows.rows) if run.id == 1284)
    shown = [project.rows.index(row, column).data() for column in range(1, 10)]

    assert shown[0] == "1284, lr 0.01, wide"
    assert shown[1] == "Running"
    assert shown[3] == "Elif Kaya"
    assert shown[5] == "18 / 50"
    assert shown[6] == "94.6 %"
    assert shown[8].endswith(" min")
    assert project.title == "WDBC breast cancer"


def test_chips_search_and_order(project) -> None:
    """Filters narrow the list; a header click orders it by its column."""
    project.chips["look"].click()
    assert [run.id for run in project.rows.rows] == [1271, 1266, 1260]
    project.search.setText("accuracy > 0.9")
    assert [run.id for run in project.rows.rows] == [1260]
    project.search.setText("")
    project.chips["all"].click()
    project.table.sortByColumn(7, Qt.SortOrder.AscendingOrder)
    assert project.rows.rows[1].id == 1266
    assert project._foot.text() == "6 of 6 runs shown"


def test_enter_opens_a_run(project, window, qtbot) -> None:
    """The keyboard is enough."""
    project.table.selectRow(1)
    qtbot.keyClick(project.table, Qt.Key.Key_Return)

    assert window.key == "run"
    assert window.page().view.run_id == 1284


def test_a_new_run_appears_by_itself(project, agent, qtbot) -> None:
    """A notice of the hub brings it; the selection stays where it was."""
    project.table.selectRow(2)
    agent.answers.runs_create(11, name="from elsewhere")
    agent.push("changed", what="run", id=1297, change=5)

    qtbot.waitUntil(lambda: len(project.rows.rows) == 7, timeout=5000)
    assert project.table.current().id == 1279


def test_an_empty_project_says_how_runs_appear(window, agent, qtbot) -> None:
    """Nothing there yet is not an error."""
    agent.answer("runs.list", lambda _: {"items": [], "next_cursor": ""})
    window.navigate("project", project_id=12)
    page = window.page()

    qtbot.waitUntil(lambda: page.states.currentWidget() is page.places["empty"], timeout=5000)
    assert page.places["empty"].title.text() == "No runs yet"


def test_a_project_that_cannot_be_read_says_why(window, agent, qtbot) -> None:
    """Cause, code and a way to try again."""
    agent.errors["projects.get"] = UnreachableError("The hub did not answer.")
    window.navigate("project", project_id=12)
    page = window.page()
    qtbot.waitUntil(lambda: page.states.currentWidget() is page.error, timeout=5000)

    assert page.error.title.text() == "The hub did not answer."
    del agent.errors["projects.get"]
    page.error.button.click()
    qtbot.waitUntil(lambda: page.states.currentWidget() is page.places["content"], timeout=5000)


def test_a_new_site_or_metric_leaves_the_table_as_it_is(project, agent, qtbot) -> None:
    """The group is read with the runs; only what two columns show changes."""
    table = project.table
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    table.selectRow(3)
    chosen = table.current().id
    group = {**agent.answers.groups_get(7)}
    group["devices"] = [*group["devices"], 999]
    agent.answer("groups.get", lambda _: group)
    agent.answers.runs = {
        number: run.model_copy(update={"headline": {"f1_score": 0.8}})
        for number, run in agent.answers.runs.items()
    }
    agent.push("changed", what="group", id=7, change=5)
    qtbot.waitUntil(lambda: 999 in project.group.devices, timeout=5000)

    assert project.table is table
    assert "F1" in project.rows.headerData(7, Qt.Orientation.Horizontal)
    assert texts(project.rows, 7)[0] == "80.0 %"
    assert table.current().id == chosen
    assert table.horizontalHeader().sortIndicatorSection() == 1
    assert [run.id for run in project.rows.rows] == sorted(run.id for run in project.rows.rows)


def test_what_changed_while_a_reading_failed_is_read(project, agent, qtbot) -> None:
    """A wish to read again is kept over a failure, which a banner tells with its age."""
    go = threading.Event()

    def fail(_: object) -> None:
        go.wait(5)
        del agent._overrides["projects.get"]
        raise UnreachableError("The hub did not answer.")

    agent.answer("projects.get", fail)
    project.reload()
    project.reload()
    told = []
    project.stale.set = lambda kind, *words: told.append(words)  # it is soon gone again
    agent.answers.runs_create(11, name="from elsewhere")
    go.set()
    qtbot.waitUntil(lambda: len(project.rows.rows) == 7, timeout=5000)
    assert told[0][0] == "The hub did not answer."
    assert "ago" in told[0][1]


def test_a_run_is_put_together_and_started(dialog, agent, window, qtbot) -> None:
    """The form sends typed parameters, chosen devices, quorum and a key; then it starts."""
    assert dialog._print.plain().count(" ") == 3
    assert "at least 3" in dialog.slow.effect.plain()
    row = next(n for n, r in enumerate(dialog.devices.rows.rows) if r.device.edge_id == 280)
    dialog.devices.table.clicked.emit(dialog.devices.rows.index(row, 0))
    dialog.devices.table.selectRow(0)
    qtbot.keyClick(dialog.devices.table, Qt.Key.Key_Space)
    qtbot.keyClick(dialog.devices.table, Qt.Key.Key_Space)
    next(r for r in dialog.form.rows if r.key == "learning-rate").control.setText("0.5")
    free = dialog.form.add_free()
    free.key.setText("proximal-mu")
    free.text.setText("0.1")
    dialog.rounds.setValue(20)
    dialog.slow.quorum.setValue(2)
    dialog.name.setText("without Roch")
    dialog._start.click()
    qtbot.waitUntil(lambda: bool(agent.called("runs.start")), timeout=5000)

    (asked,) = agent.called("runs.create")
    assert asked["client_edges"] == [266, 271, 274, 283]
    assert asked["server_edge"] == 290
    assert asked["parameters"] == {"learning-rate": 0.5, "batch-size": 10, "proximal-mu": 0.1}
    assert (asked["rounds"], asked["quorum"], asked["round_deadline_s"]) == (20, 2, 60.0)
    assert asked["name"] == "without Roch"
    assert asked["idempotency_key"]
    qtbot.waitUntil(lambda: window.key == "run", timeout=5000)


def test_a_site_that_joins_is_offered_while_the_dialog_is_open(dialog, agent, qtbot) -> None:
    """Group and devices are read again; what was chosen stays chosen, and rows are told."""
    chosen = set(dialog.draft.chosen)
    group, devices = agent.answers.groups_get(7), agent.answers.devices_list()["items"]
    new = {**devices[0], "edge_id": 999, "name": "new-ws", "silo": "Late Hospital"}
    new["datasets"] = [{"name": "tumours", "version": "a", "rows": 1200}]
    agent.answer("groups.get", lambda _: {**group, "devices": [*group["devices"], 999]})
    agent.answer("devices.list", lambda _: {"items": [*devices, new], "next_cursor": ""})
    agent.push("changed", what="group", id=7, change=9)
    qtbot.waitUntil(lambda: dialog.devices.rows.find(999) >= 0, timeout=5000)
    assert dialog.draft.chosen == chosen
    assert "rows" not in dialog.devices._count.text()

    dialog.devices.search.setText("late")
    assert texts(dialog.devices.rows, 4) == ["1,200"]
    dialog.devices.toggle(dialog.devices.rows.rows[0])
    assert dialog.draft.chosen == chosen | {999}
    assert "1,200 rows" in dialog.devices._count.text()


def test_a_start_that_is_taken_back_starts_nothing(dialog, agent, qtbot) -> None:
    """Cancel between making and starting puts the draft away; later there is no way back."""
    go = threading.Event()
    made = agent.answers.runs_create

    def make(params: dict) -> object:
        go.wait(5)
        return made(**params)

    agent.answer("runs.create", make)
    agent.answer("runs.update", lambda params: agent.answers.runs_get(params["run_id"]))
    dialog._start.click()
    dialog._cancel.click()
    assert not dialog.isVisible()
    go.set()
    qtbot.waitUntil(lambda: bool(agent.called("runs.update")), timeout=5000)
    assert agent.called("runs.update")[0]["archived"] is True
    assert not agent.called("runs.start")


def test_a_start_on_its_way_is_not_closed(dialog, agent, window, qtbot) -> None:
    """The dialog says so and stays until the answer is there."""
    go, asked = threading.Event(), threading.Event()

    def start(params: dict) -> object:
        asked.set()
        go.wait(5)
        return agent.answers.runs_start(**params)

    agent.answer("runs.start", start)
    dialog._start.click()
    qtbot.waitUntil(asked.is_set, timeout=5000)
    dialog._cancel.click()
    assert dialog.isVisible()
    assert "stopped on its own page" in dialog._cost_note.text()
    go.set()
    qtbot.waitUntil(lambda: window.key == "run", timeout=5000)


def test_a_parameter_of_no_value_is_sent_as_none(dialog, agent, qtbot) -> None:
    """The field shows null; left alone, it stays that and is no text."""
    dialog.form.show_parameters({"seed": None, "momentum": None})
    seed, momentum = dialog.form.rows
    assert seed.control.text() == "null"
    momentum.control.setText("0.9")
    dialog._start.click()
    qtbot.waitUntil(lambda: bool(agent.called("runs.start")), timeout=5000)

    (asked,) = agent.called("runs.create")
    assert asked["parameters"] == {"seed": None, "momentum": 0.9}


def test_a_second_try_does_not_make_a_second_run(dialog, agent, qtbot) -> None:
    """When the start fails, trying again sends the same key."""
    agent.errors["runs.start"] = ConflictError("The group changed meanwhile.")
    dialog._start.click()
    qtbot.waitUntil(lambda: dialog._cost.text() == "The group changed meanwhile.", timeout=5000)
    del agent.errors["runs.start"]
    dialog._start.click()
    qtbot.waitUntil(lambda: len(agent.called("runs.start")) == 2, timeout=5000)

    first, second = agent.called("runs.create")
    assert first["idempotency_key"] == second["idempotency_key"]


def test_a_wrong_parameter_is_told_under_its_field(dialog, agent) -> None:
    """Nothing is sent; the sentence says what would be right."""
    rate = next(r for r in dialog.form.rows if r.key == "learning-rate")
    rate.control.setText("0.3x")
    dialog._start.click()

    assert rate._message.plain() == "Not a number. Use 0.03, for example."
    assert not agent.called("runs.create")


def test_without_a_device_the_dialog_says_so(dialog, agent) -> None:
    """A run needs a device that trains."""
    for one in list(dialog.devices.rows.rows):
        if one.is_chosen:
            dialog.devices.toggle(one)
    dialog._start.click()

    assert dialog._cost.text() == "Choose at least one device that trains."
    assert not agent.called("runs.create")


def test_presence_is_told_in_words(dialog, agent) -> None:
    """A silent device says since when."""
    roch = next(r for r in dialog.devices.rows.rows if r.device.edge_id == 280)

    assert roch.readiness[1].startswith("silent ")
    assert plain(DEVICES[3])["last_seen"] < NOW


def test_applications_show_packages_and_fingerprints(window, qtbot) -> None:
    """Each package has its words; the chosen application's packages stand beside the list."""
    window.navigate("applications")
    page = window.page()
    qtbot.waitUntil(lambda: len(page.rows.rows) == 2, timeout=5000)

    assert texts(page.rows, 1) == ["client, server", "flower"]
    assert texts(page.rows, 2)[1].count(" ") == 3
    assert page.detail.title.text() == "MNIST LR 0.9.2"


def test_a_package_is_uploaded_and_becomes_an_application(
    window, agent, qtbot, tmp_path: Path
) -> None:
    """The files go up, then the application is made of what the hub verified."""
    path = tmp_path / "wdbc-package.zip"
    path.write_bytes(b"zip")
    window.navigate("applications", upload=str(path))
    page = window.page()
    from app.pages.applications.upload import UploadDialog

    qtbot.waitUntil(lambda: page.window().findChild(UploadDialog) is not None, timeout=5000)
    shown = page.window().findChild(UploadDialog)
    assert shown.name.value() == "wdbc"
    shown.send.click()
    qtbot.waitUntil(lambda: len(page.rows.rows) == 3, timeout=5000)

    assert agent.called("packages.upload") == [{"path": str(path)}]
    (asked,) = agent.called("applications.create")
    assert asked["packages"] == [agent.answers.packages_upload("")["zip_sha256"]]
    assert asked["group_id"] == 7


def paged(items: list[dict], params: dict) -> dict:
    """Answer two items at a time, as a hub answers a hundred."""
    start = int(params.get("cursor") or 0)
    following = str(start + 2) if start + 2 < len(items) else ""
    return {"items": items[start : start + 2], "next_cursor": following, "total": len(items)}


def test_lists_of_several_pages_are_whole(window, agent, qtbot) -> None:
    """Applications and the runs to compare with are read to the end of the hub's list."""
    agent.answers.applications_create("third", 7, [])
    given = agent.answers.applications_list()["items"]
    agent.answer("applications.list", lambda params: paged(given, params))
    window.navigate("applications")
    page = window.page()
    qtbot.waitUntil(lambda: len(page.rows.rows) == 3, timeout=5000)
    from app.pages.runs.compare_pick import PickRuns

    runs = agent.answers.runs_list()["items"]
    agent.answer("runs.list", lambda params: paged(runs, params))
    pick = PickRuns(page, page.context, 7, [], lambda _: None)
    qtbot.waitUntil(lambda: len(pick.rows.rows) == len(runs), timeout=5000)
    pick.reject()
