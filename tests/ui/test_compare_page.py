"""Runs beside each other over the fake agent: the axis and the smoothing of all curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.fake_agent import FakeAgent

from app.pages.runs.compare import ComparePage

WAIT = 10_000


@pytest.fixture
def agent(make_agent: Callable[..., FakeAgent]) -> FakeAgent:
    return make_agent("working")


@pytest.fixture
def page(agent: FakeAgent, make_window: Any, qtbot: Any) -> ComparePage:
    window = make_window(agent.home).window
    first, second = sorted(agent.answers.runs)[:2]
    window.navigate("compare", run_ids=[first, second])
    page: ComparePage = window.page()
    qtbot.waitUntil(
        lambda: len(page.compared) == 2 and page.compared[0].book.points > 0, timeout=WAIT
    )
    return page


@pytest.mark.parametrize("background", [False, True])
def test_curves_lie_along_the_axis_that_was_chosen_last(
    page: ComparePage, qtbot: Any, monkeypatch: pytest.MonkeyPatch, background: bool
) -> None:
    if background:
        monkeypatch.setattr("app.pages.runs.curves_laying.BACKGROUND_POINTS", 0)
    axis = page.plots.axis
    for key in ("time", "round", "time"):
        axis.button(key).click()
    qtbot.waitUntil(lambda: {one.book.axis for one in page.compared} == {"time"}, timeout=WAIT)
    (card, *_) = page.plots.cards.values()
    first = page.compared[0]
    assert first.book.origin == first.run.started_at
    lines = {line.key: line for line in card.plot.lines}
    curves = [
        curve
        for one in page.compared
        for curve in one.book.curves(next(iter(page.plots.cards))).values()
    ]
    assert {id(line.series) for line in lines.values()} <= {id(curve.series) for curve in curves}
    assert "after the start" in page.plots._x_title(61.0)


@pytest.mark.parametrize("background", [False, True])
def test_all_curves_are_smoothed_and_a_run_that_is_added_too(
    page: ComparePage, agent: FakeAgent, qtbot: Any, monkeypatch: pytest.MonkeyPatch,
    background: bool,
) -> None:  # fmt: skip
    if background:
        monkeypatch.setattr("app.pages.runs.curves_laying.BACKGROUND_POINTS", 0)
    page.plots.slider.setValue(30)
    page.plots.slider.setValue(60)

    def weights() -> set[float]:
        return {series.weight for one in page.compared for series in one.book.series()}

    qtbot.waitUntil(lambda: weights() == {0.6}, timeout=WAIT)
    series = page.compared[0].book.series()[0]
    assert not np.array_equal(series.smoothed.values, series.y)
    third = sorted(agent.answers.runs)[2]
    page.open(run_ids=[*page._ids, third])
    qtbot.waitUntil(
        lambda: len(page.compared) == 3 and page.compared[0].book.points > 0, timeout=WAIT
    )
    assert weights() == {0.6}
