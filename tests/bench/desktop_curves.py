"""50 curves of 100,000 points, live at 20 Hz: frames a second with level of detail and without."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from desktop_parts import frames, pump, row

CURVES, POINTS = 50, 100_000
HZ = 20
LIVE_S = 6.0
PLAIN_S, PLAIN_FRAMES = 3.0, 60  # of the peer's own plot; a frame of it may take seconds


def _values(rng: np.random.Generator, count: int) -> Any:
    return rng.normal(0, 0.02, count) + np.exp(-np.linspace(0, 3, count))


def measure(curves: int = CURVES, points: int = POINTS) -> list[dict[str, Any]]:
    """Measure our plot, the same plot without level of detail, and pyqtgraph's own."""
    rows = _ours(curves, points)
    return rows + _plain(curves, points, auto=True) + _plain(curves, points, auto=False)


def _ours(curves: int, points: int) -> list[dict[str, Any]]:
    from app.widgets.curve_plot import CurveLine, CurvePlot
    from app.widgets.curve_plot_series import Series
    from app.widgets.curve_plot_ticks import round_scale

    rng = np.random.default_rng(1)
    series = [Series() for _ in range(curves)]
    for one in series:
        one.append(np.arange(points, dtype=np.float64), _values(rng, points))
    plot = CurvePlot("number")
    plot.resize(1200, 700)
    last = float(points)
    plot.x_scale = lambda: round_scale(last, None)
    plot.set_lines([CurveLine(n, f"curve {n}", one, n) for n, one in enumerate(series)])
    plot.show()
    pump(0.3)
    count, started, worked = 0, time.perf_counter(), time.thread_time()
    while (passed := time.perf_counter() - started) < 3.0:
        last = _grow(series, rng, last)
        plot.redraw()
        plot.repaint_now()
        count += 1
    fast, work = count / passed, (time.thread_time() - worked) / count
    with frames() as stall:
        started = time.perf_counter()
        due = started
        drawn = plot.frames
        while (passed := time.perf_counter() - started) < LIVE_S:
            if time.perf_counter() >= due:
                due += 1 / HZ
                last = _grow(series, rng, last)
                plot.refresh()
            pump(0.004)
        drawn = plot.frames - drawn
    plot.close()
    name = f"{curves} curves x {points:,} points"
    return [
        row(f"{name}, level of detail, frames/s possible", round(fast, 1), 60, more=True),
        row("  processor time of a frame, ms", round(work * 1000, 1)),
        row(f"  live at {HZ} Hz for {LIVE_S:.0f} s, redraws/s", round(drawn / passed, 1)),
        row("  longest stop of the window meanwhile, ms", round(stall.longest, 1), 50.0),
        row("  of it the window's own work at most, ms", round(stall.longest_own, 1)),
        row("  last points of all curves drawn", all(one.x[-1] == last - 1 for one in series)),
    ]


def _grow(series: list[Any], rng: np.random.Generator, last: float) -> float:
    x = np.array([last])
    for one in series:
        one.append(x, rng.normal(0, 0.02, 1))
    return last + 1


def _plain(curves: int, points: int, *, auto: bool) -> list[dict[str, Any]]:
    """Measure pyqtgraph's own plot, with its automatic downsampling or with every point.

    Its range is fixed, as ours is set once a frame: with an automatic one each of the curves has
    all others made anew, and a single frame takes a minute.
    """
    import pyqtgraph as pg

    rng = np.random.default_rng(1)
    widget = pg.PlotWidget(background=None)
    widget.plotItem.setMouseEnabled(False, False)
    widget.resize(1200, 700)
    widget.plotItem.disableAutoRange()
    widget.plotItem.setRange(xRange=(0, points), yRange=(-0.1, 1.1), padding=0)
    x = np.arange(points, dtype=np.float64)
    items = []
    for _ in range(curves):
        item = pg.PlotDataItem(x, _values(rng, points), pen=pg.mkPen("w", width=1))
        widget.plotItem.addItem(item)
        if auto:
            item.setDownsampling(auto=True, method="peak")
            item.setClipToView(True)
        items.append((item, _values(rng, points)))
    widget.show()
    pump(0.3)
    count, started, passed, worked = 0, time.perf_counter(), 0.0, time.thread_time()
    while passed < PLAIN_S and count < PLAIN_FRAMES:
        for item, values in items:
            item.setData(x, np.roll(values, count))
        widget.viewport().repaint()
        count += 1
        passed = time.perf_counter() - started
    work = (time.thread_time() - worked) / count
    widget.close()
    how = "its automatic downsampling (peak, clip)" if auto else "every point"
    return [
        row(f"  pyqtgraph with {how}, frames/s", round(count / passed, 2)),
        row("  processor time of a frame, ms", round(work * 1000, 1)),
    ]
