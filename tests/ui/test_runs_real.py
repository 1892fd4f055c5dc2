"""The desktop over real processes: a run is started in the dialog and watched to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.dialogs import dialog_of

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples
from agent_core.rehearsal.run import read_all
from app.pages.runs.new_run import NewRunDialog

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(240)]
ROUNDS = 3


@pytest.fixture
def federation(root: Path) -> Iterator[Federation]:
    """A running federation of two silos, its application uploaded and allowed."""
    sample = samples()["breast-cancer"]
    with Federation(silos=2, data=sample.data, root=root / "f", say=lambda _: None) as running:
        package = pack_flower(sample.folder, root / "build")
        application = running.add_application("Breast cancer", [package])
        running.allow(application, by="test")
        running.coordinator.client.call(
            "projects.create", name="Breast cancer", group_id=running.group_id
        )
        yield running


def test_a_run_is_started_and_watched_to_its_end(federation, make_window, qtbot) -> None:
    """Curves, logs, system figures, rounds and models of every silo arrive, each once."""
    client = federation.coordinator.client
    project = client.call("projects.list")["items"][0]["id"]
    window = make_window(federation.coordinator.home).window
    window.navigate("project", project_id=project)
    page = window.page()
    qtbot.waitUntil(lambda: page.states.currentWidget() is page.places["empty"], timeout=10_000)
    page.new_run()
    dialog = dialog_of(window, NewRunDialog)
    qtbot.waitUntil(lambda: dialog.application.count() == 1, timeout=10_000)

    assert [row.key for row in dialog.form.rows][:3] == ["local-epochs", "batch-size", "lr"]
    dialog.rounds.setValue(ROUNDS)
    dialog._start.click()
    qtbot.waitUntil(lambda: window.key == "run", timeout=20_000)
    view = window.page().view
    tabs = {key: view.tab(key) for key in ("curves", "system", "logs", "models")}
    qtbot.waitUntil(lambda: view.live.run is not None and not view.live.is_live, timeout=120_000)
    run_id = view.run_id
    expected = len(read_all(federation, "runs.metrics", run_id))
    qtbot.waitUntil(lambda: tabs["curves"].book.points == expected, timeout=20_000)
    qtbot.waitUntil(lambda: len(view.live.rounds) == ROUNDS, timeout=20_000)
    view.tabs.select("models")  # they are read when they are seen
    qtbot.waitUntil(lambda: len(tabs["models"]._models) >= ROUNDS, timeout=20_000)
    view.tabs.select("overview")
    lines = read_all(federation, "runs.logs", run_id)
    qtbot.waitUntil(lambda: sum(tabs["logs"].store.counts()) == len(lines), timeout=20_000)

    assert view.header.badge.text == "Finished"
    assert view.header.facts[0].accessibleName() == f"Round: {ROUNDS} of {ROUNDS}"
    accuracy = tabs["curves"].book.curves("test_accuracy")
    edges = {member.edge_id for member in federation.members[1:]}
    assert set(accuracy) == {0, *edges}
    assert accuracy[0].series.x.tolist() == [1.0, 2.0, 3.0]
    assert tabs["logs"].store.edges == {member.edge_id for member in federation.members}
    assert tabs["system"].book.samples > 0
    timeline = view.tab("overview").timeline
    # A silo's job ends a moment after the run.
    qtbot.waitUntil(lambda: {row.mark for row in timeline.rows} == {"ended"}, timeout=30_000)
