"""The Chinese catalog is whole, says the same values, and is compiled from what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from tools import i18n_extract as extract
from tools.i18n_sources import faults_of, templates_of, texts_of

from app.i18n import CONTEXT, install, tr
from app.resources import translations_dir

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_text_of_the_sources_is_translated_with_its_values() -> None:
    found = extract.faults(extract.read(), extract.sources())
    assert not found, "run tests/tools/i18n_extract.py\n" + "\n".join(found)


def test_the_compiled_catalog_is_that_of_the_texts(tmp_path: Path) -> None:
    target = tmp_path / "made.qm"
    extract.compile_to(target)
    assert target.read_bytes() == extract.QM.read_bytes()
    assert extract.WIRE.read_text("utf-8") == extract.wire_lines(extract.read())


def test_translations_are_chinese() -> None:
    """A translation has Chinese letters, unless it is made of values and names only."""
    latin = [
        text
        for messages in extract.read().values()
        for text, said in messages.items()
        if said == text and re.search(r"[a-z]{4,} [a-z]{2,}", re.sub(r"\{.*?\}", "", text))
    ]
    assert latin == []


def test_a_language_is_installed_with_the_words_of_qt_itself(qapp: QCoreApplication) -> None:
    assert install(qapp, "zh_CN") == "zh_CN"
    assert tr("Cancel") == "取消"
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "取消"
    install(qapp, "en")
    assert tr("Cancel") == "Cancel"


def test_the_catalog_is_found_where_the_resources_are() -> None:
    translator = QTranslator()
    assert translator.load("silodesk_zh_CN", str(translations_dir()))
    assert CHINESE.search(translator.translate(CONTEXT, "Close"))


def test_the_wheel_and_the_bundle_carry_the_catalogs() -> None:
    project = (extract.ROOT / "pyproject.toml").read_text("utf-8")
    assert '"resources" = "app/_resources"' in project
    assert "resources/i18n" not in project  # in no list of what stays out


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('tr("One")', ["One"]),
        ('tr("A" if x else "B", n=1)', ["A", "B"]),
        ('trn("{count} site", "{count} sites", n)', ["{count} site", "{count} sites"]),
        ('x = mark("Later")', ["Later"]),
        ('plural(n, "file")', ["{count} file", "{count} files"]),
        ('plural(n, "entry", "entries")', ["{count} entry", "{count} entries"]),
        ("tr(name)", []),
        ('other("No")', []),
    ],
)
def test_texts_are_found_by_their_calls(source: str, expected: list[str]) -> None:
    assert [text for text, _ in texts_of(source)] == expected


def test_a_text_that_no_extraction_can_know_is_a_fault() -> None:
    assert [line for _, line in faults_of('tr(f"Round {k}")\ntr("a" + b)\ntr("fine")')] == [1, 2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('raise Error(f"The folder {path} is full.")', ["The folder {path} is full."]),
        ('log.info("Nobody reads this sentence.")', []),
        ('tx.run("SELECT a FROM b WHERE c = ?")', []),
        ('"""A docstring is no text."""', []),
        ('why = "it is empty"', ["it is empty"]),
        ('key = "two_words"', []),
    ],
)
def test_the_agents_texts_are_found_by_their_shape(source: str, expected: list[str]) -> None:
    assert list(templates_of(source)) == expected


def test_the_tool_says_what_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, extract.__file__, "--missing"],
        capture_output=True, text=True, timeout=60, check=True, cwd=extract.ROOT,
    )  # fmt: skip
    assert '"SiloDesk"' in done.stdout
