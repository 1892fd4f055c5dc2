"""Log lines: merged by time, filtered and found exactly."""

from __future__ import annotations

import re

import numpy as np
import pytest

from agent_core.errors import UserInputError
from app.widgets.log_view_model import LogModel
from app.widgets.log_view_search import Hits, Query, find, in_order
from app.widgets.log_view_store import Filter, Line, LogStore, to_lines


def filled(*lines: Line) -> LogStore:
    store = LogStore()
    store.append(lines)
    return store


def texts(store: LogStore, rows: object = None) -> list[str]:
    return [line.text for line in store.lines(store.order if rows is None else rows)]  # type: ignore[arg-type]


def test_lines_of_two_silos_are_merged_by_time() -> None:
    """Lines that arrive late stand where they belong; equal times keep their order."""
    store = filled(Line(1.0, 1, 1, "job", "a"), Line(3.0, 1, 1, "job", "c"))
    assert store.append([Line(4.0, 1, 1, "job", "d")]) == 2
    assert store.append([Line(2.0, 2, 1, "job", "b"), Line(4.0, 2, 1, "job", "e")]) == 1

    assert texts(store) == ["a", "b", "c", "d", "e"]


def test_merging_many_batches_equals_sorting() -> None:
    """Any order of arrival gives the stable order of time."""
    rng = np.random.default_rng(3)
    store = LogStore()
    everything = []
    for _ in range(60):
        batch = [
            Line(float(rng.integers(0, 500)), int(rng.integers(1, 4)), 1, "job", f"{rng.random()}")
            for _ in range(int(rng.integers(1, 200)))
        ]
        everything += batch
        store.append(batch)

    assert texts(store) == [line.text for line in sorted(everything, key=lambda line: line.at)]


def test_filter_by_site_and_level() -> None:
    """Chips leave exactly the lines of their site and level."""
    store = filled(
        Line(1.0, 1, 1, "job", "info one"),
        Line(2.0, 2, 3, "job", "error two"),
        Line(3.0, 1, 3, "job", "error one"),
    )

    assert texts(store, store.shown(Filter(edges=frozenset({1})))) == ["info one", "error one"]
    assert texts(store, store.shown(Filter(levels=frozenset({3})))) == ["error two", "error one"]
    assert texts(store, store.shown(Filter(frozenset({1}), frozenset({3})))) == ["error one"]
    assert store.counts() == [0, 1, 0, 2, 0]


def test_a_traceback_is_several_rows_of_one_message() -> None:
    """A message of several lines counts once and keeps its level on each line."""
    lines = to_lines(1.0, 7, "ERROR", "job", "Traceback:\n\tFile x\n\x1b[31mBoom\x1b[0m\x07\n")

    assert [line.text for line in lines] == ["Traceback:", "    File x", "Boom·"]
    assert [line.continued for line in lines] == [False, True, True]
    store = filled(*lines)
    assert store.counts()[3] == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query("update"), 4),
        (Query("update", match_case=True), 3),
        (Query("élan"), 2),
        (Query(r"round \d+", is_regex=True), 2),
        (Query("a.c"), 0),
        (Query(r"x*", is_regex=True), 0),
        (Query(r"sent\s", is_regex=True), 0),
    ],
)
def test_counts_of_hits_are_exact(query: Query, expected: int) -> None:
    """Each hit is counted once, whatever its spelling."""
    store = filled(
        Line(1.0, 1, 1, "job", "update for round 17, update sent"),
        Line(2.0, 1, 1, "job", "UPDATE of Élan and élan, abc"),
        Line(3.0, 2, 1, "job", "update: round 3"),
    )

    assert len(find(store.snapshot(), query)) == expected


def test_hits_point_at_the_bytes_found() -> None:
    """A hit's row and span cut exactly the text out of its line, over many pieces."""
    rng = np.random.default_rng(5)
    words = ["loss", "ünïcode", "update", "round", "needle"]
    lines = [
        Line(float(n), 1, 1, "job", " ".join(rng.choice(words, size=12)) + "x" * (n % 90))
        for n in range(9_000)
    ]
    store = filled(*lines)

    hits = find(store.snapshot(), Query("needle"))

    assert len(hits) == sum(line.text.count("needle") for line in lines)
    for row, start, stop in list(zip(hits.rows, hits.starts, hits.stops, strict=True))[::97]:
        assert store.line(int(row)).text.encode()[start:stop] == b"needle"
    by_line = find(store.snapshot(), Query("needle", is_regex=True))
    assert np.array_equal(hits.rows, by_line.rows)
    assert np.array_equal(hits.starts, by_line.starts)


def test_hits_follow_the_order_shown() -> None:
    """Hits in hidden lines are not counted; the rest come in the order of time."""
    store = filled(Line(5.0, 1, 1, "job", "x x"), Line(1.0, 2, 1, "job", "x"))
    store.append([Line(3.0, 3, 1, "job", "x")])
    hits = find(store.snapshot(), Query("x"))

    shown, positions = in_order(hits, store.shown(Filter(edges=frozenset({1, 3}))), len(store))

    assert [int(row) for row in shown.rows] == [2, 0, 0]
    assert [int(position) for position in positions] == [0, 1, 1]
    assert len(in_order(Hits(), store.order, len(store))[0]) == 0


def test_searching_on_from_a_row_finds_the_rest() -> None:
    """New lines are searched alone and added to what was found."""
    store = filled(Line(1.0, 1, 1, "job", "hit"))
    hits = find(store.snapshot(), Query("hit"))
    store.append([Line(2.0, 1, 1, "job", "miss"), Line(3.0, 1, 1, "job", "a hit")])

    hits = hits.plus(find(store.snapshot(), Query("hit"), first=1))

    assert hits.rows.tolist() == [0, 2]
    assert hits.starts.tolist() == [0, 2]


@pytest.mark.parametrize("text", ["(", "[z", "*a", r"(a)\1", "(?=a)", "a)(b", "a{5000}"])
def test_an_expression_that_cannot_be_used_is_explained(text: str) -> None:
    """A wrong expression, or one that may take without end, is refused with a sentence."""
    with pytest.raises(UserInputError, match=re.compile("expression")):
        Query(text, is_regex=True).finder()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * 3000, f"a closing parenthesis is missing: {'(' * 40}."),
        ("a{5000}", "a number of repetitions is wrong or above 1000: {5000}."),
        (r"\y", r"this escape is not known: \y."),
        ("x\\", "a backslash stands at the end."),
    ],
)
def test_what_is_wrong_with_an_expression_is_said_shortly(text: str, said: str) -> None:
    """The cause in words that can be translated, and the place."""
    with pytest.raises(UserInputError) as raised:
        Query(text, is_regex=True).finder()

    assert raised.value.sentence == f"This is not a regular expression: {said}"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["(a+)+$", "((a+))+$", "(a|aa)+$", "(a|a)*b", "(?:(?:a+))*b"])
def test_no_expression_runs_away(text: str) -> None:
    """What makes a backtracking search endless is found in time that is linear in the text."""
    store = filled(*(Line(float(n), 1, 1, "job", "a" * 5000 + "c") for n in range(20)))

    assert len(find(store.snapshot(), Query(text, is_regex=True))) == 0


def test_a_search_of_many_hits_ends_when_told() -> None:
    """Also where every hit looks on to the line's end, a search ends soon after it is told."""
    asked = []

    def is_over() -> bool:
        asked.append(1)
        return len(asked) > 1

    look = Query("a(?:.*b)?", is_regex=True).finder(is_over)

    assert len(look(b"a" * 5000)) == 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[错误]", 2), ("^.{2}$", 1), ("错.", 1), ("ÉLAN", 1), (r"n\b", 1), ("r.ck$", 1)],
)
def test_expressions_see_characters_and_not_bytes(text: str, expected: int) -> None:
    """A class, a dot and a number count characters; what ends a line is not part of it."""
    raw = "错误\r\n".encode() + "élan\r\n".encode() + "zurück\r\n".encode("latin-1")

    assert len(Query(text, is_regex=True).finder()(raw)) == expected


def test_spans_stand_where_the_text_lies_in_the_file() -> None:
    """Carriage returns are not looked at and still counted."""
    raw = b"one\r\ntwo\r\nthree two\r\n"
    for text in ("two$", "two|one", "[a-z]+$", "e{2}"):
        spans = Query(text, is_regex=True).finder()(raw)
        assert [raw[a:b] for a, b in spans] == [
            found.encode() for found in re.findall(f"(?m){text}", raw.decode().replace("\r", ""))
        ]


def test_the_rows_shown_follow_the_store() -> None:
    """Taking in batch after batch shows what filtering everything would show."""
    rng = np.random.default_rng(9)
    store = LogStore()
    model = LogModel(store)
    model.set_filter(Filter(edges=frozenset({1, 2})))
    for _ in range(80):
        batch = [
            Line(float(rng.integers(0, 300)), int(rng.integers(1, 4)), 1, "job", "x")
            for _ in range(int(rng.integers(1, 40)))
        ]
        model.take_in(store.append(batch))

        assert np.array_equal(model.shown, store.shown(model.rule))


def test_next_and_previous_hit_go_round() -> None:
    """F3 walks all hits from where one looks and starts again at the other end."""
    store = filled(*(Line(float(n), 1, 1, "job", "hit" if n % 3 == 0 else "no") for n in range(9)))
    model = LogModel(store)
    model.take_in(0)
    query = Query("hit")
    model.set_query(query)
    model.found(find(store.snapshot(), query), len(store))

    assert len(model.hits) == 3
    assert [model.step(1, near=4) for _ in range(4)] == [6, 0, 3, 6]
    assert model.step(-1, near=0) == 3
    assert model.hits_at(3) == [(0, 3, True)]
    assert model.hits_at(4) == []
