"""Say the window's words in the person's language.

English text is the key: `tr("Open run {name}", name=…)`. A text that is chosen now and shown
later (a class attribute, a table) is marked with `mark` and goes through `tr` where it is shown.
Catalogs are resources/i18n/*.ts, filled by tests/tools/i18n_extract.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from app.resources import translations_dir

CONTEXT = "SiloDesk"
LANGUAGES = ("system", "en", "zh_CN")
_installed: list[QTranslator] = []
_current = ["en"]


def tr(text: str, /, **values: object) -> str:
    """Return `text` in the language that is set, its {names} filled in."""
    said = QCoreApplication.translate(CONTEXT, text)
    return said.format(**values) if values else said


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the form for `count`, which the text may name as {count}."""
    return tr(one if count == 1 else many, count=count, **values)


def mark(text: str) -> str:
    """Mark a text for translation where it is shown."""
    return text


def language() -> str:
    """Return the language that is shown, "en" or "zh_CN"."""
    return _current[0]


def install(app: QCoreApplication, wanted: str) -> str:
    """Show a language (system, en or zh_CN) in what is made from now on; return which it is.

    Texts that stand in widgets already stay as they are: make those widgets again.
    """
    code = wanted if wanted in LANGUAGES[1:] else resolve(QLocale.system().uiLanguages())
    while _installed:
        app.removeTranslator(_installed.pop())
    QLocale.setDefault(QLocale(code))
    _current[0] = code
    if code != "en":
        places = (
            ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
            ("silodesk", str(translations_dir())),
        )
        for name, folder in places:
            translator = QTranslator(app)
            if translator.load(f"{name}_{code}", folder):
                app.installTranslator(translator)
                _installed.append(translator)
    return code


def resolve(wishes: Sequence[str]) -> str:
    """Return the first language of the person's wishes that there is; English otherwise."""
    for wish in wishes:
        parts = wish.replace("_", "-").split("-")
        if parts[0] == "en":
            return "en"
        if parts[0] == "zh" and not {"Hant", "TW", "HK", "MO"} & set(parts):
            return "zh_CN"
    return "en"
