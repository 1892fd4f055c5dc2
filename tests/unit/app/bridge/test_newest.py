"""A list told newest first is read once; later only what is new, where that completes it."""

from __future__ import annotations

from typing import Any

from app.bridge.newest import PAGE, SLACK, STEP, Newest, Reading, is_pushed_out


class Hub:
    """Tell numbers, the highest first, and note how many were asked for."""

    def __init__(self, numbers: range | list[int]) -> None:
        self.numbers = list(numbers)
        self.mark = ""
        self.asked: list[int] = []

    def ask(self, cursor: str, limit: int) -> dict[str, Any]:
        self.asked.append(limit)
        below = int(cursor) if cursor else 1_000_000
        found = [one for one in sorted(self.numbers, reverse=True) if one < below]
        items = [{"number": one, "mark": self.mark} for one in found[:limit]]
        more = str(found[limit - 1]) if len(found) > limit else ""
        return {"items": items, "next_cursor": more, "total": len(self.numbers)}

    def reading(self) -> Reading[tuple[int, str]]:
        def parse(items: list[dict[str, Any]]) -> list[tuple[int, str]]:
            return [(one["number"], one["mark"]) for one in items]

        return Reading(self.ask, parse, lambda one: one[0])


def numbers(found: Newest[tuple[int, str]]) -> list[int]:
    return [number for number, _ in found.items]


def test_so_many_are_read_and_then_older_ones() -> None:
    hub = Hub(range(1, 1001))
    first = hub.reading().newest(None, 300)
    assert numbers(first) == list(range(1000, 700, -1))
    assert (first.cursor, first.total) == ("701", 1000)
    assert hub.asked == [PAGE] * 3
    more = hub.reading().older(first, 200)
    assert numbers(more) == list(range(1000, 500, -1))
    whole = hub.reading().older(more, 9999)
    assert (len(whole.items), whole.cursor) == (1000, "")


def test_only_what_is_new_is_read() -> None:
    hub = Hub(range(1, 61))
    known = hub.reading().newest(None, 500)
    hub.numbers += [61, 62]
    hub.mark, hub.asked = "told again", []
    found = hub.reading().newest(known, 500)
    assert numbers(found) == list(range(62, 0, -1))
    assert hub.asked == [STEP]
    assert found.items[STEP - 1][1] == "told again"
    assert found.items[STEP] is known.items[STEP - 2]

    hub.numbers += range(63, 63 + 2 * STEP)
    hub.asked = []
    assert numbers(hub.reading().newest(found, 500)) == list(range(62 + 2 * STEP, 0, -1))
    assert hub.asked == [STEP, PAGE]


def test_the_list_is_read_anew_where_some_are_gone_or_too_many_are_kept() -> None:
    hub = Hub(range(1, 301))
    known = hub.reading().newest(None, 300)
    hub.numbers.remove(7)
    hub.numbers.append(301)
    assert numbers(hub.reading().newest(known, 300)) == sorted(hub.numbers, reverse=True)

    hub = Hub(range(1, 301))
    known = hub.reading().newest(None, 100)
    assert len(known.items) == 100
    hub.numbers += range(301, 301 + SLACK)
    kept = hub.reading().newest(known, 100)
    assert (len(kept.items), kept.cursor) == (100 + SLACK, known.cursor)
    hub.numbers.append(301 + SLACK)
    anew = hub.reading().newest(kept, 100)
    assert len(anew.items) < 100 + STEP + PAGE
    assert numbers(anew)[0] == 301 + SLACK
    assert anew.cursor == str(numbers(anew)[-1])


def test_an_empty_list_and_one_that_becomes_empty() -> None:
    hub = Hub([])
    nothing = hub.reading().newest(None, 10)
    assert nothing == Newest([], "", 0)
    hub.numbers = [1]
    one = hub.reading().newest(nothing, 10)
    assert numbers(one) == [1]
    hub.numbers = []
    assert hub.reading().newest(one, 10) == Newest([], "", 0)


def test_a_hub_that_tells_the_same_for_ever_is_left() -> None:
    asked: list[str] = []

    def ask(cursor: str, _: int) -> dict[str, Any]:
        asked.append(cursor)
        return {"items": [{"number": 1}], "next_cursor": f"{cursor}x", "total": 1000}

    reading = Reading(ask, lambda items: [one["number"] for one in items], lambda one: one)
    found = reading.newest(None, 300)
    assert found.items == [1]
    assert len(asked) == 2
    assert reading.older(found, 300).items == [1]
    assert len(asked) == 3


def test_what_lies_behind_all_that_is_read_was_pushed_out() -> None:
    known = Newest([9, 8, 7], "7", 9)
    assert is_pushed_out(6, known, lambda one: one)
    assert not is_pushed_out(8, known, lambda one: one)
    assert not is_pushed_out(6, known._replace(cursor=""), lambda one: one)
    assert not is_pushed_out(6, Newest([], "7", 9), lambda one: one)
