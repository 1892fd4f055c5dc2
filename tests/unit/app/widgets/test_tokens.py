"""Every text colour can be read wherever it stands, in both themes."""

from __future__ import annotations

import pytest

from agent_core.protocol.states import State
from app.widgets.tokens import SITES_DARK, SITES_LIGHT, STATES, look, tokens

TEXT = ("text", "muted", "faint", "accent_text", "ok", "info", "warn", "danger", "violet", "cyan",
        "orange", "pink", "gray")  # fmt: skip
UNDER = ("canvas", "surface", "raised", "nav", "selected", "code_bg")


def channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    parts = [c / 255 for c in rgb]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_text_colours_reach_4_5_on_every_ground_and_on_their_own_badge(name: str) -> None:
    values = tokens(name)
    share = 0.16 if name == "dark" else 0.10
    for tok in TEXT:
        ink = channels(values[tok])
        for under in UNDER:
            assert contrast(ink, channels(values[under])) >= 4.5, (tok, under)
        fill = [a * share + b * (1 - share) for a, b in
                zip(ink, channels(values["surface"]), strict=True)]  # fmt: skip
        assert contrast(ink, fill) >= 4.5, tok


@pytest.mark.parametrize("name", ["dark", "light"])
def test_edges_of_controls_and_white_on_fills_can_be_seen(name: str) -> None:
    values = tokens(name)
    assert contrast(channels(values["control"]), channels(values["surface"])) >= 3
    for fill in ("accent", "danger_fill"):
        assert contrast([255, 255, 255], channels(values[fill])) >= 4.5


def test_both_themes_have_the_same_tokens_and_as_many_sites() -> None:
    assert set(tokens("dark")) == set(tokens("light"))
    assert len(SITES_DARK) == len(SITES_LIGHT) == len(set(SITES_DARK)) == 6


def test_every_state_of_the_protocol_has_its_own_look() -> None:
    for state in State:
        assert state.value in STATES
        assert look(state.value).token in tokens("dark")


def test_an_unknown_state_says_its_own_name() -> None:
    assert look("HALF_DONE").word == "Half done"


@pytest.mark.parametrize("name", ["dark", "light"])
def test_banners_diffs_and_site_tags_can_be_read(name: str) -> None:
    """What is written on a banner, a changed line or a site's tag reaches 4.5 as well."""
    values = tokens(name)
    is_dark = name == "dark"
    surface = channels(values["surface"])

    def mix(over: list[float], under: list[float], share: float) -> list[float]:
        return [a * share + b * (1 - share) for a, b in zip(over, under, strict=True)]

    for kind in ("info", "ok", "warn", "danger"):
        fill = mix(channels(values[kind]), surface, 0.12 if is_dark else 0.08)
        for ink in ("text", "muted"):
            assert contrast(channels(values[ink]), fill) >= 4.5, (kind, ink)
    for under in ("add_bg", "del_bg", "hover", "segment", "segment_on"):
        assert contrast(channels(values["text"]), channels(values[under])) >= 4.5, under
    for color in SITES_DARK if is_dark else SITES_LIGHT:
        fill = mix(channels(color), surface, 0.20 if is_dark else 0.13)
        letters = mix(channels(color), channels(values["text"]), 0.62)
        assert contrast(letters, fill) >= 4.5, color


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_focus_can_be_seen_on_every_ground(name: str) -> None:
    values = tokens(name)
    for under in ("canvas", "surface", "raised", "nav", "selected", "code_bg"):
        assert contrast(channels(values["focus"]), channels(values[under])) >= 3, under
