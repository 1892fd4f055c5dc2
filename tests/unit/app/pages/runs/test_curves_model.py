"""Curves from metric records: every point, by round, time and step."""

from __future__ import annotations

import math

import pytest
from helpers.fake_records import RUNS
from helpers.fake_telemetry import metrics

from app.pages.runs.curves_model import MetricBook, parse_metrics
from app.widgets.curve_plot_series import smooth

RUN = next(run for run in RUNS if run.id == 1284)


def test_no_point_is_lost_in_pages_of_any_size() -> None:
    """Pages of records end in the same curves as all at once."""
    items = metrics(RUN)
    whole, pieces = MetricBook(), MetricBook()
    whole.add(parse_metrics(items))
    for start in range(0, len(items), 7):
        pieces.add(parse_metrics(items[start : start + 7]))

    assert whole.points == pieces.points == len(items)
    for key in whole.metrics():
        assert set(whole.curves(key)) == set(pieces.curves(key))
        for edge, curve in whole.curves(key).items():
            assert curve.series.y.tolist() == pieces.curves(key)[edge].series.y.tolist()
            assert curve.series.x.tolist() == pieces.curves(key)[edge].series.x.tolist()


def test_accuracy_and_loss_come_first() -> None:
    """Plots stand in the order in which people ask."""
    book = MetricBook()
    names = ["zeta", "train_loss", "test_loss", "test_accuracy"]
    book.add(parse_metrics([point(key=name) for name in names]))

    assert book.metrics() == ["test_accuracy", "test_loss", "train_loss", "zeta"]


def test_the_axis_can_be_changed() -> None:
    """The same points lie along rounds, seconds since the start, or steps."""
    book = MetricBook()
    book.add(parse_metrics([point(round=n, step=10 * n, at=100.0 + n) for n in (1, 2, 3)]))
    curve = book.curves("loss")[1]

    assert curve.series.x.tolist() == [1.0, 2.0, 3.0]
    book.set_axis("time", 100.0)
    assert curve.series.x.tolist() == [1.0, 2.0, 3.0]
    book.set_axis("step", 0.0)
    assert curve.series.x.tolist() == [10.0, 20.0, 30.0]
    book.add(parse_metrics([point(round=4, step=40, at=104.0)]))
    assert curve.series.x.tolist() == [10.0, 20.0, 30.0, 40.0]


def test_points_that_come_while_others_are_laid_are_not_lost() -> None:
    """What arrives between the asking and the showing is laid along the new axis too."""
    book = MetricBook()
    book.add(parse_metrics([point(round=n, at=100.0 + n) for n in (1, 2, 3)]))
    book.set_smoothing(0.0)
    layout = book.layout("time", 100.0)
    book.add(parse_metrics([point(round=4, at=104.0), point(key="other", at=105.0)]))
    made = layout.laid()
    book.add(parse_metrics([point(round=5, at=109.0)]))
    book.set_smoothing(0.5)

    assert book.curves("loss")[1].series.x.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    book.adopt(layout, made)
    assert book.curves("loss")[1].series.x.tolist() == [1.0, 2.0, 3.0, 4.0, 9.0]
    assert book.curves("other")[1].series.x.tolist() == [5.0]
    assert book.curves("loss")[1].series.weight == 0.5
    book.add(parse_metrics([point(round=6, at=110.0)]))
    assert book.curves("loss")[1].series.x.tolist()[-1] == 10.0


def test_points_along_rounds_are_kept_once() -> None:
    """A curve draws the columns that its points are kept in, as long as they are the same."""
    book = MetricBook()
    book.add(parse_metrics([point(round=n, value=n / 10) for n in (1, 2, 3)]))
    curve = book.curves("loss")[1]
    assert curve.series.shares(curve.values)

    book.set_axis("time", 0.0)
    assert not curve.series.shares(curve.values)
    book.add(parse_metrics([point(round=4, value=0.4, at=2.0)]))
    book.set_axis("round", 0.0)
    assert curve.series.shares(curve.values)
    assert curve.series.x.tolist() == [1.0, 2.0, 3.0, 4.0]

    book.set_smoothing(0.5)
    book.add(parse_metrics([point(round=5, value=0.5)]))
    assert curve.series.smoothed.values.tolist() == smooth(curve.series.y, 0.5).tolist()


@pytest.mark.parametrize("weight", [0.0, 0.5])
@pytest.mark.parametrize("late", [{"round": 1}, {"round": None, "step": 9}])
def test_a_late_point_goes_where_it_belongs(late: dict[str, object], weight: float) -> None:
    """From a point on that lies before the last one, curve and points differ."""
    book = MetricBook()
    book.set_smoothing(weight)
    book.add(parse_metrics([point(round=n, value=float(n)) for n in (2, 3)]))
    book.add(parse_metrics([point(**late, value=9.0)]))
    book.add(parse_metrics([point(round=4, value=4.0)]))
    curve = book.curves("loss")[1]

    ordered = sorted([(2.0, 2.0), (3.0, 3.0), (float(late["round"] or 9), 9.0), (4.0, 4.0)])
    assert list(zip(curve.series.x.tolist(), curve.series.y.tolist(), strict=True)) == ordered
    assert curve.points().values.tolist() == [2.0, 3.0, 9.0, 4.0]
    smoothed = smooth(curve.series.y, weight)
    assert curve.series.smoothed.values == pytest.approx(smoothed)


def test_no_smoothing_that_was_worked_out_elsewhere_is_the_values_themselves() -> None:
    """What another thread made of a column is not kept where the column is another by now."""
    book = MetricBook()
    book.add(parse_metrics([point(round=n) for n in (1, 2)]))
    series = book.curves("loss")[1].series
    made = series.smoothed_with(0.0)
    book.add(parse_metrics([point(round=1)]))
    series.adopt(0.0, made)
    assert series.smoothed is series.raw


def test_steps_are_told_from_the_first_point_on() -> None:
    """A point that told no step has 0, also where a later one tells one."""
    book = MetricBook()
    book.add(parse_metrics([point(round=1), point(round=2)]))
    curve = book.curves("loss")[1]
    assert curve.points().steps.tolist() == [0.0, 0.0]
    book.add(parse_metrics([point(round=3, step=7)]))
    book.add(parse_metrics([point(round=4)]))
    assert curve.points().steps.tolist() == [0.0, 0.0, 7.0, 0.0]
    assert curve.points(2).steps.tolist() == [7.0, 0.0]


def test_metrics_without_rounds_are_counted() -> None:
    """A script that tells no round still gets a curve."""
    book = MetricBook()
    book.add(parse_metrics([point(round=None) for _ in range(3)]))

    assert book.curves("loss")[1].series.x.tolist() == [1.0, 2.0, 3.0]
    assert not book.has_steps()
    book.add(parse_metrics([point(round=9), point(round=9)]))
    assert book.has_steps()


def test_a_value_that_is_no_number_stays_one() -> None:
    """A diverged loss is a gap in the curve, not a zero."""
    book = MetricBook()
    book.add(parse_metrics([point(round=1), {**point(round=2), "value": None}]))

    assert math.isnan(book.curves("loss")[1].series.y[1])
    assert book.points == 2


def test_whose_value_stands_beside_the_title() -> None:
    """The global value where there is one, else the mean of the sites."""
    book = MetricBook()
    book.add(parse_metrics([point(edge_id=1, value=1.0), point(edge_id=2, value=3.0)]))
    assert book.latest("loss", {1, 2}) == ("mean of sites", 2.0)

    book.add(parse_metrics([point(edge_id=0, value=9.0)]))
    assert book.latest("loss", {1, 2}) == ("global", 9.0)


def point(**fields: object) -> dict[str, object]:
    base = {"edge_id": 1, "run_id": 1, "key": "loss", "value": 1.0, "round": 1, "step": 0}
    return {**base, "at": 1.0, **fields}
