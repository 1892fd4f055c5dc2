"""System figures: rates from counters, gaps kept, nothing invented."""

from __future__ import annotations

import numpy as np

from app.pages.runs.system_model import SystemBook, parse_system


def sample(at: float, **fields: object) -> dict[str, object]:
    return {"edge_id": 1, "at": at, "cpu_percent": 10.0, **fields}


def test_a_gap_in_time_stays_a_gap() -> None:
    """Where samples are missing a value that is no number breaks the line."""
    book = SystemBook()
    book.add(parse_system([sample(float(at)) for at in (0, 5, 10, 60, 65)]))
    series = book.series["cpu"][1]

    assert len(series) == 6
    assert np.isnan(series.y).tolist() == [False, False, False, True, False, False]
    assert book.gaps[1] == [(10.0, 60.0)]


def test_a_gap_between_two_batches_is_found() -> None:
    """It does not matter in which answer the samples came."""
    book = SystemBook()
    book.add(parse_system([sample(0.0), sample(5.0)]))
    book.add(parse_system([sample(10.0)]))
    book.add(parse_system([sample(90.0), sample(95.0)]))

    assert book.gaps[1] == [(10.0, 90.0)]
    assert np.isnan(book.series["cpu"][1].y).sum() == 1


def test_rates_are_differences_of_counters() -> None:
    """Bytes a second come from counters; a counter that starts anew is a gap."""
    book = SystemBook()
    counts = [(0.0, 0), (5.0, 500), (10.0, 1500), (15.0, 20)]
    book.add(parse_system([sample(at, net_sent=count) for at, count in counts]))
    book.add(parse_system([sample(20.0, net_sent=120)]))
    rates = book.series["sent"][1].y

    assert np.isnan(rates[0])
    assert rates[1:3].tolist() == [100.0, 200.0]
    assert np.isnan(rates[3])
    assert rates[4] == 20.0


def test_a_missing_figure_is_not_shown() -> None:
    """No GPU, no plot; a missing value is no zero."""
    book = SystemBook()
    book.add(parse_system([sample(0.0, memory_used=1, memory_total=4), sample(5.0)]))

    assert not book.has_values("gpu")
    assert book.has_values("memory")
    assert book.series["memory"][1].y[0] == 25.0
    assert book.latest("memory", 1) is None
    assert book.latest("cpu", 1) == 10.0
    assert book.latest("cpu", 2) is None
