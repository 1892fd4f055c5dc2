"""Settings: each is kept at once, can be undone, and says why a value is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QButtonGroup, QFrame, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.settings.line import Line
from app.pages.settings.machine_card import MachineCard
from app.pages.settings.sections import Section, sections
from app.widgets.banner import Banner
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button, Chip
from app.widgets.cards import Card
from app.widgets.dialogs import confirm
from app.widgets.empty_state import EmptyState
from app.widgets.layouts import Part, column, row, rule, scrolled
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.piecemeal import Piecemeal
from app.widgets.search_field import SearchField

UNDO_S = 10.0
SKELETON_MS = 300
SYSTEM = {"autostart": "enabled", "links": "links"}  # of autostart.get, not of the settings


class SettingsPage(Page):
    """What a person may set on this machine."""

    title = mark("Settings")
    subtitle = mark("of this machine")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.settings: dict[str, Any] = {}
        self.sections = sections()
        self.lines: dict[str, Line] = {}
        self.cards: dict[str, QFrame] = {}
        self._rules: dict[str, QWidget] = {}
        for section in self.sections:
            self.cards[section.key] = self._card(section)
        self.machine = MachineCard(context.home)
        self.cards["machine"] = self.machine
        self.machine.unbind_wanted.connect(self._ask_unbind)
        self.search = SearchField(tr("Search settings"))
        self.search.textChanged.connect(self._search)
        self.nothing = EmptyState("search", tr("No setting has these words"),
                                  tr("Try another word, or clear the search."))  # fmt: skip
        self._shown: dict[QWidget, bool] = {}  # parts that were hidden or shown by the search
        # Cards that come after the first one, each in its turn: all at once take too long.
        self._coming: list[QFrame] = list(self.cards.values())[1:]
        self._filling = Piecemeal(self)
        self._show(self.nothing, False)
        doctor = Button(tr("Connection doctor"), "link",
                        on_click=lambda: context.navigate("doctor"))  # fmt: skip
        self.cards["network"].layout().addWidget(doctor)  # type: ignore[union-attr]
        content = QWidget()
        content.setLayout(column(*self.cards.values(), self.nothing, None, gap=16,
                                 margins=(0, 4, 8, 20)))  # fmt: skip
        content.setMaximumWidth(860)
        self.area = scrolled(content)
        self.setLayout(
            column(self._top(), self._old(), (self._places(), 1), gap=12, margins=(24, 16, 16, 0))
        )
        self.back = Button(tr("Back to the first page"), icon="arrow-left",
                           on_click=lambda: context.navigate("sign_in"))  # fmt: skip
        context.events.settings.connect(self._take)
        context.events.status.connect(self._show_machine)
        context.events.connected.connect(self._take_connected)
        self._offered: set[str] = set()  # of SYSTEM, what this computer has
        self._section = ""
        self._find("")
        self._allow(False)
        self.themes = self.lines["theme"].control

    def _old(self) -> Banner:
        self.stale = Banner("warn", tr("These settings may be old"))
        self.stale.acted.connect(self._read)
        self.stale.hide()
        return self.stale

    def _places(self) -> PageStack:
        """Make the places: nothing yet, loading, an error, the settings."""
        self.skeleton = QWidget()
        self.skeleton.setLayout(column(Skeleton(8), None))
        self.error = EmptyState(
            "circle-alert", tr("The settings could not be read"), action=tr("Try again"),
            on_action=self._read, tok="danger",
        )  # fmt: skip
        self.states = PageStack()
        for place in (QWidget(), self.skeleton, self.error, self.area):
            self.states.addWidget(place)
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(lambda: self.states.setCurrentWidget(self.skeleton))
        return self.states

    def _card(self, section: Section) -> Card:
        card = Card(section.title, icon=section.icon, gap=0)
        parts: list[Part] = []
        for number, line in enumerate(section.lines):
            if number:
                self._rules[line.key] = rule()
                parts.append(self._rules[line.key])
            parts.append(line)
            self.lines[line.key] = line
            line.changed.connect(self._change)
        return card.add(*parts)

    def _top(self) -> QWidget:
        top = QWidget()
        self._jumps = QButtonGroup(self)
        chips: list[Part] = []
        for key, title in [(s.key, s.title) for s in self.sections] + [("machine", tr("Advanced"))]:
            chip = Chip(title, on=False)
            chip.setCheckable(False)
            chip.clicked.connect(self._jump(key))
            self._jumps.addButton(chip)
            chips.append(chip)
        top.setLayout(row(*chips, None, self.search, gap=8))
        return top

    def _jump(self, key: str) -> Callable[[], None]:
        return lambda: self.go_to(key)

    def go_to(self, key: str) -> None:
        """Scroll to a section and put the focus on its first setting, once they are read."""
        if not self.settings:
            self._section = key
            return
        self.search.clear()
        self._filling.finish()
        card = self.cards.get(key)
        if card is None:
            return
        self.area.verticalScrollBar().setValue(max(0, card.y() - 8))
        for section in self.sections:
            if section.key == key:
                shown = [line for line in section.lines if not line.isHidden()]
                shown[0].control.setFocus()

    def open(self, **arguments: Any) -> None:
        """Read the settings; `section` names where to begin."""
        is_in = bool(self.context.status().get("account"))
        self.top_actions = [] if is_in else [self.back]
        self._show_machine(self.context.status())
        self._read()
        if arguments.get("section"):
            self.go_to(str(arguments["section"]))

    # --- reading ---
    def _read(self) -> None:
        if not self.settings:
            self._patience.start()
        self.context.tasks.call("settings.get", self._take, self._failed, self)
        # What starts at log-in may be unknown to a system; its lines are left out then.
        self.context.tasks.call("autostart.get", self._take_autostart, lambda _: None, self)

    def _failed(self, error: Exception) -> None:
        self._patience.stop()
        self._allow(False)
        text = " ".join(sentence_of(error))
        if self.settings:
            self.stale.set("warn", tr("These settings may be old"), text, tr("Try again"))
            self.stale.show()
            return
        self.error.set("circle-alert", tr("The settings could not be read"), text, "danger")
        self.states.setCurrentWidget(self.error)

    def _take_connected(self, is_connected: bool) -> None:
        """Read again once the agent is back; while it is away nothing can be kept."""
        if not is_connected:
            self._allow(False)
        elif self.isVisible():
            self._read()

    def _allow(self, is_allowed: bool) -> None:
        for line in self.lines.values():
            line.control.setEnabled(is_allowed)

    # --- showing ---
    def _take(self, settings: dict[str, Any]) -> None:
        self._patience.stop()
        self.stale.hide()
        self.settings = dict(settings)
        self._allow(True)
        for key, line in self.lines.items():
            if key in settings:
                line.show_value(settings[key])
        self._show_machine(self.context.status())
        self.states.setCurrentWidget(self.area)
        self._filling.start(*(self._show_next for _ in self._coming))
        section, self._section = self._section, ""
        if section:  # the places are laid out first
            QTimer.singleShot(0, self, lambda: self.go_to(section))

    def _show_next(self) -> None:
        del self._coming[:1]
        self._find(self.search.text())

    def _take_autostart(self, state: dict[str, Any]) -> None:
        self._offered = {"autostart"} | ({"links"} if state.get("may_set_links") else set())
        self._find(self.search.text())
        for key, name in SYSTEM.items():
            self.lines[key].show_value(state.get(name))

    def _show_machine(self, status: dict[str, Any]) -> None:
        if self.isVisible() or not self.settings:
            self.machine.show_machine(status, self.settings)

    def _search(self, text: str) -> None:
        self._coming.clear()
        self._find(text)

    def _find(self, text: str) -> None:
        words = text.casefold().split()
        any_shown = False
        for section in self.sections:
            shown = 0
            for line in section.lines:
                fits = all(word in f"{line.haystack} {section.title.casefold()}" for word in words)
                fits = fits and (line.key not in SYSTEM or line.key in self._offered)
                self._show(line, fits)
                if line.key in self._rules:
                    self._show(self._rules[line.key], fits and shown > 0)
                shown += fits
            self._show(self.cards[section.key], bool(shown))
            any_shown = any_shown or bool(shown)
        fits = all(word in self.machine.haystack for word in words)
        self._show(self.machine, fits)
        self._show(self.nothing, not (any_shown or fits))

    def _show(self, widget: QWidget, on: bool) -> None:
        """Show or hide a part; each call lays out what is around it, so only where it changes."""
        on = on and widget not in self._coming
        if self._shown.get(widget, True) != on:
            self._shown[widget] = on
            widget.setVisible(on)

    # --- changing ---
    def _change(self, key: str, value: Any) -> None:
        if key in SYSTEM:
            self._set_system(key, bool(value))
            return
        before = self.settings.get(key)
        if value == before:
            self.lines[key].say("")
            return
        self._keep(key, value, lambda: self._kept(key, before))

    def _keep(self, key: str, value: Any, then: Callable[[], None]) -> None:
        line = self.lines[key]

        def saved(settings: dict[str, Any]) -> None:
            line.say("")
            self._take(settings)
            if key == "theme":
                self._show_theme(str(value))
            then()

        def failed(error: Exception) -> None:
            line.say(" ".join(sentence_of(error)))
            line.control.setFocus()

        client = self.context.client
        self.context.tasks.run(
            lambda: client.call("settings.set", **{key: value}), saved, failed, self
        )

    def _kept(self, key: str, before: Any) -> None:
        client, tasks = self.context.client, self.context.tasks

        def undo() -> None:  # by the agent's event, since this page may be another one by then
            tasks.run(lambda: client.call("settings.set", **{key: before}))

        self.context.notify(
            tr("{setting} is changed", setting=self.lines[key].title.plain()), kind="ok",
            action=tr("Undo"), on_action=undo, seconds=UNDO_S,
        )  # fmt: skip

    def _set_system(self, key: str, wanted: bool) -> None:
        line = self.lines[key]

        def failed(error: Exception) -> None:
            line.show_value(not wanted)
            line.say(" ".join(sentence_of(error)))

        def done(state: dict[str, Any]) -> None:
            line.say("")
            self._take_autostart(state)

        client = self.context.client
        self.context.tasks.run(
            lambda: client.call("autostart.set", **{SYSTEM[key]: wanted}), done, failed, self
        )

    def _show_theme(self, mode: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and self.context.theme.mode != mode:
            self.context.theme.apply(app, mode)

    def _ask_unbind(self) -> None:
        confirm(
            self,
            tr("Unbind this machine from the hub?"),
            tr("It gets no runs any more and its credentials end. What it sent stays at the hub."),
            tr("Unbind"),
            lambda: self.context.tasks.call("device.unbind", parent=self),
            icon="unplug",
        )
