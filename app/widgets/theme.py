"""The theme: colours by token, fonts, icons, palette and style sheet, switched while running."""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from app.resources import style_templates
from app.widgets.fonts import make_font
from app.widgets.icons import draw_icon, forget_icons, stroke_for
from app.widgets.theme_pictures import pictures
from app.widgets.tokens import SITES_DARK, SITES_LIGHT, TYPES, tokens

MODES = ("system", "light", "dark")
_ROLES = {
    QPalette.ColorRole.Window: "canvas",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "raised",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "danger",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.PlaceholderText: "faint",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Link: "accent_text",
    QPalette.ColorRole.LinkVisited: "accent_text",
    QPalette.ColorRole.Light: "hover",
    QPalette.ColorRole.Midlight: "border_strong",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
    QPalette.ColorRole.Shadow: "nav",
    QPalette.ColorRole.Accent: "accent",
}


class Theme(QObject):
    """Hold the current colours; `changed` tells that every colour may be another one."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mode = "dark"
        self.name = "dark"
        self._colors: dict[str, QColor] = {}
        self._icons: dict[tuple[str, str, int], QIcon] = {}

    @property
    def is_dark(self) -> bool:
        """Return whether the dark theme is shown."""
        return self.name == "dark"

    def apply(self, app: QApplication, mode: str) -> None:
        """Show a mode (system, light or dark) in the whole application."""
        self.mode = mode if mode in MODES else "system"
        hints = QGuiApplication.styleHints()
        hints.setColorScheme(
            {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}.get(
                self.mode, Qt.ColorScheme.Unknown
            )
        )
        self._show(app, self._resolve())

    def follow_system(self, app: QApplication) -> None:
        """Follow the desktop's colour scheme while the mode is "system"."""

        def switch() -> None:
            if self.mode == "system" and self._resolve() != self.name:
                self._show(app, self._resolve())

        QGuiApplication.styleHints().colorSchemeChanged.connect(switch)

    def _resolve(self) -> str:
        if self.mode != "system":
            return self.mode
        scheme = QGuiApplication.styleHints().colorScheme()
        return "light" if scheme == Qt.ColorScheme.Light else "dark"

    def _show(self, app: QApplication, name: str) -> None:
        self.name = name
        self._colors.clear()
        self._icons.clear()
        forget_icons()
        if app.style().objectName().lower() != "fusion":
            app.setStyle("Fusion")
        app.setPalette(self._palette())
        app.setFont(self.font(400, 13))
        values = {**tokens(name), **pictures(name)}
        app.setStyleSheet(
            "\n".join(Template(text).substitute(values) for text in style_templates())
        )
        self.changed.emit()

    def _palette(self) -> QPalette:
        palette = QPalette()
        for role, token in _ROLES.items():
            palette.setColor(role, self.color(token))
        for role in (
            QPalette.ColorRole.Text,
            QPalette.ColorRole.WindowText,
            QPalette.ColorRole.ButtonText,
        ):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("disabled"))
        return palette

    # --- colours ---
    def color(self, token: str, alpha: float | None = None) -> QColor:
        """Return the colour of a token (or of a spelling such as "#FF0000")."""
        known = self._colors.get(token)
        if known is None:
            known = self._colors[token] = QColor(tokens(self.name).get(token, token))
        if alpha is None:
            return known
        color = QColor(known)
        color.setAlphaF(alpha)
        return color

    def mix(self, token: str, under: str, share: float) -> QColor:
        """Return the opaque mixture of two colours."""
        return mixed(self.color(token), self.color(under), share)

    def badge_fill(self, token: str) -> QColor:
        """Return the fill of badges and tags in a token's colour."""
        return self.mix(token, "surface", 0.16 if self.is_dark else 0.10)

    def banner_colors(self, token: str) -> tuple[QColor, QColor]:
        """Return fill and edge of a banner."""
        return self.mix(token, "surface", 0.12 if self.is_dark else 0.08), self.mix(
            token, "surface", 0.38
        )

    def site_color(self, slot: int) -> QColor:
        """Return the colour of a site; slots count from 0 and repeat after six."""
        colors = SITES_DARK if self.is_dark else SITES_LIGHT
        return self.color(colors[slot % len(colors)])

    def site_fill(self, slot: int) -> QColor:
        """Return the fill of a site's tag."""
        return mixed(self.site_color(slot), self.color("surface"), 0.20 if self.is_dark else 0.13)

    def site_text(self, slot: int) -> QColor:
        """Return the colour of a site tag's letters."""
        return mixed(self.site_color(slot), self.color("text"), 0.62)

    # --- fonts and icons ---
    def font(self, weight: int = 400, px: int = 13, mono: bool = False) -> QFont:
        """Return a font of the bundled families."""
        return make_font(weight, px, mono)

    def type_font(self, kind: str, mono: bool = False) -> QFont:
        """Return the font of a step of the type scale."""
        return make_font(TYPES[kind].weight, TYPES[kind].px, mono, 0.4 if kind == "overline" else 0)

    def pixmap(
        self, name: str, tok: str = "muted", size: int = 16, ratio: float | None = None
    ) -> QPixmap:
        """Return an icon in a token's colour."""
        if ratio is None:
            screen = QGuiApplication.primaryScreen()
            ratio = screen.devicePixelRatio() if screen else 1.0
        return draw_icon(name, self.color(tok).name(), size, ratio, stroke_for(size))

    def icon(self, name: str, tok: str = "muted", size: int = 16) -> QIcon:
        """Return an icon for buttons and menus, with its disabled look, for all screens."""
        icon = self._icons.get((name, tok, size))
        if icon is not None:
            return icon
        icon = self._icons[name, tok, size] = QIcon()
        for ratio in (1.0, 2.0):
            icon.addPixmap(self.pixmap(name, tok, size, ratio))
            icon.addPixmap(self.pixmap(name, "disabled", size, ratio), QIcon.Mode.Disabled)
        icon.actualSize(QSize(size, size))
        return icon


def mixed(over: QColor, under: QColor, share: float) -> QColor:
    """Return the opaque mixture of two colours."""
    return QColor(
        *(
            round(a * share + b * (1 - share))
            for a, b in (
                (over.red(), under.red()),
                (over.green(), under.green()),
                (over.blue(), under.blue()),
            )
        )
    )


_current: Theme | None = None


def theme() -> Theme:
    """Return the process's one theme, which every widget paints by."""
    global _current
    if _current is None:
        _current = Theme()
    return _current
