"""No word of the window escapes translation: shown in a language that marks what passed it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_agent import FakeAgent
from helpers.window_walk import places, said_by, settle
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication
from tools.clipping import text_of

from agent_core.paths import resources_dir

OPEN, CLOSE = "⟦", "⟧"
# Names and units that are the same in every language, and keys of a keyboard.
SAME = re.compile(
    r"\b(SiloDesk|UTF|Flower|FedML|FedAvg|Python|PyTorch|TorchScript|ONNX|Linux|Debian|CPU|GPU|TLS|"
    r"DNS|TCP|HTTP|HTTPS|MQTT|REST|JSON|CSV|PNG|SHA|URL|YAML|UTC|RAM|bubblewrap|safetensors|torch|"
    r"flwr|pip|sha256|kB|MB|GB|TB|ms|Ctrl|Shift|Esc|Enter|F1|F3|Inter|English|main|config|toml|"
    r"fedml|yaml|rounds|localhost|https?|silodesk|INFO|DEBUG|WARNING|ERROR)\b|\S+[./@_]\S+|0x\w+"
)
HASH = re.compile(r"\b[0-9a-f]{8}\b")
FINGERPRINTS = set((resources_dir() / "words.txt").read_text("utf-8").split())
WORD = re.compile(r"[A-Za-z]{3,}")


class Marking(QTranslator):
    """Bracket every text that is asked for."""

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        return f"{OPEN}{text}{CLOSE}" if context == "SiloDesk" else ""

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def marked(themed: QApplication) -> Iterator[None]:
    """Show the marking language for the length of a test."""
    translator = Marking()
    themed.installTranslator(translator)
    yield
    themed.removeTranslator(translator)


def unmarked(text: str) -> str:
    """Return what stands outside all brackets."""
    kept, depth = [], 0
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        if depth == 0:
            kept.append(" " if letter == CLOSE else letter)
    return "".join(kept)


def escaped(text: str, data: str) -> str:
    """Return the words that neither passed the catalog nor come from data."""
    if text.startswith("silodesk "):
        return ""  # a command line
    rest = SAME.sub(" ", HASH.sub(" ", unmarked(text)))
    pieces = re.split(r"[·,:;()–—|\n<>/…•]| {2,}", rest)
    own = [piece.strip() for piece in pieces if WORD.search(piece)]
    return ", ".join(piece for piece in own if piece not in data and not is_fingerprint(piece))


def is_fingerprint(piece: str) -> bool:
    """Return whether a piece is the four words in which a fingerprint is read aloud."""
    words = piece.split()
    return len(words) == 4 and set(words) <= FINGERPRINTS


def data_of(agent: FakeAgent) -> str:
    """Return everything the agent has said, as one text."""
    return "\n".join(agent.said) + "\n".join(json.dumps(p) for _, p in agent.calls)


PLACES = [*places(), ("sign_in", "sign_in", {})]


@pytest.mark.parametrize(("name", "key", "arguments"), PLACES, ids=[name for name, *_ in PLACES])
def test_every_word_passed_the_catalog(
    marked: None, make_agent, make_window, root: Path, name: str, key: str, arguments: dict
) -> None:
    agent: FakeAgent = make_agent("first-run" if key == "sign_in" else "working")
    desktop = make_window(agent.home)
    desktop.window.navigate(key, **arguments)
    settle(desktop)
    data = data_of(agent) + str(root)
    found = {
        f"{kind} of {type(widget).__name__}: {left!r} in {text[:120]!r}"
        for widget, kind, text in said_by(desktop.window)
        if kind != "name" or text != text_of(widget)
        if (left := escaped(text, data))
    }
    assert not found, "\n".join(sorted(found))
