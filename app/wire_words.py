"""Say what the agent and the hub wrote, in the person's language.

Their sentences are English on the wire: an operator's log, a command line and a window in another
language see the same. resources/i18n/wire.txt lists their templates ("The folder {root} cannot be
used: {why}."), taken from the sources by tests/tools/i18n_extract.py; a sentence that fits one is
said by its translation with its values kept, any other stays as it came.
"""

from __future__ import annotations

import re
from functools import lru_cache

from PySide6.QtCore import QCoreApplication

from agent_core.errors import SiloDeskError
from app.i18n import language, tr
from app.resources import translations_dir

CONTEXT = "Wire"
LONGEST = 2000  # characters of a text that is looked up
_PLACE = re.compile(r"\{(\w+)\}")
_SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z\"“'])")


def said(text: str) -> str:
    """Return a text of the agent or the hub in the person's language."""
    if not text or language() == "en" or len(text) > LONGEST:
        return text
    return _said(text, language())


@lru_cache(maxsize=1000)
def _said(text: str, _: str) -> str:
    parts = _SENTENCE_END.split(text)
    # Two sentences of different origin, as an error and its next step; else the value at the end
    # of the first one's template would take the second one in.
    fitted = [_fit(part) for part in parts]
    whole = None if all(fitted) else _fit(text)
    if whole is not None:
        return whole
    if len(parts) == 1:
        return fitted[0] or text
    return "".join(new or f"{old} " for new, old in zip(fitted, parts, strict=True)).strip()


def _fit(text: str, depth: int = 0) -> str | None:
    """Return the translation by the first template that fits, most words first."""
    for template, pattern in _candidates(text):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        translated = QCoreApplication.translate(CONTEXT, template)
        if translated == template:
            return None
        values = found.groupdict()
        if depth < 2:  # a value may be a clause of the agent's itself
            values = {name: _fit(value, depth + 1) or value for name, value in values.items()}
        return fill(translated, values)
    return None


def fill(template: str, values: dict[str, str]) -> str:
    """Return a template with its values; braces inside a value stay what they are."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), template)


def _candidates(text: str) -> list[tuple[str, re.Pattern[str]]]:
    """Return the templates that a text may fit: those of its first word, and open ones."""
    by_word = _templates()
    first = text.split(" ", 1)[0]
    return [*by_word.get(first, ()), *by_word.get("", ())]


@lru_cache(maxsize=1)
def _templates() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Return the templates by their first word; "" has those that begin with a value."""
    path = translations_dir() / "wire.txt"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for line in sorted(lines, key=_weight):
        template = line.replace("\\n", "\n")
        first = template.split(" ", 1)[0]
        key = "" if "{" in first else first
        found.setdefault(key, []).append((template, pattern_of(template)))
    return found


def _weight(template: str) -> tuple[int, int]:
    """Order templates: few values first, then many letters."""
    return len(_PLACE.findall(template)), -len(_PLACE.sub("", template))


def pattern_of(template: str) -> re.Pattern[str]:
    """Return the expression that fits what a template makes."""
    parts: list[str] = []
    at = 0
    seen: set[str] = set()
    for place in _PLACE.finditer(template):
        parts.append(re.escape(template[at : place.start()]))
        name = place[1]
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
        seen.add(name)
        at = place.end()
    parts.append(re.escape(template[at:]))
    return re.compile("".join(parts), re.DOTALL)


def sentence_of(error: Exception) -> tuple[str, str]:
    """Return an error as a title and a text with the next step and the code."""
    if isinstance(error, SiloDeskError):
        code = tr("Code {code}.", code=error.code)
        return said(error.sentence), f"{said(error.next_step)} {code}".strip()
    return tr("Something failed that should not have."), f"{type(error).__name__}: {error}"
