"""A stack of pages asks only what is seen for room, and hands no change of a size on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.widgets.curve_plot_flow import FlowLayout
from app.widgets.focus_order import in_order
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column, scrolled
from app.widgets.page_stack import PageStack


class Asked(QWidget):
    """Count how often it is asked for its size."""

    count = 0

    def sizeHint(self) -> QSize:
        self.count += 1
        return QSize(40, 40)


class Seen(QObject):
    """Count the events of a kind that a widget gets."""

    def __init__(self, widget: QWidget, kind: QEvent.Type) -> None:
        super().__init__(widget)
        self.count, self._kind = 0, kind
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == self._kind
        return False


def holder(*parts: QWidget) -> QWidget:
    widget = QWidget()
    widget.setLayout(column(*parts))
    return widget


def test_what_changes_inside_moves_nothing_around(themed: QApplication, qtbot) -> None:
    text = Label("one")
    stack, beside = PageStack(holder(text), QWidget()), Asked()
    whole = holder(beside, stack)
    qtbot.addWidget(whole)
    whole.resize(400, 300)
    whole.show()
    qtbot.waitExposed(whole)
    QApplication.processEvents()
    asked, laid = beside.count, Seen(whole, QEvent.Type.LayoutRequest)
    text.setText("quite another text, and longer")
    QApplication.processEvents()
    assert text.width() >= text.sizeHint().width()
    assert (beside.count, laid.count) == (asked, 0)


def test_only_the_widget_in_sight_is_laid_out(themed: QApplication, qtbot) -> None:
    first, second = holder(QLineEdit()), holder(hidden := Asked())
    stack = PageStack(first, second)
    qtbot.addWidget(stack)
    stack.resize(400, 300)
    stack.show()
    QApplication.processEvents()
    assert hidden.count == 0
    assert stack.currentIndex() == 0
    stack.setCurrentWidget(second)
    assert (first.isVisible(), second.isVisible()) == (False, True)
    assert second.size() == stack.size()
    stack.resize(500, 200)
    assert second.size() == QSize(500, 200)
    assert [stack.widget(i) for i in range(stack.count())] == [first, second]


def test_the_focus_goes_with_the_page(themed: QApplication, qtbot) -> None:
    first, second = QLineEdit(), QLineEdit()
    pages = [holder(first), holder(second)]
    stack, beside = PageStack(*pages), QLineEdit()
    whole = holder(beside, stack)
    qtbot.addWidget(whole)
    whole.show()
    whole.activateWindow()
    qtbot.waitUntil(whole.isActiveWindow, timeout=5000)
    first.setFocus()
    stack.setCurrentIndex(1)
    assert second.hasFocus()
    assert second in list(in_order(whole))
    assert first not in list(in_order(whole))
    beside.setFocus()
    stack.setCurrentIndex(0)
    assert beside.hasFocus()


def test_a_wrapped_text_grows_with_its_words(themed: QApplication, qtbot) -> None:
    label = Label("few words", wrap=True)
    qtbot.addWidget(label)
    low = label.heightForWidth(120)
    assert label.heightForWidth(120) == low
    label.setText("very many words " * 20)
    assert label.heightForWidth(120) > 3 * low
    assert label.heightForWidth(1200) < label.heightForWidth(120)


def test_a_text_asks_for_room_only_when_it_is_another(themed: QApplication, qtbot) -> None:
    label = ElidedLabel("a name")
    whole = holder(label)
    qtbot.addWidget(whole)
    whole.show()
    QApplication.processEvents()
    laid = Seen(whole, QEvent.Type.LayoutRequest)
    label.setText("a name")
    QApplication.processEvents()
    assert laid.count == 0
    narrow = label.sizeHint()
    label.setText("a longer name")
    assert label.sizeHint().width() > narrow.width()
    QApplication.processEvents()
    assert laid.count > 0


def test_chips_in_lines_are_counted_anew_when_one_grows(themed: QApplication, qtbot) -> None:
    whole, flow = QWidget(), FlowLayout()
    labels = [Label("chip") for _ in range(4)]
    for label in labels:
        flow.addWidget(label)
    whole.setLayout(flow)
    qtbot.addWidget(whole)
    width = flow.sizeHint().width()
    one_line = flow.heightForWidth(width)
    assert flow.heightForWidth(width) == one_line
    labels[0].setText("a chip with many words")
    assert flow.heightForWidth(width) > one_line
    assert flow.sizeHint().width() > width


def test_a_page_is_put_in_whole_when_its_turn_comes(themed: QApplication, qtbot) -> None:
    field = QLineEdit()
    area = scrolled(holder(field))
    first, second = QWidget(), holder(area)
    stack = PageStack(first, second)
    qtbot.addWidget(stack)
    stack.show()
    assert second.parent() is None
    assert not stack.isAncestorOf(field)
    content = area.widget()
    stack.setCurrentWidget(second)
    assert area.isAncestorOf(field)
    assert area.widget() is content
    field.setFocus()
    assert stack.window().focusWidget() is field


def test_an_area_takes_its_content_when_it_is_measured(themed: QApplication, qtbot) -> None:
    field = QLineEdit()
    field.setFixedSize(200, 100)
    area = scrolled(holder(field))
    qtbot.addWidget(area)
    assert area.widget().parent() is None
    assert area.sizeHint().width() >= 200
    assert area.isAncestorOf(field)
    shown = scrolled(holder(QLineEdit()))
    qtbot.addWidget(shown)
    shown.show()
    assert shown.isAncestorOf(shown.widget())


def test_a_page_can_be_made_when_it_is_asked_for(themed: QApplication, qtbot) -> None:
    made: list[QWidget] = []

    def make() -> QWidget:
        made.append(QWidget())
        return made[-1]

    stack = PageStack(QWidget())
    qtbot.addWidget(stack)
    assert stack.add_later(make) == 1
    assert (stack.count(), len(made)) == (2, 0)
    stack.setCurrentIndex(1)
    assert stack.currentWidget() is made[0]
    assert stack.widget(1) is made[0]
    assert stack.currentIndex() == 1
    assert len(made) == 1
