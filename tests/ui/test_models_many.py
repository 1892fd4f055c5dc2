"""The Models page over more models than it reads at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from helpers.fake_agent import FakeAgent
from helpers.many_models import ManyModels

from app.bridge.newest import SLACK
from app.pages.models.page import DELETED_AT_ONCE, ModelsPage
from app.pages.models.reading import LOADED

WAIT = 10_000
ROUNDS = LOADED + 150


@pytest.fixture
def agent(make_agent: Callable[..., FakeAgent]) -> FakeAgent:
    return make_agent("working")


@pytest.fixture
def hub(agent: FakeAgent) -> ManyModels:
    hub = ManyModels(ROUNDS)
    agent.answer("models.list", hub.models_list)
    return hub


@pytest.fixture
def page(agent: FakeAgent, hub: ManyModels, make_window: Any, qtbot: Any) -> ModelsPage:
    page: ModelsPage = make_window(agent.home, "models").window.page()
    qtbot.waitUntil(lambda: len(page.rows.rows) == LOADED, timeout=WAIT)
    return page


def names(page: ModelsPage) -> list[tuple[int, int]]:
    return [one.name for one in page.rows.rows]


def test_the_newest_are_read_and_older_ones_on_request(page: ModelsPage, qtbot: Any) -> None:
    assert names(page)[0] == (1284, ROUNDS)
    assert page._foot.plain() == f"{LOADED} of {ROUNDS + 2} models"
    page.older.click()
    qtbot.waitUntil(lambda: len(page.rows.rows) == ROUNDS + 2, timeout=WAIT)
    assert page.older.isHidden()
    assert names(page)[-1] == (7, 1)


def test_a_filter_finds_what_was_not_read(page: ModelsPage, agent: FakeAgent, qtbot: Any) -> None:
    assert (1284, 3) not in names(page)
    page.marks.button("best").click()
    qtbot.waitUntil(lambda: names(page) == [(1284, 3), (7, 1)], timeout=WAIT)
    page.marks.button("all").click()
    qtbot.waitUntil(lambda: len(page.rows.rows) == LOADED, timeout=WAIT)

    page.search.setText("old one")
    qtbot.waitUntil(lambda: names(page) == [(7, 2), (7, 1)], timeout=WAIT)
    assert agent.called("models.list")[-1]["text"] == "old one"
    page.search.setText("")
    qtbot.waitUntil(lambda: len(page.rows.rows) == LOADED, timeout=WAIT)


def test_a_new_model_is_read_alone(
    page: ModelsPage, hub: ManyModels, agent: FakeAgent, qtbot: Any
) -> None:
    asked = len(agent.called("models.list"))
    number = hub.add_round()
    hub.best = {(1284, number), (7, 1)}
    agent.push("changed", what="models", id=1284, change=1)
    qtbot.waitUntil(lambda: names(page)[0] == (1284, number), timeout=WAIT)
    assert len(agent.called("models.list")) == asked + 1
    assert [one.name for one in page.rows.rows if one.model.is_newest] == [(1284, number)]
    assert [one.name for one in page.rows.rows if one.model.is_best] == [(1284, number)]


def test_all_models_of_a_run_are_deleted_also_those_not_read(
    page: ModelsPage, agent: FakeAgent, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[int, list[int]]] = []
    monkeypatch.setattr(page, "ask_delete", asked.append)
    page._ask_delete_all(1284, 1)
    qtbot.waitUntil(lambda: bool(asked), timeout=WAIT)
    assert sorted(asked[0][1284]) == list(range(1, ROUNDS + 1))

    def delete(given: dict[str, Any]) -> dict[str, Any]:
        return {"run_id": 1284, "rounds": [int(one) for one in given["rounds"].split(",")]}

    agent.answer("models.delete", delete)
    page._delete({1284: list(range(1, 2 * DELETED_AT_ONCE + 2))})
    qtbot.waitUntil(lambda: len(agent.called("models.delete")) == 3, timeout=WAIT)
    told = [one["rounds"].split(",") for one in agent.called("models.delete")]
    assert sorted(int(one) for some in told for one in some) == list(
        range(1, 2 * DELETED_AT_ONCE + 2)
    )
    qtbot.waitUntil(lambda: not names(page), timeout=WAIT)


def test_the_chosen_one_stays_while_newer_ones_push_it_out(
    page: ModelsPage, hub: ManyModels, agent: FakeAgent, qtbot: Any
) -> None:
    page.table.selectRow(LOADED - 1)
    chosen = page.table.current().name
    for _ in range(SLACK + 1):
        number = hub.add_round()
    agent.push("changed", what="models", id=1284, change=1)
    qtbot.waitUntil(lambda: names(page)[0] == (1284, number), timeout=WAIT)
    assert len(names(page)) < LOADED + SLACK
    assert names(page)[-1] == chosen
    assert names(page)[-2] != (chosen[0], chosen[1] + 1)
    assert page.table.current().name == chosen
    page.table.selectRow(0)
    page.reload()
    qtbot.waitUntil(lambda: chosen not in names(page), timeout=WAIT)


def test_a_list_over_a_long_run_does_not_grow(
    page: ModelsPage, hub: ManyModels, agent: FakeAgent, qtbot: Any
) -> None:
    for _ in range(4):
        for _ in range(SLACK // 2):
            number = hub.add_round()
        agent.push("changed", what="models", id=1284, change=1)
        qtbot.waitUntil(lambda newest=(1284, number): names(page)[0] == newest, timeout=WAIT)
    assert len(names(page)) <= LOADED + SLACK


def test_a_model_that_was_not_read_is_shown_where_it_is_asked_for(
    page: ModelsPage, qtbot: Any
) -> None:
    page.open(run_id=1284, round=2)
    qtbot.waitUntil(lambda: (1284, 2) in names(page), timeout=WAIT)
    qtbot.waitUntil(lambda: page.table.current().name == (1284, 2), timeout=WAIT)
    page.reload()
    page.open(run_id=99, round=1)  # there is none
    qtbot.waitUntil(lambda: not page._busy and page._wanted is None, timeout=WAIT)
    assert page.table.current() is not None


def test_projects_of_models_that_were_not_read_can_be_chosen(
    page: ModelsPage, agent: FakeAgent, qtbot: Any
) -> None:
    combo = page.project.combo
    offered = {combo.itemText(place) for place in range(combo.count())}
    assert {one["name"] for one in agent.answers.projects_list()["items"]} <= offered
