"""Pages fill card by card, so that no turn of the event loop is long."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QObject

from app.widgets.piecemeal import Piecemeal


@pytest.fixture
def owner(qapp) -> QObject:
    return QObject()


def test_the_first_piece_is_done_at_once_and_each_other_in_its_turn(owner, qtbot) -> None:
    done: list[int] = []
    filling = Piecemeal(owner)
    filling.start(lambda: done.append(1), lambda: done.append(2), lambda: done.append(3))
    assert done == [1]
    assert not filling.is_over
    qtbot.waitUntil(lambda: filling.is_over, timeout=5_000)
    assert done == [1, 2, 3]


def test_what_is_newer_takes_the_place_of_what_waits(owner, qtbot) -> None:
    done: list[int] = []
    filling = Piecemeal(owner)
    filling.start(lambda: done.append(1), lambda: done.append(2))
    filling.start(lambda: done.append(3), lambda: done.append(4))
    filling.add(lambda: done.append(5))
    qtbot.waitUntil(lambda: filling.is_over, timeout=5_000)
    assert done == [1, 3, 4, 5]


def test_short_pieces_share_a_turn_and_long_ones_do_not(owner, qtbot) -> None:
    done: list[int] = []
    filling = Piecemeal(owner, at_once_s=0.05)
    filling.start(
        lambda: done.append(1), lambda: (time.sleep(0.06), done.append(2)), lambda: done.append(3)
    )
    assert done == [1, 2]
    filling.finish()
    assert done == [1, 2, 3]


def test_a_piece_that_fails_keeps_none_of_the_others(owner, qtbot) -> None:
    done: list[int] = []
    filling = Piecemeal(owner)
    with pytest.raises(ZeroDivisionError):
        filling.start(lambda: 1 // 0, lambda: done.append(2))
    qtbot.waitUntil(lambda: done == [2], timeout=5_000)
