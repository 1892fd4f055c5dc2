"""Find icons, fonts, style sheets and translations in a checkout, a wheel or a frozen bundle."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from agent_core.paths import cache_dir, resources_dir


@cache
def _icons() -> Path:
    return resources_dir() / "icons"


def icon_path(name: str) -> Path:
    """Return the SVG file of a Lucide icon."""
    return _icons() / f"{name}.svg"


def icon_names() -> list[str]:
    """Return the names of all icons."""
    return sorted(path.stem for path in _icons().glob("*.svg"))


def font_paths() -> list[Path]:
    """Return the bundled font files."""
    return sorted((resources_dir() / "fonts").glob("*.ttf"))


def translations_dir() -> Path:
    """Return the folder of the compiled catalogs."""
    return resources_dir() / "i18n"


def style_templates() -> list[str]:
    """Return the texts of the style sheet templates, in the order of their names."""
    folder = resources_dir() / "styles"
    return [path.read_text("utf-8") for path in sorted(folder.glob("*.qss.tpl"))]


def theme_cache(name: str) -> Path:
    """Return the folder for pictures that a style sheet needs as files."""
    folder = cache_dir() / "theme" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
