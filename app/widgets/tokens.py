"""Colour, state and type tokens of the two themes: values only."""

from __future__ import annotations

from typing import NamedTuple

from app.i18n import mark, tr

DARK: dict[str, str] = {
    "nav": "#0E1116", "canvas": "#13171D", "surface": "#1A1F27", "raised": "#222833",
    "hover": "#2A313D", "selected": "#202A44", "border": "#2B323E", "border_strong": "#3B4453",
    "control": "#6B7688", "text": "#EDF0F4", "muted": "#B3BBC8", "faint": "#929CAC",
    "disabled": "#667080", "accent": "#4468E8", "accent_hover": "#3E61DD",
    "accent_press": "#3757CC", "accent_text": "#9DB4FF", "on_accent": "#FFFFFF",
    "focus": "#8CA6FF", "ok": "#4CC38A", "info": "#6FA8FF", "warn": "#F2B34B",
    "danger": "#FF8585", "violet": "#B79CFF", "cyan": "#4CC9DB", "orange": "#FF9C5B",
    "pink": "#F08CC4", "gray": "#9AA4B4", "danger_fill": "#C93A3A",
    "danger_fill_hover": "#D94B4B", "scrim": "#05070A", "code_bg": "#12161C",
    "add_bg": "#15301F", "del_bg": "#3A1D20", "grid": "#262D38", "on_warn": "#1B1405",
    "button": "#222833", "input": "#12161C", "segment": "#222833", "segment_on": "#3B4453",
}  # fmt: skip
LIGHT: dict[str, str] = {
    "nav": "#F1F3F6", "canvas": "#F8F9FB", "surface": "#FFFFFF", "raised": "#F3F5F8",
    "hover": "#EAEDF2", "selected": "#E6ECFF", "border": "#E0E4EA", "border_strong": "#CBD2DC",
    "control": "#7F899B", "text": "#141922", "muted": "#475163", "faint": "#616C7E",
    "disabled": "#9AA3B1", "accent": "#3558D4", "accent_hover": "#2B4BC0",
    "accent_press": "#243FA5", "accent_text": "#2C4EC9", "on_accent": "#FFFFFF",
    "focus": "#3558D4", "ok": "#127A47", "info": "#1D62C9", "warn": "#8F5B00",
    "danger": "#C42B2B", "violet": "#6B45C6", "cyan": "#0B7285", "orange": "#B04A08",
    "pink": "#A82A78", "gray": "#5B6678", "danger_fill": "#C42B2B",
    "danger_fill_hover": "#AD2222", "scrim": "#2A3342", "code_bg": "#FAFBFC",
    "add_bg": "#E3F6EA", "del_bg": "#FDE9E9", "grid": "#E8EBF0", "on_warn": "#FFFFFF",
    "button": "#FFFFFF", "input": "#FFFFFF", "segment": "#EAEDF2", "segment_on": "#FFFFFF",
}  # fmt: skip

# Colours of sites, in a fixed order: identity, never state; always shown with a two-letter tag.
SITES_DARK = ("#7CA6FF", "#FF8F3F", "#3FD39A", "#F06ABF", "#EBDD9C", "#BCE6F2")
SITES_LIGHT = ("#2F62DB", "#C2570C", "#0B7D55", "#C0248C", "#5C4A06", "#0A4257")


class Look(NamedTuple):
    """How a state is shown: colour token, icon and word."""

    token: str
    icon: str
    word: str


STATES: dict[str, Look] = {
    "IDLE": Look("gray", "circle", mark("Idle")),
    "QUEUED": Look("violet", "clock", mark("Queued")),
    "INITIALIZING": Look("cyan", "loader", mark("Initializing")),
    "TRAINING": Look("info", "activity", mark("Training")),
    "RUNNING": Look("info", "circle-play", mark("Running")),
    "STOPPING": Look("warn", "circle-stop", mark("Stopping")),
    "KILLED": Look("pink", "octagon-x", mark("Killed")),
    "FAILED": Look("danger", "circle-x", mark("Failed")),
    "FINISHED": Look("ok", "circle-check", mark("Finished")),
    "OFFLINE": Look("gray", "wifi-off", mark("Offline")),
    "EXCEPTION": Look("orange", "triangle-alert", mark("Exception")),
    "PENDING_APPROVAL": Look("warn", "hourglass", mark("Needs you")),
    "PAUSED": Look("gray", "pause", mark("Paused")),
    "UPGRADING": Look("cyan", "circle-arrow-up", mark("Upgrading")),
    "SILENT": Look("warn", "radio", mark("Silent")),
    "ONLINE": Look("ok", "circle-check", mark("Online")),
    "CONNECTING": Look("cyan", "loader", mark("Connecting")),
    "UNBOUND": Look("gray", "unplug", mark("Not bound")),
    "WAITING": Look("warn", "hourglass", mark("Waiting")),
    "APPROVED": Look("ok", "shield-check", mark("Approved")),
    "REFUSED": Look("danger", "ban", mark("Refused")),
    "WITHDRAWN": Look("gray", "undo-2", mark("Withdrawn")),
    "INVITED": Look("violet", "mail", mark("Invited")),
    "OWNER": Look("gray", "key-round", mark("Owner")),
    "PASS": Look("ok", "circle-check", mark("Pass")),
    "WARN": Look("warn", "triangle-alert", mark("Note")),
    "FAIL": Look("danger", "circle-x", mark("Fail")),
}
OUTLINED = frozenset({"OFFLINE", "UNBOUND"})  # drawn as an outline, all others filled


class Type(NamedTuple):
    """A step of the type scale."""

    px: int
    weight: int


TYPES: dict[str, Type] = {
    "display": Type(28, 600),
    "title": Type(20, 600),
    "section": Type(15, 600),
    "strong": Type(13, 600),
    "medium": Type(13, 500),
    "body": Type(13, 400),
    "small": Type(12, 400),
    "small_medium": Type(12, 500),
    "caption": Type(11, 500),
    "overline": Type(11, 600),
}


def tokens(name: str) -> dict[str, str]:
    """Return the colours of a theme, "dark" or "light"."""
    return DARK if name == "dark" else LIGHT


def look(state: str) -> Look:
    """Return how a state is shown, in words of the language; an unknown one says its own name."""
    known = STATES.get(state.upper())
    if known is None:
        return Look("gray", "circle-dashed", state.replace("_", " ").capitalize())
    return known._replace(word=tr(known.word))
