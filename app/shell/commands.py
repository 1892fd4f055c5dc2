"""What the palette offers beside found things: pages and actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.i18n import LANGUAGES, mark, tr
from app.shell.navigation import PAGES
from app.shell.shortcuts import keys_of
from app.widgets.page import PageCommand

PAGE, ACTION, HERE = mark("Pages"), mark("Actions"), mark("On this page")
LANGUAGE_NAMES = {"system": mark("as the system"), "en": "English", "zh_CN": "简体中文"}
THEME_NAMES = {"system": mark("as the system"), "light": mark("light"), "dark": mark("dark")}


@dataclass(frozen=True)
class Command:
    """A line of the palette."""

    key: str  # the same over languages and starts: it is remembered
    text: str
    icon: str
    section: str
    run: Callable[[], object]
    note: str = ""
    keys: str = ""
    words: str = ""  # also found by these

    @property
    def haystack(self) -> str:
        """Return what a search looks into."""
        return f"{self.text} {self.note} {self.words}".casefold()


@dataclass
class Actions:
    """What the window lets the palette do."""

    navigate: Callable[..., object]
    do: dict[str, Callable[[], object]] = field(default_factory=dict)
    set: Callable[..., object] = lambda **_: None  # settings of the agent


def page_commands(actions: Actions) -> list[Command]:
    """Return one command for each page of the rail."""
    return [
        Command(
            f"page.{one.key}", tr(one.title), one.icon, PAGE,
            lambda key=one.key: actions.navigate(key),  # type: ignore[misc]
            note=tr(one.section), keys=keys_of(one.key), words=f"{one.title} {one.key}",
        )
        for one in PAGES
        if one.section
    ]  # fmt: skip


def action_commands(actions: Actions) -> list[Command]:
    """Return what can be done from everywhere."""
    table = (
        ("new_run", mark("New run…"), "play", "start experiment train", "Ctrl+N"),
        ("join", mark("Join a federation with an invitation…"), "mail", "invite link accept", ""),
        ("pause_all", mark("Pause everything at the end of the round"), "pause", "hold", ""),
        ("resume_all", mark("Resume everything"), "play", "continue", ""),
        ("stop_all", mark("Stop everything on this machine…"), "power-off", "kill end", ""),
        ("bell", mark("Show notifications"), "bell", "messages", keys_of("bell")),
        ("sheet", mark("Show all keys"), "command", "shortcuts help", keys_of("sheet")),
        ("autostart_on", mark("Start SiloDesk when I sign in"), "power", "login boot", ""),
        ("autostart_off", mark("Do not start SiloDesk when I sign in"), "power", "login boot", ""),
        ("links_on", mark("Open silodesk:// links with SiloDesk"), "link", "url handler", ""),
        ("links_off", mark("Do not open silodesk:// links with SiloDesk"), "link", "url", ""),
        ("sign_out", mark("Sign out…"), "log-out", "logout account", ""),
        ("quit", mark("Quit the window; the agent goes on"), "log-out", "exit", keys_of("quit")),
        ("quit_agent", mark("Quit the window and the agent…"), "power-off", "exit", ""),
    )
    found = [
        Command(f"do.{key}", tr(text), icon, ACTION, actions.do[key], keys=keys,
                words=f"{text} {words}")
        for key, text, icon, words, keys in table
        if key in actions.do
    ]  # fmt: skip
    return found + _choices(actions)


def _choices(actions: Actions) -> list[Command]:
    def setting(name: str, value: Any) -> Callable[[], object]:
        return lambda: actions.set(**{name: value})

    themes = [
        Command(f"theme.{key}", tr("Theme: {name}", name=tr(name)), "sun-moon", ACTION,
                setting("theme", key), words=f"theme colour {key}")
        for key, name in THEME_NAMES.items()
    ]  # fmt: skip
    languages = [
        Command(f"language.{key}", tr("Language: {name}", name=tr(LANGUAGE_NAMES[key])), "globe",
                ACTION, setting("language", key), words=f"language 语言 {key}")
        for key in LANGUAGES
    ]  # fmt: skip
    return themes + languages


def here(commands: list[PageCommand]) -> list[Command]:
    """Return a page's own commands."""
    return [
        Command(f"here.{one.key}", one.text, one.icon, HERE, one.run, keys=one.keys)
        for one in commands
    ]
