"""Events in columns: newest first, whatever the order they came in."""

from __future__ import annotations

import pytest

from agent_core.protocol.records import RunEvent
from app.widgets.event_book import Event, EventBook
from app.widgets.row_table import FIRST_ROOM


def event(at: float, text: str, **more: object) -> RunEvent:
    return RunEvent.model_validate({"at": at, "kind": "round", "text": text, **more})


def test_an_event_is_found_as_it_was_told() -> None:
    book = EventBook()
    book.add([event(2.0, "Gruß an 医院", level="warn"), event(1.0, "", kind="state")])
    assert book.newest(0) == Event(2.0, "round", "warn", "Gruß an 医院")
    assert book.newest(1) == Event(1.0, "state", "info", "")
    for place in (-1, 2):
        with pytest.raises(IndexError):
            book.newest(place)


def test_many_stand_in_order_however_they_came() -> None:
    book = EventBook()
    count = 5 * FIRST_ROOM
    book.add(event(float(number), str(number)) for number in range(count, 0, -2))
    book.add(event(float(number), str(number)) for number in range(1, count, 2))
    assert len(book) == count
    assert [book.newest(place).text for place in range(count)] == [
        str(number) for number in range(count, 0, -1)
    ]


def test_of_one_moment_the_later_told_is_the_newer() -> None:
    book = EventBook()
    book.add([event(1.0, "sent"), event(1.0, "taken"), event(0.5, "asked")])
    assert [book.newest(place).text for place in range(3)] == ["taken", "sent", "asked"]
