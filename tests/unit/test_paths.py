"""Paths: homes are apart, sockets are short, the environment's home is honoured."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agent_core import paths


def test_environment_names_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "h"))
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "c"))
    assert paths.default_home() == tmp_path / "h"
    assert paths.cache_dir() == tmp_path / "c"


def test_two_homes_share_no_socket_and_both_are_short(tmp_path: Path) -> None:
    one, two = paths.Home(tmp_path / ("x" * 200)), paths.Home(tmp_path / "y")
    assert one.socket != two.socket
    assert max(len(str(one.socket)), len(str(two.socket))) < 100


def test_home_is_private(tmp_path: Path) -> None:
    home = paths.Home(tmp_path / "home").make()
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(paths.runtime_dir().stat().st_mode) == 0o700


def test_resources_are_found() -> None:
    assert (paths.resources_dir() / "runtimes" / "base.txt").is_file()
