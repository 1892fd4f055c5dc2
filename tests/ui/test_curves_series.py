"""Curves: nothing is lost by drawing less, and smoothing is what its formula says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.widgets.curve_plot_column import BLOCK
from app.widgets.curve_plot_series import Series, bounds_of, smooth


def slow_smooth(values: list[float], weight: float) -> list[float]:
    total = bias = 0.0
    result = []
    for value in values:
        total = weight * total + value
        bias = weight * bias + 1.0
        result.append(total / bias)
    return result


def test_one_spike_in_a_million_points_is_drawn() -> None:
    """A single spike is drawn even where two thousand points share a pixel."""
    series = Series()
    values = np.zeros(1_000_000)
    values[777_123] = 5.0
    values[123_777] = -3.0
    series.append(np.arange(1_000_000, dtype=np.float64), values)

    x, y = series.drawn(0, 1_000_000, 500, raw=True)

    assert len(x) <= 4 * 500
    assert 5.0 in y
    assert -3.0 in y
    assert x[0] == 0.0
    assert x[-1] == 999_999.0


@pytest.mark.parametrize("count", [3, BLOCK - 1, BLOCK, 5_000, 70_001])
def test_every_bin_keeps_its_extremes(count: int) -> None:
    """Lowest and highest of any window survive decimation."""
    rng = np.random.default_rng(count)
    series = Series()
    values = rng.normal(size=count)
    series.append(np.arange(count, dtype=np.float64), values)

    _, y = series.drawn(count * 0.2, count * 0.9, 100, raw=True)

    inside = values[int(np.ceil(count * 0.2)) : int(count * 0.9) + 1]
    if len(inside):
        assert y.min() <= inside.min()
        assert y.max() >= inside.max()
        assert set(y) <= set(values)


def test_smoothing_equals_the_loop() -> None:
    """The vector form gives what the plain loop gives."""
    values = np.random.default_rng(1).normal(size=700)
    for weight in (0.1, 0.35, 0.9, 0.99):
        assert np.allclose(smooth(values, weight), slow_smooth(list(values), weight), atol=1e-9)


def test_smoothing_in_pieces_equals_smoothing_at_once() -> None:
    """Points that arrive one by one end in the same smoothed curve."""
    values = np.random.default_rng(2).normal(size=500)
    series = Series()
    series.set_smoothing(0.6)
    for index, value in enumerate(values):
        series.append(np.array([float(index)]), np.array([value]))

    assert np.allclose(series.smoothed.values, smooth(values, 0.6), atol=1e-9)


def test_a_late_point_is_put_where_it_belongs() -> None:
    """A point of an earlier round arrives late and is drawn in its place."""
    series = Series()
    series.append(np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 40.0]))
    series.append(np.array([3.0]), np.array([30.0]))

    assert series.x.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert series.y.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert series.smoothed.values.tolist() == [10.0, 20.0, 30.0, 40.0]


def test_a_gap_stays_a_gap() -> None:
    """A missing value is neither bridged by smoothing nor hidden by decimation."""
    values = np.ones(10_000)
    values[4_000:6_000] = np.nan
    series = Series()
    series.set_smoothing(0.8)
    series.append(np.arange(10_000, dtype=np.float64), values)

    x, y = series.drawn(0, 10_000, 100)

    inside = (x > 4_100) & (x < 5_900)
    assert inside.any()
    assert np.isnan(y[inside]).all()
    assert bounds_of([(x, y)], 0, 10_000) == (1.0, 1.0)


@pytest.mark.parametrize("count", [3, 900, 8_000, 200_000])
def test_bounds_are_those_of_all_points_in_sight(count: int) -> None:
    """What is drawn holds the extremes, and its points beyond the edges do not count."""
    rng = np.random.default_rng(count)
    values = rng.normal(size=count)
    values[rng.integers(0, count, count // 50)] = np.nan
    series = Series()
    series.append(np.arange(count, dtype=np.float64), values)
    for low, high in np.sort(rng.uniform(-1, count, (50, 2)), axis=1):
        inside = values[max(0, math.ceil(low)) : math.floor(high) + 1]
        inside = inside[np.isfinite(inside)]
        expected = (inside.min(), inside.max()) if len(inside) else None
        assert bounds_of([series.drawn(low, high, 100)], low, high) == expected
    assert bounds_of([], 0, 1) is None


@pytest.mark.parametrize("count", [8_000, 200_000])
@pytest.mark.parametrize("missing", [1, 20, 300])
def test_no_line_is_drawn_over_a_gap(count: int, missing: int) -> None:
    """However few values are missing among many, no line joins what lies on their two sides."""
    values = np.sin(np.arange(count) / 50.0)
    first = count // 2 + 7
    values[first : first + missing] = np.nan
    series = Series()
    series.append(np.arange(count, dtype=np.float64), values)

    for low, high in ((0, count), (first - count // 4, first + count // 4)):
        x, y = series.drawn(low, high, 300, raw=True)
        left = int(np.flatnonzero((x < first) & ~np.isnan(y))[-1])
        right = int(np.flatnonzero((x >= first + missing) & ~np.isnan(y))[0])
        assert np.isnan(y[left + 1 : right]).any()
        assert (np.diff(x) > 0).all()


def test_the_lowest_positive_value_is_known_without_looking() -> None:
    """A log scale begins there, whatever came in which piece, late or missing."""
    series = Series()
    assert series.raw.lowest_positive == np.inf
    series.append(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.5, np.nan]))
    series.append(np.array([4.0, 5.0]), np.array([-2.0, np.inf]))
    assert series.raw.lowest_positive == 0.5
    series.append(np.array([2.5]), np.array([0.25]))
    assert series.raw.lowest_positive == 0.25


def test_nearest_point() -> None:
    """The crosshair reads the nearest point, at both ends too."""
    series = Series()
    assert series.nearest(1.0) is None
    series.append(np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.0, 5.0]))

    assert [series.nearest(x) for x in (-9.0, 1.4, 1.6, 3.6, 99.0)] == [0, 0, 1, 2, 2]
