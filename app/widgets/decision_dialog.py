"""The approval dialog: who asks, which code, what it may do, for how long."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.context import AppContext
from app.widgets.approval_scope import ApprovalScope
from app.widgets.badges import SiteTag, site_letters
from app.widgets.buttons import Button
from app.widgets.cards import Inset
from app.widgets.code_view import CodeView
from app.widgets.dialogs import Dialog
from app.widgets.file_tree import FileTree
from app.widgets.key_value import KeyValue
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import Part, column, row, rule, scrolled
from app.widgets.reason_dialog import ReasonDialog
from app.widgets.words import age, date, key_name, plural, short_digest, size


class DecisionDialog(Dialog):
    """Everything about one approval, and the two ways to decide it."""

    decided = Signal()

    def __init__(self, parent: QWidget, context: AppContext, approval: dict[str, Any]) -> None:
        waits = approval["state"] == "pending"
        name = approval["application"]
        window = parent.window()
        super().__init__(
            parent,
            f"Approve {name} for this machine?" if waits else name,
            _subtitle(approval),
            icon="shield-check",
            tok="warn" if waits else "info",
            width=min(1280, window.width() - 80),
            height=min(812, window.height() - 60),
        )
        self.context = context
        self.approval = approval
        self.code = CodeView()
        self.files = FileTree()
        self.files.chosen.connect(self._read_file)
        self.path = ElidedLabel("", "small_medium", mono=True)
        self.path_note = Label("", "small", "faint")
        self.body.setSpacing(14)
        self.body.addWidget(self._strip())
        middle = row(
            (self._left(), 23), rule(vertical=True), (self._middle(), 46), rule(vertical=True),
            (self._right(), 27), gap=14,
        )  # fmt: skip
        self.body.addLayout(middle, 1)
        self.cost.setText("Kept with this run, and told to the one who asks.")
        if waits:
            self._add_decision()
        else:
            self.add_button(Button("Close", on_click=self.reject))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.first_focus = self.code
        self.path.setText("Reading the files …")
        # Lists carry no files, so that they stay small; the whole question is asked for here.
        context.tasks.call(
            "approvals.get", self._show_files, self._show_no_files, self, id=approval["id"]
        )

    # --- parts ---
    def _strip(self) -> Inset:
        one = self.approval
        signed = bool(one.get("signed"))
        key = key_name(one["builder_key"]) if signed else ""
        words = f"Signed with key {key}" if signed else "Not signed by anyone"
        who = column(
            row(Label(one["asked_by"], "strong"), Label(one["project"], "small", "muted"), None),
            row(
                Icon("circle-check" if signed else "shield-alert", "ok" if signed else "warn", 14),
                Label(words, "small", "muted"), None, gap=6,
            ),
            gap=3,
        )  # fmt: skip
        parts: list[Part] = [SiteTag(site_letters(one["asked_by"]), 5, 34), (who, 1)]
        digest = ElidedLabel(short_digest(one["content_digest"]), "small", mono=True)
        digest.setToolTip(one["content_digest"])
        for caption, value in (
            ("Code fingerprint", Label(one["fingerprint"], "strong")),
            ("Content digest", digest),
        ):
            parts += [
                rule(vertical=True),
                column(Label(caption, "small", "faint"), value, gap=4),
            ]
        return Inset(row(*parts, gap=14), margins=(14, 10, 14, 10))

    def _left(self) -> QVBoxLayout:
        one = self.approval
        changed = len(one.get("changed_files") or [])
        note = "first version here" if one.get("first_time") else f"{changed} changed"
        return column(
            row(Label("Files", "strong"), None, Label(note, "small", "faint")),
            (self.files, 1),
            gap=8,
        )

    def _middle(self) -> QVBoxLayout:
        return column(row((self.path, 1), self.path_note), (self.code, 1), gap=8)

    def _right(self) -> QWidget:
        one = self.approval
        facts: list[tuple[str, str]] = [
            ("Part", "trains on this silo's data" if one["role"] == "client"
             else "combines the updates of all silos"),
            ("Engine", one["engine"]),
            ("Rounds", str(one["rounds"]) if one.get("rounds") else "the package decides"),
            ("Code size", "…"),
        ]  # fmt: skip
        given = one.get("parameters") or {}
        if given:
            facts.append(("Parameters", "\n".join(f"{k} = {v}" for k, v in given.items())))
        self.facts = KeyValue(facts, key_width=84)
        contained = Label(one.get("sandbox") or "Nothing contains it on this machine.", "small",
                          "muted", wrap=True)  # fmt: skip
        safe = bool(one.get("sandbox"))
        parts: list[Part] = [
            Label("What it does", "strong"),
            self.facts,
            rule(),
            row(
                Icon("shield-check" if safe else "shield-alert", "ok" if safe else "warn"),
                Label("What contains it", "strong"), None, gap=8,
            ),
            contained,
            rule(),
        ]  # fmt: skip
        if one["state"] == "pending":
            self.scope = ApprovalScope(one["run_id"])
            self.scope.changed.connect(self._name_outcome)
            parts.append(self.scope)
        else:
            parts.append(self._outcome())
        content = QWidget()
        content.setLayout(column(*parts, None, gap=10, margins=(0, 0, 8, 0)))
        return scrolled(content)

    def _outcome(self) -> QWidget:
        one = self.approval
        facts = [
            ("Decided by", one.get("decided_by") or "–"),
            ("On", date(one.get("decided_at"))),
            ("Scope", {"once": "one start", "run": "the run", "standing": "this exact code"}.get(
                one.get("scope") or "", "–")),
        ]  # fmt: skip
        if one.get("expires_at"):
            facts.append(("Until", date(one["expires_at"])))
        if one.get("reason"):
            facts.append(("Reason", one["reason"]))
        return KeyValue(facts, key_width=84)

    # --- deciding ---
    def _add_decision(self) -> None:
        self.refuse = self.add_button(
            Button("Refuse...", "dangerline", icon="ban", on_click=self._ask_reason)
        )
        self.approve = self.add_button(
            Button("Approve", "primary", icon="shield-check", on_click=self._approve)
        )
        self.approve.setEnabled(False)  # nobody approves what was not shown
        self._name_outcome()

    def _name_outcome(self) -> None:
        self.approve.setText(self.scope.outcome())

    def _approve(self) -> None:
        self._send("approvals.approve", scope=self.scope.key(), expires_at=self.scope.expires_at())

    def _ask_reason(self) -> None:
        ReasonDialog(self, self.approval, lambda why: self._send("approvals.refuse", reason=why))

    def _send(self, method: str, **params: Any) -> None:
        self.approve.setEnabled(False)
        self.refuse.setEnabled(False)
        self.context.tasks.call(
            method, self._sent, self._failed, self, id=self.approval["id"], **params
        )

    def _sent(self, approval: dict[str, Any]) -> None:
        approved = approval["state"] == "approved"
        self.context.notify(
            f"{approval['application']} {'approved' if approved else 'refused'}",
            "Its run goes on here." if approved else "Nothing of it ran. The owner reads why.",
            kind="ok" if approved else "info",
        )
        self.decided.emit()
        self.accept()

    def _failed(self, error: Exception) -> None:
        self.approve.setEnabled(True)
        self.refuse.setEnabled(True)
        title = getattr(error, "sentence", str(error))
        self.context.notify(title, getattr(error, "next_step", ""), kind="danger")
        self.decided.emit()

    # --- reading ---
    def _show_files(self, approval: dict[str, Any]) -> None:
        files = approval["files"]
        self.facts.set("Code size", _code_size(files))
        self.path.setText("")
        self.files.show_files(files, approval.get("changed_files") or [])
        self.files.select_first()
        if approval["state"] == "pending" and hasattr(self, "approve"):
            self.approve.setEnabled(bool(files))

    def _show_no_files(self, error: Exception) -> None:
        self.facts.set("Code size", "–")
        self.path.setText("The files could not be read")
        self.code.show_file("", str(error))

    def _read_file(self, path: str) -> None:
        self.path.setText(path)
        self.path_note.setText("")
        self.context.tasks.call(
            "approvals.file",
            lambda found: self._show_file(path, found),
            lambda error: self._show_file(path, {"text": str(error)}),
            self,
            id=self.approval["id"],
            path=path,
        )

    def _show_file(self, path: str, found: dict[str, Any]) -> None:
        if path != self.path.plain():
            return
        if found.get("is_binary"):
            self.path_note.setText("not text, cannot be shown")
            self.code.show_file(path, "")
            return
        text = str(found.get("text") or "")
        is_changed = found.get("changed") and not self.approval.get("first_time")
        changed = " · changed" if is_changed else ""
        self.path_note.setText(plural(len(text.splitlines()), "line") + changed)
        self.code.show_file(path, text)


def _subtitle(approval: dict[str, Any]) -> str:
    run = f"run {approval['run_id']}"
    if approval["state"] == "pending":
        asked = age(approval["asked_at"])
        return f"Asked {asked} ago for {run}. Nothing runs until you decide."
    return f"{approval['state'].capitalize()} for {run}."


def _code_size(files: list[dict[str, Any]]) -> str:
    return f"{plural(len(files), 'file')}, {size(sum(int(f.get('size') or 0) for f in files))}"
