"""A real run watched closely: its files, its log filtered and searched, its hub lost a while."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.waiting import until

from agent_core.protocol.states import TERMINAL, State
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.run import read_all
from app.main import Desktop

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(300)]
LONG = 120_000


@pytest.fixture
def window(federation: Federation, make_window: Callable[..., Desktop]) -> Any:
    """Return the coordinator's window."""
    return make_window(federation.coordinator.home).window


@pytest.fixture
def endless(federation: Federation, finished_run: dict[str, Any]) -> Iterator[int]:
    """Give the number of a run that goes on until it is stopped."""
    call = federation.coordinator.client.call
    first = call("runs.get", run_id=finished_run["id"])
    run_id = int(
        call(
            "runs.create", project_id=first["project_id"], application_id=first["application_id"],
            name="watched", rounds=5000, quorum=2, server_edge=federation.coordinator.edge_id,
            client_edges=[member.edge_id for member in federation.members[1:]],
        )["id"]
    )  # fmt: skip
    call("runs.start", run_id=run_id)
    yield run_id
    call("runs.stop", run_id=run_id)
    # Qt's events would delete the window that another fixture closes yet.
    until(lambda: State(call("runs.get", run_id=run_id)["state"]) in TERMINAL, 120)


def lines_of(federation: Federation, run_id: int) -> list[tuple[int, str, str]]:
    """Return edge id, level and text of every line that the hub has."""
    return [
        (int(one["edge_id"]), str(one["level"]), line)
        for one in read_all(federation, "runs.logs", run_id)
        for line in one["text"].rstrip("\n").split("\n")
    ]


def open_logs(federation: Federation, window: Any, run_id: int, qtbot: Any) -> tuple[Any, Any]:
    """Show a run's logs, all of them; return the tab and the hub's lines."""
    window.navigate("run", run_id=run_id, tab="logs")
    page = window.page()
    qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=20_000)
    logs = page.view.tab("logs")
    lines = lines_of(federation, run_id)
    qtbot.waitUntil(lambda: len(logs.store) == len(lines), timeout=30_000)
    return logs, lines


def test_hits_are_exact_under_a_filter(federation, window, finished_run, qtbot) -> None:
    """A site, a level and a text together count what a plain count of the hub's lines gives."""
    logs, lines = open_logs(federation, window, finished_run["id"], qtbot)
    edge = federation.members[1].edge_id
    here = [(level, text) for site, level, text in lines if site == edge]

    logs.search.setText("o")
    hits = sum(text.lower().count("o") for _, _, text in lines)
    qtbot.waitUntil(lambda: len(logs.view.model.hits) == hits, timeout=20_000)
    logs.sites.choose([edge])
    assert len(logs.view.model.hits) == sum(text.lower().count("o") for _, text in here)
    logs.levels.choose([1])
    informed = [text for level, text in here if level == "INFO"]
    assert len(logs.view.model.hits) == sum(text.lower().count("o") for text in informed)

    logs.regex.setChecked(True)
    logs.search.setText(r"[0-9]+$")
    ends = sum(text[-1:].isdigit() for text in informed)
    qtbot.waitUntil(lambda: logs.view.model.searched == len(lines), timeout=20_000)
    qtbot.waitUntil(lambda: len(logs.view.model.hits) == ends, timeout=20_000)
    logs.sites.choose(logs.sites.keys())
    logs.levels.choose(logs.levels.keys())
    assert len(logs.view.model.hits) == sum(text[-1:].isdigit() for _, _, text in lines)
    assert sum(logs.store.count_of(one) for one in logs.store.edges) == len(
        read_all(federation, "runs.logs", finished_run["id"])
    )


def test_logs_are_saved_as_they_are_shown(
    federation, window, finished_run, qtbot, monkeypatch, tmp_path: Path
) -> None:
    """The file holds every line shown, though its page is left at once, and the person is told."""
    logs, lines = open_logs(federation, window, finished_run["id"], qtbot)
    edge = federation.members[1].edge_id
    logs.sites.choose([edge])
    wanted = [text for site, _, text in lines if site == edge]
    assert len(logs.view.model) == len(wanted)
    path = tmp_path / "run.log"
    monkeypatch.setattr("app.pages.runs.logs.ask_path", lambda *_: path)
    logs._save()
    store = logs.store
    window.navigate("run", run_id=999_999)
    qtbot.waitUntil(lambda: store._file.is_unwanted, timeout=20_000)

    qtbot.waitUntil(
        lambda: any(one.title == f"{len(wanted)} lines saved" for one in window.toasts.toasts),
        timeout=20_000,
    )
    saved = path.read_text().splitlines()
    assert len(saved) == len(wanted)
    assert all(any(line.endswith(text.strip()) for line in saved) for text in wanted)
    name = federation.members[1].name
    assert any(name in line for line in saved)
    assert list(tmp_path.iterdir()) == [path]


def test_system_figures_are_saved_as_they_were_reported(
    federation, window, finished_run, qtbot, monkeypatch, tmp_path: Path
) -> None:
    """The CSV holds every reported value of every site, and no value for a gap."""
    run_id = finished_run["id"]
    samples = read_all(federation, "runs.system", run_id)
    window.navigate("run", run_id=run_id, tab="system")
    page = window.page()
    qtbot.waitUntil(lambda: page.view.live.run is not None, timeout=20_000)
    system = page.view.tab("system")
    qtbot.waitUntil(lambda: system.book.samples == len(samples) > 0, timeout=20_000)
    path = tmp_path / "system.csv"
    monkeypatch.setattr("app.pages.runs.system.ask_path", lambda *_: path)
    system._save_csv()
    qtbot.waitUntil(path.exists, timeout=20_000)

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for figure, field in (("cpu", "cpu_percent"), ("job_rss", "job_rss"), ("disk", "disk_free")):
        told = sorted(
            (int(one["edge_id"]), float(one[field])) for one in samples if one[field] is not None
        )
        saved = sorted(
            (int(one["edge_id"]), float(one["value"])) for one in rows if one["figure"] == figure
        )
        assert saved == told
    assert {one["site"] for one in rows} <= {member.name for member in federation.members}


def test_a_run_is_watched_through_loss_and_return_of_the_hub(
    federation, window, endless, qtbot
) -> None:
    """While the hub is silent nothing is called live; then it goes on, every point once."""
    window.navigate("run", run_id=endless, tab="curves")
    view = window.page().view
    live, header = view.live, view.header
    curves = view.tab("curves")
    qtbot.waitUntil(lambda: live.run is not None and live.run.state == State.RUNNING, timeout=LONG)
    qtbot.waitUntil(lambda: len(live.rounds) >= 1 and curves.book.points > 0, timeout=LONG)
    assert header.old.isHidden()

    hub = federation.hub.process.pid
    os.kill(hub, signal.SIGSTOP)
    try:
        qtbot.waitUntil(lambda: not header.old.isHidden(), timeout=LONG)
        assert header.old.text.startswith("not live, known ")
        assert header.facts[0].value.property("tok") == "faint"
        assert live.age(live.read_at + 60.0) == pytest.approx(60.0)
    finally:
        os.kill(hub, signal.SIGCONT)
    before = len(live.rounds)
    qtbot.waitUntil(lambda: header.old.isHidden(), timeout=LONG)
    qtbot.waitUntil(lambda: len(live.rounds) > before, timeout=LONG)
    assert header.facts[0].value.property("tok") == "text"

    federation.coordinator.client.call("runs.pause", run_id=endless)
    qtbot.waitUntil(lambda: live.run.state == State.PAUSED, timeout=LONG)
    expected = 0

    def all_there() -> bool:
        nonlocal expected
        expected = len(read_all(federation, "runs.metrics", endless))
        return bool(curves.book.points == expected)

    qtbot.waitUntil(all_there, timeout=LONG)
    numbers = live.rounds.numbers.tolist()
    assert numbers == list(range(1, len(numbers) + 1))
