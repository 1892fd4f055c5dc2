"""The language is the person's wish where there is a catalog, and English otherwise."""

from __future__ import annotations

import pytest

from app.i18n import mark, resolve, tr, trn


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["zh-Hans-CN", "en-US"], "zh_CN"),
        (["zh_CN"], "zh_CN"),
        (["zh"], "zh_CN"),
        (["zh-TW", "en"], "en"),
        (["zh-Hant-HK"], "en"),
        (["de-DE", "zh-CN"], "zh_CN"),
        (["en-GB", "zh-CN"], "en"),
        ([], "en"),
    ],
)
def test_the_first_wish_that_there_is_wins(wishes: list[str], expected: str) -> None:
    assert resolve(wishes) == expected


def test_values_are_filled_in_by_name() -> None:
    assert tr("Round {k} of {n}", k=2, n=8) == "Round 2 of 8"
    assert trn("{count} site", "{count} sites", 1) == "1 site"
    assert trn("{count} site", "{count} sites", 3) == "3 sites"
    assert mark("Home") == "Home"
