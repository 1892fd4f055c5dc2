"""Step 3: the package, its fingerprint, the build log, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agent_core.keys import short_fingerprint
from agent_core.packages.builder import BuildResult
from app.i18n import tr
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Card, Inset
from app.widgets.code_view import CodeView
from app.widgets.key_value import KeyValue
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import Part, clear, column, row, rule
from app.widgets.words import plural, role, size

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
        self.facts = KeyValue(key_width=96, mono=(tr("Content digest"), tr("SHA-256"), tr("File")))
        self.signed = Tag("", icon="key-round")
        self.log = CodeView()
        left = Card()
        copy = Button(tr("Copy"), "ghost", icon="copy", sz="sm", on_click=self._copy)
        head = row(
            Icon("circle-check", "ok", 26, square=52),
            column(self.title, self.text, gap=3), None, copy, gap=16,
        )  # fmt: skip
        left.add(
            head,
            rule(),
            Label(tr("Fingerprint in words"), "small", "muted"),
            row(self.words, None),
            Label(tr("Read these aloud to a partner: same words, same code."), "small", "faint"),
            self.facts,
            Label(tr("Build log"), "small", "muted"),
            (self.log, 1),
        )
        self.upload = NextRow(
            "upload",
            tr("Add to an application"),
            tr("Sends it to the hub, for runs of your group"),
            tr("Upload"),
            self.upload_wanted.emit,
            "primary",
        )
        self.folder = NextRow(
            "folder", tr("Show in folder"), "", tr("Open"), self.folder_wanted.emit
        )
        self.other = NextRow(
            "server", "", tr("Same settings, the other half"), tr("Build"), self._want_other
        )
        self.line = rule()
        following = Card(tr("Next"), gap=0)
        following.add(self.upload, rule(), self.folder, self.line, self.other)
        promise = Inset(
            row(
                Icon("repeat", "faint"),
                (Label(tr("The same folder always gives the same fingerprint, on any computer."),
                       "small", "muted", wrap=True), 1),
                gap=10,
            )
        )  # fmt: skip
        self.setLayout(row((left, 5), (column(following, promise, None, gap=16), 3), gap=16))

    def show_result(self, result: BuildResult, log: list[tuple[float, str]]) -> None:
        """Show a package that was built."""
        self.result = result
        path = result.package_path
        self.title.setText(tr("{name} is ready", name=path.name))
        took = log[-1][0] if log else 0.0
        self.text.setText(tr("Built in {took:.1f} s.", took=took))
        clear(self.words)
        for word in result.fingerprint.replace("-", " ").split():
            block = Inset(Label(word, "section"), margins=(14, 8, 14, 8))
            self.words.addWidget(block)
        self.facts.set(tr("Content digest"), result.content_digest)
        self.facts.set(tr("SHA-256"), result.zip_sha256)
        self.facts.set(tr("File"), str(path))
        count = plural(len(result.manifest.files), "file")
        self.facts.set(
            tr("Size"), tr("{size} packed, {count}", size=size(result.size), count=count)
        )
        kind = {"client": tr("Client"), "server": tr("Server"), "flower": tr("Flower app")}
        self.facts.set(
            tr("Type"),
            tr(
                "{kind}, engine {engine}",
                kind=kind[result.manifest.type],
                engine=result.manifest.engine,
            ),
        )
        key = (
            tr("key {short_fingerprint}", short_fingerprint=short_fingerprint(result.builder_key))
            if result.signed
            else tr("not signed")
        )
        self.facts.set(
            tr("Signed by"), tr("you, {key}", key=key) if result.signed else tr("nobody")
        )
        lines = "\n".join(f"{at:5.2f} s   {text}" for at, text in log)
        self.log.show_file("build.log", lines)
        self.folder.text.setText(str(path.parent))
        other = _OTHER.get(result.manifest.type)
        self.other.setVisible(other is not None)
        self.line.setVisible(other is not None)
        if other:
            self.other.title.setText(tr("Build the {other} package", other=role(other)))

    def _want_other(self) -> None:
        if self.result is not None:
            self.other_wanted.emit(_OTHER.get(self.result.manifest.type, ""))

    def _copy(self) -> None:
        if self.result is not None:
            QGuiApplication.clipboard().setText(
                tr(
                    "{name}\n{fingerprint}\ncontent {content_digest}\nsha256 {zip_sha256}\n",
                    name=Path(self.result.package_path).name,
                    fingerprint=self.result.fingerprint,
                    content_digest=self.result.content_digest,
                    zip_sha256=self.result.zip_sha256,
                )
            )
