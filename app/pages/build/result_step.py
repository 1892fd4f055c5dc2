"""Step 3: the package, its fingerprint, the build log, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agent_core.keys import short_fingerprint
from agent_core.packages.builder import BuildResult
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Card, Inset
from app.widgets.code_view import CodeView
from app.widgets.key_value import KeyValue
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import Part, clear, column, row, rule
from app.widgets.words import plural, size

_OTHER = {"client": "server", "server": "client"}


class NextRow(QWidget):
    """One thing to do next."""

    def __init__(
        self, icon: str, title: str, text: str, action: str, on_click: Callable[[], object],
        kind: str = "secondary",
    ) -> None:  # fmt: skip
        super().__init__()
        self.title = Label(title, "medium")
        self.text = ElidedLabel(text, "small", "muted")
        self.button = Button(action, kind, sz="sm", on_click=on_click)
        words = column(self.title, self.text, gap=1)
        parts: tuple[Part, ...] = (Icon(icon, "muted", 18), (words, 1), self.button)
        self.setLayout(row(*parts, gap=12, margins=(0, 9, 0, 9)))


class ResultStep(QWidget):
    """What was built."""

    upload_wanted = Signal()
    folder_wanted = Signal()
    other_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.result: BuildResult | None = None
        self.title = Label("", "title")
        self.text = Label("", "small", "muted")
        self.words = QHBoxLayout()
        self.words.setSpacing(8)
        self.facts = KeyValue(key_width=96, mono=("Content digest", "SHA-256", "File"))
        self.signed = Tag("", icon="key-round")
        self.log = CodeView()
        left = Card()
        copy = Button("Copy", "ghost", icon="copy", sz="sm", on_click=self._copy)
        head = row(
            Icon("circle-check", "ok", 26, square=52),
            column(self.title, self.text, gap=3), None, copy, gap=16,
        )  # fmt: skip
        left.add(
            head,
            rule(),
            Label("Fingerprint in words", "small", "muted"),
            row(self.words, None),
            Label("Read these aloud to a partner: same words, same code.", "small", "faint"),
            self.facts,
            Label("Build log", "small", "muted"),
            (self.log, 1),
        )
        self.upload = NextRow(
            "upload", "Add to an application", "Sends it to the hub, for runs of your group",
            "Upload", self.upload_wanted.emit, "primary",
        )  # fmt: skip
        self.folder = NextRow("folder", "Show in folder", "", "Open", self.folder_wanted.emit)
        self.other = NextRow(
            "server", "", "Same settings, the other half", "Build", self._want_other
        )
        self.line = rule()
        following = Card("Next", gap=0)
        following.add(self.upload, rule(), self.folder, self.line, self.other)
        promise = Inset(
            row(
                Icon("repeat", "faint"),
                (Label("The same folder always gives the same fingerprint, on any computer.",
                       "small", "muted", wrap=True), 1),
                gap=10,
            )
        )  # fmt: skip
        self.setLayout(row((left, 5), (column(following, promise, None, gap=16), 3), gap=16))

    def show_result(self, result: BuildResult, log: list[tuple[float, str]]) -> None:
        """Show a package that was built."""
        self.result = result
        path = result.package_path
        self.title.setText(f"{path.name} is ready")
        took = log[-1][0] if log else 0.0
        self.text.setText(f"Built in {took:.1f} s.")
        clear(self.words)
        for word in result.fingerprint.replace("-", " ").split():
            block = Inset(Label(word, "section"), margins=(14, 8, 14, 8))
            self.words.addWidget(block)
        self.facts.set("Content digest", result.content_digest)
        self.facts.set("SHA-256", result.zip_sha256)
        self.facts.set("File", str(path))
        count = plural(len(result.manifest.files), "file")
        self.facts.set("Size", f"{size(result.size)} packed, {count}")
        kind = {"client": "Client", "server": "Server", "flower": "Flower app"}
        self.facts.set("Type", f"{kind[result.manifest.type]}, engine {result.manifest.engine}")
        key = f"key {short_fingerprint(result.builder_key)}" if result.signed else "not signed"
        self.facts.set("Signed by", f"you, {key}" if result.signed else "nobody")
        lines = "\n".join(f"{at:5.2f} s   {text}" for at, text in log)
        self.log.show_file("build.log", lines)
        self.folder.text.setText(str(path.parent))
        other = _OTHER.get(result.manifest.type)
        self.other.setVisible(other is not None)
        self.line.setVisible(other is not None)
        if other:
            self.other.title.setText(f"Build the {other} package")

    def _want_other(self) -> None:
        if self.result is not None:
            self.other_wanted.emit(_OTHER.get(self.result.manifest.type, ""))

    def _copy(self) -> None:
        if self.result is not None:
            QGuiApplication.clipboard().setText(
                f"{Path(self.result.package_path).name}\n{self.result.fingerprint}\n"
                f"content {self.result.content_digest}\nsha256 {self.result.zip_sha256}\n"
            )
