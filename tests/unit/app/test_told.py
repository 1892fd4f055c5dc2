"""Lists and events that overtake each other leave what is newest."""

from __future__ import annotations

from typing import Any

from app.told import InOrder, Told


def job(number: int, state: str) -> dict[str, Any]:
    return {"id": number, "state": state}


def test_what_was_told_while_a_list_was_on_its_way_stands() -> None:
    told = Told("id")
    told.ask()
    told.take([job(1, "RUNNING"), job(2, "RUNNING")])
    told.ask()
    told.tell(job(1, "FINISHED"), job(3, "RUNNING"))
    told.take([job(1, "RUNNING"), job(2, "RUNNING")])
    assert told.values() == [job(1, "FINISHED"), job(2, "RUNNING"), job(3, "RUNNING")]


def test_a_list_that_was_asked_for_later_stands() -> None:
    told = Told("id")
    told.tell(job(1, "RUNNING"), job(2, "RUNNING"))
    told.ask()
    told.take([job(1, "FINISHED")])
    assert told.values() == [job(1, "FINISHED")]


def test_an_answer_takes_no_place_of_what_an_event_told() -> None:
    told = Told("id")
    told.tell(job(1, "serving"))
    told.tell_new(job(1, "starting"))
    told.tell_new(job(2, "starting"))
    assert told.values() == [job(1, "serving"), job(2, "starting")]


def test_an_answer_to_an_earlier_question_comes_too_late() -> None:
    taken: list[str] = []
    order = InOrder()
    first, second, third = (order.taking(taken.append) for _ in range(3))
    second("second")
    first("first")
    third("third")
    assert taken == ["second", "third"]
