"""Closed rounds in columns: found by number, whatever the order they came in."""

from __future__ import annotations

from agent_core.protocol.records import RoundRecord
from app.widgets.round_book import RoundBook
from app.widgets.row_table import FIRST_ROOM


def closed(number: int, seconds: float = 2.0, **more: object) -> RoundRecord:
    at = 10.0 * number
    return RoundRecord.model_validate(
        {"round": number, "started_at": at, "closed_at": at + seconds, "answered": 3, "asked": 3,
         "bytes_up": 100 * number, **more}
    )  # fmt: skip


def test_an_empty_book_has_nothing() -> None:
    book = RoundBook()
    assert (len(book), book.last, book.last_closed_at) == (0, 0, 0.0)
    assert book.find(1) is None
    assert 1 not in book
    assert book.newest_seconds() == []


def test_a_round_is_found_as_it_was_told() -> None:
    book = RoundBook()
    book.add([closed(1), closed(2, 5.0, closed_by="deadline", answered=2, missing=[7])])
    one = book.find(2)
    assert one is not None
    assert (one.round, one.answered, one.asked, one.bytes_up) == (2, 2, 3, 200)
    assert (one.seconds, one.is_late, one.missing) == (5.0, True, (7,))
    assert book.late.tolist() == [False, True]
    assert book.find(3) is None


def test_rounds_stand_in_order_however_they_came() -> None:
    book = RoundBook()
    count = 3 * FIRST_ROOM
    book.add(closed(number, number / 10) for number in range(count, 0, -2))
    book.add(closed(number, number / 10) for number in range(1, count, 2))
    assert book.numbers.tolist() == list(range(1, count + 1))
    assert book.bytes_up.tolist() == [100 * number for number in range(1, count + 1)]
    assert [round(one, 1) for one in book.newest_seconds(2)] == [(count - 1) / 10, count / 10]
    assert (book.last, book.last_closed_at) == (count, 10.0 * count + count / 10)


def test_a_round_told_again_is_as_told_last() -> None:
    book = RoundBook()
    book.add([closed(1, missing=[5]), closed(2)])
    before = book.changes
    book.add([closed(1, 4.0)])
    one = book.find(1)
    assert one is not None
    assert one.seconds == 4.0
    assert one.missing == ()
    assert len(book) == 2
    assert book.changes == before + 1
