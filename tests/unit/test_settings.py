"""Settings: defaults, atomic writing, words for what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core import settings
from agent_core.errors import StorageError, UserInputError


def test_missing_file_means_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "none.json") == settings.Settings()


def test_saved_settings_come_back(tmp_path: Path) -> None:
    wished = settings.Settings(silo="Klinikum Lindenau", prewarm=True)
    settings.save(tmp_path / "a" / "settings.json", wished)
    assert settings.load(tmp_path / "a" / "settings.json") == wished
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "settings.json"]


def test_unreadable_file_names_itself_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{half")
    with pytest.raises(StorageError, match=str(path)) as caught:
        settings.load(path)
    assert "Rename" in caught.value.next_step


def test_wrong_value_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"prewarm": "perhaps"}')
    with pytest.raises(UserInputError, match="prewarm"):
        settings.load(path)


def test_unknown_fields_of_a_newer_version_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"silo": "A", "later": 1}')
    assert settings.load(path).silo == "A"


def test_older_version_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"version": 0, "site": "B"}')
    monkeypatch.setitem(settings.MIGRATIONS, 0, lambda old: {"version": 1, "silo": old["site"]})
    assert settings.load(path).silo == "B"
