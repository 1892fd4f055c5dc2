"""The bundled fonts, registered once and handed out cached."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QFont, QFontDatabase

from app.resources import font_paths

_WEIGHTS = {
    400: QFont.Weight.Normal,
    500: QFont.Weight.Medium,
    600: QFont.Weight.DemiBold,
    700: QFont.Weight.Bold,
}

# The bundled fonts have no Chinese glyphs: what Linux, macOS and Windows bring, in this order.
_CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC",
            "Microsoft YaHei UI", "Microsoft YaHei", "WenQuanYi Micro Hei")  # fmt: skip


@lru_cache(maxsize=256)
def make_font(weight: int, px: int, mono: bool = False, spacing: float = 0.0) -> QFont:
    """Return a cached font; digits keep their width, so that counters do not jump."""
    font = QFont(["JetBrains Mono" if mono else "Inter", *_CHINESE])
    font.setPixelSize(px)
    font.setWeight(_WEIGHTS[weight])
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    features = {"calt": 0} if mono else {"tnum": 1, "cv11": 1, "ss03": 1}
    for tag, value in features.items():
        font.setFeature(QFont.Tag(tag), value)
    if not mono and px >= 20:
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 98)
    if spacing:
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing)
    return font


def load_fonts() -> None:
    """Register the bundled fonts, once a process."""
    if "Inter" not in QFontDatabase.families():
        for path in font_paths():
            QFontDatabase.addApplicationFont(str(path))
