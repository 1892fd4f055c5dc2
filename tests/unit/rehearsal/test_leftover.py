"""What a killed federation left in the temporary folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from agent_core.rehearsal import leftover


def test_only_folders_whose_owner_is_gone_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other folders of that name (sockets, kept logs) carry no mark and stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held, lock = leftover.make_folder()
    left, closed = leftover.make_folder()
    os.close(closed)
    (left / "hub").mkdir()
    (left / "hub" / "secret").write_text("x")
    other = tmp_path / f"{leftover.PREFIX}0"
    other.mkdir()

    leftover.clear()

    assert sorted(tmp_path.iterdir()) == sorted([held, other])
    os.close(lock)
