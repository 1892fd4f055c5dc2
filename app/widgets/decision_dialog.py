"""The approval dialog: who asks, which code, what changed, what it wants, for how long."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.context import AppContext
from app.i18n import tr, trn
from app.widgets.approval_scope import ApprovalScope
from app.widgets.buttons import Button
from app.widgets.decision_calls import CallList
from app.widgets.decision_strip import DecisionStrip
from app.widgets.decision_unshown import UnshownNote
from app.widgets.decision_wants import DataChoice, bytes_out, machine, network, want
from app.widgets.decision_words import decider, is_by_demo, scope_words
from app.widgets.dialogs import Dialog
from app.widgets.diff_view import DiffView
from app.widgets.file_tree import FileTree
from app.widgets.key_value import KeyValue
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import Part, clear, column, row, rule, scrolled
from app.widgets.piecemeal import Piecemeal
from app.widgets.reason_dialog import ReasonDialog
from app.widgets.words import age, date
from app.wire_words import said, sentence_of


class DecisionDialog(Dialog):
    """Everything about one approval, and the two ways to decide it."""

    decided = Signal()

    def __init__(self, parent: QWidget, context: AppContext, approval: dict[str, Any]) -> None:
        self.waits = approval["state"] == "pending"
        name = approval["application"]
        window = parent.window()
        super().__init__(
            parent,
            tr("Approve {name} for this machine?", name=name) if self.waits else name,
            _subtitle(approval),
            icon="shield-check",
            tok="warn" if self.waits else "info",
            width=min(1280, window.width() - 80),
            height=min(812, window.height() - 60),
        )
        self.context = context
        self.approval = approval
        self.first = bool(approval.get("first_time"))
        self._risks: list[dict[str, Any]] = []
        self._has_review = self._has_code = False
        self._pieces = Piecemeal(self)
        self._make_parts()
        self.body.setSpacing(14)
        self.body.addWidget(self.strip)
        self.body.addLayout(
            row((self._left(), 23), rule(vertical=True), (self._middle(), 48), rule(vertical=True),
                (self._right(), 27), gap=14), 1,
        )  # fmt: skip
        if self.waits:
            self._add_decision()
        else:
            self.cost.setText(decider(approval) if is_by_demo(approval) else "")
            self.add_button(Button(tr("Close"), on_click=self.reject))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.first_focus = self.code
        self._read()

    def _make_parts(self) -> None:
        self.strip = DecisionStrip(self.approval)
        self.code = DiffView()
        self.code.unfolded.connect(self._read_file)
        self.files = FileTree()
        self.files.chosen.connect(self._show_file)
        self.calls = CallList()
        self.calls.called.connect(self._show_call)
        self.against = ElidedLabel(self._against(), "strong")
        self.files_note = Label("", "small", "faint")
        self.all_files = Button(tr("All files"), "link", on_click=self._toggle_all)
        self.all_files.setVisible(not self.first)
        self.back = Button(kind="ghost", icon="arrow-up", tip=tr("Previous change"),
                           on_click=self.code.previous_change)  # fmt: skip
        self.forth = Button(kind="ghost", icon="arrow-down", tip=tr("Next change"),
                            on_click=self.code.next_change)  # fmt: skip
        self.unshown = UnshownNote()
        self.unshown.changed.connect(self._may_approve)
        self.data = DataChoice(self.approval)
        self._wants = QVBoxLayout()
        self._wants.setSpacing(8)

    # --- parts ---
    def _against(self) -> str:
        if self.first:
            return tr("First version of this application here")
        at = self.approval.get("last_approved_at")
        return tr("Against the version approved on {date}", date=date(at))

    def _left(self) -> QVBoxLayout:
        head = row(Label(tr("Files"), "strong"), None, self.files_note)
        return column(head, (self.files, 1), rule(), self.calls, gap=8)

    def _middle(self) -> QVBoxLayout:
        head = row((self.against, 1), self.all_files, self.back, self.forth, gap=8)
        parts: list[Part] = [head, (self.code, 1)]
        return column(*parts, *([self.unshown] if self.waits else []), gap=8)

    def _right(self) -> QWidget:
        one = self.approval
        parts: list[Part] = [Label(tr("What it wants"), "strong")]
        if self.waits:
            parts.append(self.data)
        parts += [self._wants, rule(), self._contained(), rule()]
        if one.get("asked_again"):
            again = Label(tr("Asked again: {why}", why=said(one["asked_again"])), "small", "warn",
                          wrap=True)  # fmt: skip
            parts = [again, rule(), *parts]
        if self.waits:
            self.scope = ApprovalScope(one["run_id"])
            self.scope.changed.connect(self._name_outcome)
            self.data.changed.connect(self._name_outcome)
            parts.append(self.scope)
        else:
            parts.append(self._outcome())
        content = QWidget()
        content.setLayout(column(*parts, None, gap=10, margins=(0, 0, 8, 0)))
        return scrolled(content)

    def _contained(self) -> QWidget:
        text = self.approval.get("sandbox") or tr("Nothing contains it on this machine.")
        safe = "no network" in str(text)
        box = QWidget()
        box.setLayout(
            column(
                row(Icon("shield-check" if safe else "shield-alert", "ok" if safe else "warn"),
                    Label(tr("What contains it"), "strong"), None, gap=8),
                Label(said(str(text)), "small", "muted", wrap=True), gap=6,
            )
        )  # fmt: skip
        return box

    def _show_wants(self, limits: dict[str, Any]) -> None:
        one = self.approval
        clear(self._wants)
        calls = sum(risk["kind"] == "network" for risk in self._risks)
        tok, title, text = network(one, calls)
        part = (
            tr("trains on this silo's data") if one["role"] == "client"
            else tr("combines the updates of all silos")
        )  # fmt: skip
        count = int(one.get("rounds") or 0)
        rounds = trn("{count} round", "{count} rounds", count) if count else ""
        words = " · ".join(word for word in (one["engine"], rounds) if word)
        lines = [
            want("globe", title, text, tok),
            want("microchip", *machine(one, limits)),
            want("arrow-up-right", *bytes_out(one)),
            want("play", part[:1].upper() + part[1:], words),
        ]
        given = one.get("parameters") or {}
        if given:
            pairs = ", ".join(f"{key} = {value}" for key, value in given.items())
            lines.append(want("sliders-horizontal", tr("Parameters"), pairs))
        for line in lines:
            self._wants.addLayout(line)

    def _outcome(self) -> QWidget:
        one = self.approval
        facts = [
            (tr("Decided by"), decider(one) or "–"),
            (tr("On"), date(one.get("decided_at"))),
            (tr("Covers"), "–" if one["state"] == "refused" else scope_words(one) or "–"),
        ]
        given = one.get("dataset")
        if given:
            version = tr("{name}, version {number}", name=given["name"], number=given["number"])
            facts.append((tr("Data"), version))
        elif one["state"] == "approved":
            facts.append((tr("Data"), tr("none")))
        if one.get("reason"):
            facts.append((tr("Reason"), one["reason"]))
        return KeyValue(facts, key_width=84)

    # --- deciding ---
    def _add_decision(self) -> None:
        self.refuse = self.add_button(
            Button(tr("Refuse..."), "dangerline", icon="ban", on_click=self._ask_reason)
        )
        self.approve = self.add_button(
            Button(tr("Approve"), "primary", icon="shield-check", on_click=self._approve)
        )
        self.approve.setEnabled(False)  # nobody approves what was not shown
        self._name_outcome()

    def _name_outcome(self) -> None:
        if not hasattr(self, "approve"):
            return
        safe = "no network" in str(self.approval.get("sandbox") or "")
        chosen = self.data.chosen()
        self.cost.setText(self.scope.outcome())
        if chosen and safe:
            words = tr("Approve with {data}, network stays blocked", data=chosen["name"])
        elif chosen:
            words = tr("Approve with {data}, network open", data=chosen["name"])
        elif safe:
            words = tr("Approve without data, network stays blocked")
        else:
            words = tr("Approve without data, network open")
        self.approve.setText(words)

    def _approve(self) -> None:
        self._send(
            "approvals.approve", scope=self.scope.key(), expires_at=self.scope.expires_at(),
            **self.data.params(),
        )  # fmt: skip

    def _ask_reason(self) -> None:
        ReasonDialog(self, self.approval, lambda why: self._send("approvals.refuse", reason=why))

    def _send(self, method: str, **params: Any) -> None:
        self.approve.setEnabled(False)
        self.refuse.setEnabled(False)
        self.context.tasks.call(
            method, self._sent, self._failed, self, id=self.approval["id"], **params
        )

    def _sent(self, approval: dict[str, Any]) -> None:
        name = approval["application"]
        if approval["state"] == "approved":
            self.context.notify(
                tr("{name} approved", name=name), tr("Its run goes on here."), kind="ok"
            )
        else:
            self.context.notify(
                tr("{name} refused", name=name),
                tr("Nothing of it ran. The owner reads why."), kind="info",
            )  # fmt: skip
        self.decided.emit()
        self.accept()

    def _failed(self, error: Exception) -> None:
        self._may_approve()
        self.refuse.setEnabled(True)
        title, text = sentence_of(error)
        self.context.notify(title, text, kind="danger")
        self._read_offers()
        self.decided.emit()

    def _may_approve(self) -> None:
        if hasattr(self, "approve"):
            is_seen = self._has_review and self._has_code
            self.approve.setEnabled(is_seen and self.unshown.is_settled())

    # --- reading ---
    def _read(self) -> None:
        call, number = self.context.tasks.call, self.approval["id"]
        self.files_note.setText(tr("Reading the files"))
        call("approvals.review", self._show_review, self._show_nothing, self, id=number)
        group = self.approval.get("group_id")
        call("groups.get", self._show_group, lambda _: None, self, group_id=group)
        # Columns may be registered while the dialog is open.
        self.context.events.changed.connect(self._changed)

    def _changed(self, what: str, _id: object, _change: object) -> None:
        if what == "dataset" and self.waits:
            self._read_offers()

    def _read_offers(self) -> None:
        """Offer the data again as it is now; what was chosen stays chosen."""
        self.context.tasks.call(
            "approvals.review", lambda found: self.data.set_offers(found["datasets"], again=True),
            lambda _: None, self, id=self.approval["id"],
        )  # fmt: skip

    def _show_group(self, group: dict[str, Any]) -> None:
        self.strip.set_group(str(group["name"]))

    def _show_review(self, found: dict[str, Any]) -> None:
        self._risks = found["risks"]
        if not found["is_compared"] and not self.first:
            self.against.setText(tr("The approved version is not kept here; whole files are shown"))
        self._pieces.start(
            lambda: self._show_files(found["files"]),
            lambda: self.calls.show_risks(self._risks, first=self.first),
            lambda: self._show_wants(found.get("limits") or {}),
            lambda: self.data.set_offers(found["datasets"]) if self.waits else None,
            self._reviewed,
        )
        self._read_diff()

    def _reviewed(self) -> None:
        """All that the decision is about is shown, but for the code."""
        self._has_review = True
        self._may_approve()

    def _show_files(self, files: list[dict[str, Any]]) -> None:
        marks = {file["path"]: mark_of(file) for file in files}
        self.files.show_files(files, (), {} if self.first else marks)
        changed = sum(file["state"] != "same" for file in files)
        if self.first:
            note = trn("{count} file", "{count} files", len(files))
        else:
            note = tr("{changed} of {count} changed", changed=changed, count=len(files))
        self.files_note.setText(note)

    def _read_diff(self) -> None:
        self.context.tasks.call(
            "approvals.diff", self._show_diff, self._show_nothing, self, id=self.approval["id"]
        )

    def _show_diff(self, files: list[dict[str, Any]]) -> None:
        self.code.show_files(files, self._risks, first=self.first)
        if self._has_code:
            self.unshown.seen(files)
        else:
            self.unshown.expect(files)
        self._has_code = True
        for button in (self.back, self.forth):
            button.setEnabled(bool(self.code.model.changes))
        self.all_files.setText(tr("All files"))
        self._may_approve()

    def _toggle_all(self) -> None:
        if self.all_files.text().strip() != tr("All files"):
            self._read_diff()
            return
        self.context.tasks.call(
            "approvals.diff", self._show_all, None, self, id=self.approval["id"],
            every_file=True,
        )  # fmt: skip

    def _show_all(self, files: list[dict[str, Any]]) -> None:
        self._show_diff(files)
        self.all_files.setText(tr("Changed files"))

    def _show_file(self, path: str) -> None:
        if not self.code.go_to(path):
            self._read_file(path)

    def _show_call(self, path: str, line: int) -> None:
        at = self.code.model.place(path, line)
        shown = at >= 0 and self.code.model.lines[at].new == line
        if shown:
            self.code.go_to(path, line)
        else:
            self._read_file(path, line)

    def _read_file(self, path: str, line: int | None = None) -> None:
        def show(files: list[dict[str, Any]]) -> None:
            self.code.show_files(files, self._risks, first=self.first)
            self.code.go_to(path, line)
            self.unshown.seen(files)
            self.all_files.setVisible(True)
            self.all_files.setText(tr("Changed files"))

        call = self.context.tasks.call
        call("approvals.diff", show, None, self, id=self.approval["id"], path=path, whole=True)

    def _show_nothing(self, error: Exception) -> None:
        self.files_note.setText("")
        self.against.setText(tr("The files could not be read"))
        failed = {"path": sentence_of(error)[0], "rows": [], "is_binary": False, "is_cut": True}
        self.code.show_files([failed], [], first=True)


def mark_of(file: dict[str, Any]) -> tuple[str, str]:
    """Return the word beside a file in the tree, and its colour."""
    state = file["state"]
    if state == "removed":
        return tr("removed"), "danger"
    if state == "new":
        return tr("new"), "violet"
    if state == "same":
        return tr("same"), "faint"
    if not file["added"] + file["removed"]:
        return tr("changed"), "warn"
    return f"+{file['added']} −{file['removed']}", "warn"


def _subtitle(approval: dict[str, Any]) -> str:
    run = approval["run_id"]
    state = approval["state"]
    if state == "pending":
        asked = age(approval["asked_at"])
        return tr("Asked {age} ago for run {run}. Nothing runs until you decide.", age=asked,
                  run=run)  # fmt: skip
    if state == "approved":
        return tr("Approved for run {run}.", run=run)
    if state == "refused":
        return tr("Refused for run {run}.", run=run)
    return tr("Withdrawn for run {run}; it needs no answer any more.", run=run)
