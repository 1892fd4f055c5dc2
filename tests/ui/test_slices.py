"""What is made in slices comes whole, while the window comes round between them."""

from __future__ import annotations

import sys
import time

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app import slices
from app.shell.navigation import AHEAD
from app.slices import Sliced, breathe, is_slicing, sliced
from app.widgets.ahead import Ahead
from app.widgets.labels import Label
from app.widgets.layouts import column
from app.widgets.page_stack import PageStack

# Where Qt's own code stands between, the stack must not be left.
OF_QT = frozenset({
    "event", "eventFilter", "sizeHint", "minimumSizeHint", "heightForWidth", "hasHeightForWidth",
    "data", "rowCount", "columnCount", "paint", "draw",
})  # fmt: skip
BOUND_MS = 20_000


@pytest.fixture
def each(monkeypatch) -> list[set[str]]:
    """Leave the stack wherever it may be left; return the functions that stood on it."""
    stacks: list[set[str]] = []
    pause = Sliced.pause

    def noted(one: Sliced) -> None:
        frame, names = sys._getframe(1), set()
        while frame is not None:
            names.add(frame.f_code.co_name)
            frame = frame.f_back
        stacks.append(names)
        pause(one)

    monkeypatch.setattr(slices, "SLICE_S", 0.0)
    monkeypatch.setattr(Sliced, "pause", noted)
    return stacks


def labels(count: int) -> QWidget:
    made = QWidget()
    made.setLayout(column(*(Label(str(i)) for i in range(count))))
    return made


def test_the_window_comes_round_between_slices(themed: QApplication, each, qtbot) -> None:
    owner, found, turns = QWidget(), [], []
    clock = QTimer(owner, interval=0)
    clock.timeout.connect(lambda: turns.append(is_slicing()))
    clock.start()
    sliced(lambda: labels(30), found.append, owner)
    assert is_slicing()
    qtbot.waitUntil(lambda: bool(found), timeout=BOUND_MS)
    assert len(found[0].findChildren(Label)) == 30
    assert turns.count(True) >= 30
    assert not is_slicing()


def test_what_is_wanted_now_is_made_at_once(themed: QApplication, each, qtbot) -> None:
    owner, found = QWidget(), []
    one = sliced(lambda: labels(30), found.append, owner)
    qtbot.waitUntil(lambda: len(each) > 3, timeout=BOUND_MS)
    assert not found
    one.finish()
    assert len(found[0].findChildren(Label)) == 30
    assert not is_slicing()


def test_one_follows_the_other_and_a_failure_holds_nobody_up(
    themed: QApplication, each, qtbot
) -> None:
    owner, found = QWidget(), []

    def fails() -> QWidget:
        labels(3)
        raise ValueError("half made")

    with qtbot.captureExceptions() as raised:
        sliced(fails, found.append, owner)
        sliced(lambda: labels(5), found.append, owner)
        qtbot.waitUntil(lambda: bool(found), timeout=BOUND_MS)
    assert [kind for kind, *_ in raised] == [ValueError]
    assert len(found) == 1


def test_what_nobody_wants_any_more_is_left(themed: QApplication, each, qtbot) -> None:
    owner, found, ended = QWidget(), [], []

    def make() -> QWidget:
        try:
            return labels(30)
        finally:
            ended.append(True)

    one = sliced(make, found.append, owner)
    qtbot.waitUntil(lambda: len(each) > 3, timeout=BOUND_MS)
    one.cancel()
    assert ended
    assert not is_slicing()
    sliced(make, found.append, owner)
    count = len(each)
    qtbot.waitUntil(lambda: len(each) > count + 3, timeout=BOUND_MS)
    owner.deleteLater()
    qtbot.waitUntil(lambda: not is_slicing(), timeout=BOUND_MS)
    assert ended == [True, True]
    assert not found


def test_a_breath_costs_nothing_while_nothing_is_made(themed: QApplication) -> None:
    layout, begun = QVBoxLayout(), time.perf_counter()
    for _ in range(10_000):
        breathe()
    assert time.perf_counter() - begun < 1.0
    assert layout.count() == 0


def test_the_half_made_one_is_finished_where_it_is_asked_for(
    themed: QApplication, each, qtbot
) -> None:
    taken: dict[str, QWidget] = {}
    owner = QWidget()
    ahead = Ahead(
        ("one", "two"), lambda _: labels(20), taken.__setitem__, taken.__contains__, owner
    )
    ahead.start()
    qtbot.waitUntil(lambda: len(each) > 3, timeout=BOUND_MS)
    ahead.finish("two")
    assert not taken
    ahead.finish("one")
    assert list(taken) == ["one"]
    qtbot.waitUntil(lambda: "two" in taken, timeout=BOUND_MS)


def test_one_that_cannot_be_made_ahead_holds_none_up(themed: QApplication, qtbot) -> None:
    taken: dict[str, QWidget] = {}
    tries: list[str] = []

    def make(key: str) -> QWidget:
        tries.append(key)
        if key == "broken":
            raise ValueError(key)
        return labels(3)

    owner = QWidget()
    ahead = Ahead(("broken", "two"), make, taken.__setitem__, taken.__contains__, owner)
    with qtbot.captureExceptions() as raised:
        ahead.start()
        qtbot.waitUntil(lambda: "two" in taken, timeout=BOUND_MS)
    assert [kind for kind, *_ in raised] == [ValueError]
    assert tries == ["broken", "two"]
    assert not is_slicing()


@pytest.mark.parametrize("scene", ["working", "first-run"])
def test_every_page_is_made_ahead_and_then_only_shown(
    make_agent, make_window, each, qtbot, scene: str
) -> None:
    """No page is left half-way where Qt's own code stands on the stack, with an account or not."""
    window = make_window(make_agent(scene).home).window
    qtbot.waitUntil(lambda: bool(window.status), timeout=BOUND_MS)
    window.coming.start()
    qtbot.waitUntil(lambda: set(AHEAD) <= set(window.pages), timeout=120_000)
    assert len(each) > 500
    inside = {name for stack in each for name in stack}
    assert not {name for name in inside if name in OF_QT or name.endswith("Event")}
    for key in AHEAD:
        made = window.pages[key]
        window.navigate(key)
        assert window.page() is made
        qtbot.wait(20)


def test_a_page_that_is_half_made_is_shown_when_it_is_chosen(
    make_agent, make_window, each, qtbot
) -> None:
    window = make_window(make_agent("working").home).window
    qtbot.waitUntil(lambda: bool(window.status), timeout=BOUND_MS)
    window.coming.start()
    qtbot.waitUntil(is_slicing, timeout=BOUND_MS)
    key = window.coming._key
    count = len(each)
    qtbot.waitUntil(lambda: len(each) > count + 5, timeout=BOUND_MS)
    window.navigate(key)
    assert window.key == key
    qtbot.waitUntil(lambda: window.stack.currentWidget() is window.pages[key], timeout=BOUND_MS)
    window.rebuild()  # as after a change of language: all are made anew
    qtbot.waitUntil(lambda: set(AHEAD) <= set(window.pages), timeout=120_000)


def test_a_stack_prepares_what_it_holds(themed: QApplication) -> None:
    inner = PageStack(labels(3), labels(3))
    page = QWidget()
    page.setLayout(column(inner))
    stack = PageStack(QWidget())
    stack.resize(300, 200)
    stack.prepare(page)
    assert page.parent() is stack
    assert page.size() == stack.size()
    assert all(one.parent() is inner for one in inner.made())
    stack.addWidget(page)
    stack.setCurrentWidget(page)
    assert page.isVisibleTo(stack)
    stack.show()
    assert [one.isVisible() for one in inner.made()] == [True, False]
