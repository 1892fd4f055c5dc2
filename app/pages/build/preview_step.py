"""Step 2: exactly what goes in, what stays out and why, and what was checked."""

from __future__ import annotations

from collections import Counter
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agent_core.packages.preview import Preview
from agent_core.packages.preview_checks import Check
from agent_core.packages.preview_runtime import pending
from app.i18n import tr
from app.pages.build.model import words_of
from app.pages.build.preview_looks import LeftOutDialog, LineDialog
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.file_tree import FileTree
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import Part, clear, column, row, rule, scrolled
from app.widgets.words import plural, short_digest, size
from app.wire_words import said

_CHECKS = {
    "pass": ("circle-check", "ok"),
    "note": ("triangle-alert", "warn"),
    "fail": ("circle-x", "danger"),
    "wait": ("loader", "cyan"),
}
LEFT_OUT_SHOWN = 8


class PreviewStep(QWidget):
    """Content on the left, checks on the right."""

    def __init__(self) -> None:
        super().__init__()
        self._of_sources: list[Check] = []
        self._shown: list[Check] = []
        self._sources: dict[str, str] = {}
        self.content = Label("", "small", "faint")
        self.files = FileTree()
        self.left_out = QVBoxLayout()
        self.left_out.setSpacing(6)
        files = Card(tr("Package content"), actions=[self.content])
        files.add((self.files, 1), rule(), Label(tr("Left out"), "small", "muted"), self.left_out)
        self.tags = [Tag("", "ok"), Tag("", "warn"), Tag("", "danger")]
        checks = Card(tr("Checks"), actions=self.tags)
        self.checks = QVBoxLayout()
        self.checks.setSpacing(0)
        holder = QWidget()
        holder.setLayout(column(self.checks, None))
        checks.add((scrolled(holder), 1))
        self.figures = [Label("–", "title") for _ in range(3)]
        captions = (
            tr("content, before packing"),
            tr("in the package"),
            tr("fingerprint of the content"),
        )
        parts: list[Part] = []
        for figure, caption in zip(self.figures, captions, strict=True):
            if parts:
                parts.append(rule(vertical=True))
            block = column(figure, Label(caption, "small", "muted"), gap=2)
            parts.append((block, 2 if figure is self.figures[2] else 1))
        traffic = Label(
            tr("Each round moves the model up and down; the first round tells its size."),
            "small", "faint", wrap=True,
        )  # fmt: skip
        send = Card(tr("What others will get")).add(row(*parts, gap=18), traffic)
        right = column((checks, 1), send, gap=16)
        self.setLayout(row((files, 1), (right, 1), gap=16))

    def show_preview(self, preview: Preview) -> None:
        """Show what a build would pack."""
        self.content.setText(f"{plural(len(preview.files), 'file')}, {size(preview.size)}")
        tones = {"entry": "accent_text", "generated": "faint", "signed at build": "faint"}
        marks = {f.path: (f.tag, tones.get(f.tag, "warn")) for f in preview.files if f.tag}
        files = [{"path": f"{preview.root}/{f.path}", "size": f.size} for f in preview.files]
        self.files.show_files(
            files, (), {f"{preview.root}/{path}": mark for path, mark in marks.items()}
        )
        self._show_left_out(preview)
        self._of_sources, self._sources = list(preview.checks), preview.sources
        self.show_runtime(pending())
        self.figures[0].setText(size(preview.size))
        self.figures[1].setText(plural(len(preview.files), "file"))
        self.figures[2].setText(words_of(preview.content_digest))
        self.figures[2].setToolTip(short_digest(preview.content_digest))

    def states(self) -> dict[str, str]:
        """Return the state of each check that is shown."""
        return {check.key: check.state for check in self._shown}

    def show_runtime(self, checks: list[Check]) -> None:
        """Show what the job runtime answered, behind the requirements that it was asked about."""
        keys = [check.key for check in self._of_sources]
        at = keys.index("requirements") + 1 if "requirements" in keys else len(keys)
        self._show_checks([*self._of_sources[:at], *checks, *self._of_sources[at:]])

    def _show_left_out(self, preview: Preview) -> None:
        clear(self.left_out)
        for one in preview.left_out[:LEFT_OUT_SHOWN]:
            path = ElidedLabel(one.path, "small", mono=True)
            amount = Label("", "small", "faint", align=Qt.AlignmentFlag.AlignRight)
            amount.setText(size(one.size) if one.size is not None else "")
            amount.setMinimumWidth(62)
            reason = ElidedLabel(said(one.reason), "small", "faint")
            parts = (Icon("ban", "faint", 14), (path, 2), (reason, 3), amount)
            self.left_out.addLayout(row(*parts, gap=8))
        more = len(preview.left_out) - LEFT_OUT_SHOWN
        if more > 0:
            words = tr("and {more} more…", more=more)
            self.more = Button(
                words, "link", sz="sm", on_click=lambda: LeftOutDialog(self, preview.left_out)
            )
            self.left_out.addLayout(row(self.more, None))
        if not preview.left_out:
            self.left_out.addWidget(
                Label(tr("Nothing: the whole folder goes in."), "small", "faint")
            )

    def _show_checks(self, checks: list[Check]) -> None:
        self._shown = checks
        clear(self.checks)
        for number, check in enumerate(checks):
            if number:
                self.checks.addWidget(rule())
            icon, tok = _CHECKS[check.state]
            words = column(
                Label(said(check.title), "medium"),
                Label(said(check.text), "small", "muted", wrap=True),
                gap=2,
            )
            holder = QWidget()
            parts: list[Part] = [Icon(icon, tok, 18), (words, 1)]
            if check.path in self._sources and check.line:
                show = Button(tr("Show"), sz="sm", on_click=partial(self._show_line, check))
                show.setAccessibleName(tr("Show {title}", title=said(check.title)))
                parts.append(show)
            holder.setLayout(row(*parts, gap=12, margins=(0, 9, 8, 9)))
            self.checks.addWidget(holder)
        found: Counter[str] = Counter(check.state for check in checks)
        words_of_tags = (
            ("pass", tr("{n} pass", n=found["pass"]), "ok"),
            ("note", tr("{n} note", n=found["note"]), "warn"),
            ("fail", tr("{n} fail", n=found["fail"]), "danger"),
        )
        for tag, (state, text, tok) in zip(self.tags, words_of_tags, strict=True):
            tag.set(text, tok)
            tag.setVisible(bool(found[state]))

    def _show_line(self, check: Check) -> None:
        LineDialog(self, check, self._sources[check.path])
