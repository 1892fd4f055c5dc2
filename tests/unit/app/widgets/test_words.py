"""Sizes, spans and ages as people read them."""

from __future__ import annotations

import pytest

from app.widgets.words import age, duration, initials, plural, short_digest, size


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (212, "212 B"), (999, "999 B"), (21_500, "21.5 kB"), (1_620_000, "1.62 MB"),
     (999_600, "1 MB"), (5_000_000_000, "5 GB"), (None, "–")],
)  # fmt: skip
def test_sizes(count: float | None, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.94, "1.9 s"), (43, "43 s"), (1020, "17 min"), (7500, "2 h 05 min"), (200_000, "2 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59, "59 s"), (720, "12 min"), (3700, "1 h"), (90_000, "1 d")],
)
def test_ages(seconds: float, text: str) -> None:
    assert age(1000.0, now=1000.0 + seconds) == text
    assert age(None) == "never"


def test_counts_and_names() -> None:
    assert plural(1, "file") == "1 file"
    assert plural(1200, "entry", "entries") == "1,200 entries"
    assert initials("Dr. Marta Vogel") == "MV"
    assert initials("") == "?"
    assert short_digest("ab" * 32) == "abab abab … abab"
