"""Hits kept in the parts in which they came, and numbers that grow without a great copy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets import log_view_hits
from app.widgets.log_view_hits import Growing, HitList, Part

STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 400)), max_size=30)


@given(steps=STEPS, small=st.sampled_from([0, 7, 4096]))
def test_hits_in_parts_answer_like_hits_in_a_row(steps: list[tuple[int, int]], small: int) -> None:
    """Whatever comes and is forgotten again, lines, counts and parts are those of a plain list."""
    found, rows = HitList(), np.empty(0, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_view_hits, "_SMALL", small)
        for count, keep in steps:
            more = np.arange(count, dtype=np.int64) // 3 + (rows[-1] if len(rows) else 0)
            found.extend(Part(more * 10, more * 10 + 2, more))
            rows = np.concatenate([rows, more])
            found.cut(keep)
            rows = rows[:keep]
    assert (len(found), found.rows.tolist()) == (len(rows), rows.tolist())
    for row in range(-1, 60):
        assert found.before(row) == np.searchsorted(rows, row, "left")
    for first, last in pairwise(range(0, len(rows) + 5, 4)):
        parts = list(found.between(first, last))
        assert [row for part in parts for row in part.rows] == rows[first:last].tolist()
        assert all((part.stops - part.starts == 2).all() for part in parts)
    assert [found.row(hit) for hit in range(len(rows))] == rows.tolist()


@given(steps=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 9000)), max_size=20))
def test_numbers_that_grow_stay_what_they_were(steps: list[tuple[int, int]]) -> None:
    grown, plain = Growing(), np.empty(0, np.int64)
    for number, (count, cut) in enumerate(steps):
        more = np.arange(count, dtype=np.int64) + number
        grown.extend(more)
        plain = np.concatenate([plain, more])
        if number % 3 == 2:
            grown.cut(cut)
            plain = plain[:cut]
        assert np.array_equal(grown.all, plain)


def test_growth_is_spread() -> None:
    """No single extension moves more than a few times what it adds."""
    grown, more = Growing(), np.zeros(1000, np.int64)
    for _ in range(5000):
        moved, room = grown._moved, grown._room
        grown.extend(more)
        if grown._room is not room:
            assert moved + 3 * len(more) >= len(room) - len(more)
