"""Base widgets: foreign text is plain, tables keep their place, forms speak when left."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.badges import Badge, site_letters
from app.widgets.buttons import Button
from app.widgets.cells import CELL, Cell
from app.widgets.code_view import CodeView
from app.widgets.dialogs import confirm
from app.widgets.file_tree import FileTree
from app.widgets.forms import ChoiceField, Form, TextField, required
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column
from app.widgets.switches import Segmented
from app.widgets.tables import Column, RowModel, Table
from app.widgets.tabs import Tabs
from app.widgets.theme import theme
from app.widgets.toast_host import ToastHost

EVIL = "<b>bold</b><img src='file:///etc/passwd'>\n& more"


def test_foreign_text_is_never_read_as_html(themed: QApplication) -> None:
    for label in (Label(EVIL), ElidedLabel(EVIL)):
        assert label.textFormat() == Qt.TextFormat.PlainText
        assert label.plain() == EVIL
    wrapped = Label(EVIL, wrap=True)
    assert "<b>" not in wrapped.text()
    assert "<img" not in wrapped.text()
    assert "&lt;b&gt;bold" in wrapped.text()


def test_a_long_name_is_cut_and_whole_in_its_tooltip(themed: QApplication, qtbot) -> None:
    label = ElidedLabel("A very long name of a hospital " * 5)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert label.text().endswith("…")
    assert "hospital" in label.toolTip()
    label.setText("Short")
    assert label.text() == "Short"
    assert label.toolTip() == ""


def activate(widget: QWidget, qtbot) -> None:
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow, timeout=5000)


def model_of(rows: list[tuple[int, str]]) -> RowModel[tuple[int, str]]:
    columns = [
        Column[tuple[int, str]]("Id", lambda r: Cell(str(r[0])), 60, sort=lambda r: r[0]),
        Column[tuple[int, str]]("State", lambda r: Cell("", "state", state=r[1])),
    ]
    model = RowModel(columns, key=lambda r: r[0])
    model.set_rows(rows)
    return model


def test_a_table_keeps_its_selection_over_updates(themed: QApplication, qtbot) -> None:
    model = model_of([(1, "RUNNING"), (2, "QUEUED"), (3, "IDLE")])
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    table = Table(model)
    qtbot.addWidget(table)
    table.selectRow(1)
    model.set_rows([(4, "IDLE"), (3, "IDLE"), (2, "FINISHED")])
    assert [r[0] for r in model.rows] == [4, 3, 2]
    assert table.current() == (2, "FINISHED")
    assert not resets


def test_only_changed_rows_are_painted_again(themed: QApplication) -> None:
    model = model_of([(1, "RUNNING"), (2, "QUEUED")])
    touched: list[int] = []
    model.dataChanged.connect(lambda top, _: touched.append(top.row()))
    model.set_rows([(1, "RUNNING"), (2, "FINISHED")])
    assert touched == [1]


def test_sorting_holds_for_rows_that_come_later(themed: QApplication) -> None:
    model = model_of([(2, "IDLE"), (1, "IDLE")])
    model.sort(0, Qt.SortOrder.DescendingOrder)
    model.set_rows([(1, "IDLE"), (3, "IDLE"), (2, "IDLE")])
    assert [r[0] for r in model.rows] == [3, 2, 1]
    model.sort(-1)
    model.set_rows([(1, "IDLE"), (3, "IDLE")])
    assert [r[0] for r in model.rows] == [1, 3]


def test_a_cell_can_be_read_aloud(themed: QApplication) -> None:
    model = model_of([(1, "PENDING_APPROVAL")])
    index = model.index(0, 1)
    assert index.data(Qt.ItemDataRole.DisplayRole) == "Needs you"
    assert isinstance(index.data(CELL), Cell)
    tags = Cell(kind="tags", items=(("new", "violet"),))
    assert tags.spoken() == "new"


def test_return_opens_the_selected_row(themed: QApplication, qtbot) -> None:
    table = Table(model_of([(1, "IDLE")]))
    qtbot.addWidget(table)
    table.selectRow(0)
    with qtbot.waitSignal(table.opened, timeout=2000) as heard:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert heard.args == [(1, "IDLE")]


def test_every_cell_kind_draws_in_both_themes(themed: QApplication, qtbot) -> None:
    cells = [
        Cell("text"), Cell("two", sub="lines"), Cell("site", "site", letters="SA", slot=1),
        Cell(kind="sites", items=tuple(("SA", n) for n in range(9))),
        Cell(kind="state", state="RUNNING", sub="now"), Cell("18/50", "bar", share=0.4),
        Cell(kind="bar"), Cell(kind="spark", values=(1, None, 2, 3)), Cell("a", "icon", icon="cpu"),
        Cell(kind="tags", items=(("x", "warn"),)), Cell("Open", "link"),
        Cell(kind="check", checked=True), Cell(kind="check"),
    ]  # fmt: skip
    columns = [Column[int](str(n), lambda _, c=c: c, 90) for n, c in enumerate(cells)]
    model: RowModel[int] = RowModel(columns, key=lambda r: r)
    model.set_rows([1])
    table = Table(model)
    qtbot.addWidget(table)
    table.resize(1200, 120)
    table.show()
    dark = table.grab().toImage()
    theme().apply(themed, "light")
    try:
        light = table.grab().toImage()
    finally:
        theme().apply(themed, "dark")
    assert dark != light
    assert table.grab().toImage() == dark


def test_a_field_speaks_when_it_is_left_not_before(themed: QApplication, qtbot) -> None:
    holder = QWidget()
    field = TextField("Number", check=lambda t: "" if t.isdigit() else "Use 3, for example.")
    other = TextField("Other")
    holder.setLayout(column(field, other))
    qtbot.addWidget(holder)
    activate(holder, qtbot)
    field.edit.setFocus()
    qtbot.keyClicks(field.edit, "x3")
    assert field.message == ""
    other.edit.setFocus()
    assert field.message == "Use 3, for example."
    assert field.edit.property("invalid") == "true"
    field.edit.setFocus()
    qtbot.keyClick(field.edit, Qt.Key.Key_Backspace)
    assert field.message == ""


def test_a_form_goes_to_its_first_error(themed: QApplication, qtbot) -> None:
    holder = QWidget()
    fields = [TextField(name, check=required("Say it.")) for name in ("A", "B", "C")]
    fields[0].set("x")
    fields[1].hide()
    holder.setLayout(column(*fields))
    qtbot.addWidget(holder)
    activate(holder, qtbot)
    assert not Form(*fields).validate()
    assert fields[1].message == ""
    assert fields[2].edit.hasFocus()


def test_choices_keep_what_was_chosen(themed: QApplication) -> None:
    field = ChoiceField("Group", [(1, "One"), (2, "Two")])
    field.select(2)
    field.set_choices([(2, "Two again"), (3, "Three")])
    assert field.key() == 2
    field.set_choices([])
    assert field.value() == ""


def test_text_colours_follow_the_theme_without_making_labels_anew(
    themed: QApplication, qtbot
) -> None:
    label = Label("x", tok="muted")
    qtbot.addWidget(label)
    label.show()
    dark = label.palette().windowText().color().name()
    theme().apply(themed, "light")
    try:
        light = label.palette().windowText().color().name()
    finally:
        theme().apply(themed, "dark")
    assert (dark, light) == ("#b3bbc8", "#475163")


def test_toasts_stack_and_failures_stay(themed: QApplication, qtbot) -> None:
    window = QWidget()
    window.resize(900, 700)
    qtbot.addWidget(window)
    window.show()
    host = ToastHost(window)
    done = host.show("Done", "It is.", kind="ok")
    failed = host.show("Failed", "Why. Code x.", kind="danger")
    assert done._timer.isActive()
    assert not failed._timer.isActive()
    assert done.geometry().bottom() < failed.geometry().top()
    assert window.rect().contains(done.geometry())
    again = host.show("Failed", "Why now. Code x.", kind="danger")
    assert [toast.title for toast in host.toasts] == ["Done", "Failed"]
    host.close(again)
    assert [toast.title for toast in host.toasts] == ["Done"]


def test_what_stays_is_never_dropped_unseen(themed: QApplication, qtbot) -> None:
    window = QWidget()
    window.resize(900, 900)
    qtbot.addWidget(window)
    window.show()
    host = ToastHost(window)
    asked = [host.show("Approval needed: WDBC", stays=True, key=number) for number in range(5)]
    host.show("Saved", kind="ok")
    assert [one.key for one in host.toasts] == [0, 1, 2, 3, 4, "Saved"]
    shown = [one.key for one in host.toasts if one.isVisible()]
    assert shown == [2, 3, 4, "Saved"]
    for number in range(4):
        host.show(f"Kept {number}", kind="ok")
    assert [one.key for one in host.toasts if one.isVisible()] == [f"Kept {k}" for k in range(4)]
    for one in [one for one in host.toasts if not one.stays]:
        host.close(one)
    assert [one.key for one in host.toasts] == [0, 1, 2, 3, 4]
    host.close(asked[4])
    assert all(one.isVisible() for one in asked[:4])


def test_a_confirmation_does_nothing_on_escape_and_starts_on_the_safe_answer(
    themed: QApplication, qtbot
) -> None:
    window = QWidget()
    window.resize(800, 600)
    qtbot.addWidget(window)
    activate(window, qtbot)
    done: list[str] = []
    dialog = confirm(window, "Stop?", "It ends.", "Stop", lambda: done.append("stopped"))
    focused = dialog.focusWidget()
    assert isinstance(focused, Button)
    assert focused.text() == "Cancel"
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert done == []


def test_segments_and_tabs_tell_their_key(themed: QApplication, qtbot) -> None:
    segmented = Segmented([("a", "One"), ("b", "Two")])
    tabs = Tabs([("x", "Logs"), ("y", "Models")])
    for widget in (segmented, tabs):
        qtbot.addWidget(widget)
        widget.show()
    with qtbot.waitSignal(segmented.chosen, timeout=2000) as heard:
        qtbot.mouseClick(segmented.button("b"), Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    assert heard.args == ["b"]
    tabs.set_count("y", 17)
    tabs.select("y")
    assert tabs.key() == "y"
    assert "17" in tabs.tabText(1)


def test_the_file_tree_marks_and_begins_with_what_changed(themed: QApplication, qtbot) -> None:
    tree = FileTree()
    qtbot.addWidget(tree)
    chosen: list[str] = []
    tree.chosen.connect(chosen.append)
    files = [{"path": p, "size": 9} for p in ("a/b/c.py", "a/d.yaml", "e.py")]
    tree.show_files(files, {"a/d.yaml"})
    tree.select_first()
    assert chosen == ["a/d.yaml"]
    assert tree.topLevelItemCount() == 2


def test_code_is_plain_and_numbered(themed: QApplication, qtbot) -> None:
    view = CodeView()
    qtbot.addWidget(view)
    view.show_file("x.py", "import os\n<b>no html</b>\n")
    assert view.blockCount() == 2
    assert "<b>no html</b>" in view.toPlainText()
    view.show_file("big.py", "x = 1\n" * 30_000)
    assert view.blockCount() < 21_000


def test_badges_say_their_word(themed: QApplication) -> None:
    badge = Badge("SILENT", "Silent 43 s")
    assert badge.accessibleName() == "Silent 43 s"
    assert site_letters("Hôpital Saint-Roch") == "HS"
    assert site_letters("Lab") == "LA"
    assert site_letters("") == "??"
