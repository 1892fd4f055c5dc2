"""Arrows and ticks that a style sheet wants as files, drawn in a theme's colours."""

from __future__ import annotations

import tempfile
from pathlib import Path

from app.resources import theme_cache
from app.widgets.icons import draw_icon
from app.widgets.tokens import tokens


def pictures(name: str) -> dict[str, str]:
    """Write the pictures of a theme where they are missing; return their paths by name."""
    wanted = {
        "chevron_down": ("chevron-down", "muted", 2.0),
        "chevron_up": ("chevron-up", "muted", 2.0),
        "tick": ("check", "on_accent", 3.0),
        "dash": ("minus", "on_accent", 3.0),
    }
    try:
        folder = theme_cache(name)
        return {key: _picture(folder, key, name, *how) for key, how in wanted.items()}
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="silodesk-theme-"))
        return {key: _picture(folder, key, name, *how) for key, how in wanted.items()}


def _picture(folder: Path, key: str, theme_name: str, icon: str, token: str, stroke: float) -> str:
    color = tokens(theme_name)[token]
    path = folder / f"{key}-{color[1:]}.png"
    if not path.is_file():
        part = path.with_suffix(f".{id(path)}.part")
        draw_icon(icon, color, 24, 1.0, stroke).save(str(part), "PNG")
        part.replace(path)
    return path.as_posix()
