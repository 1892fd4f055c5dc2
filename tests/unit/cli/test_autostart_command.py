"""`silodesk agent autostart` works without a running agent, with `--home` at either place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "XDG_CONFIG_HOME": str(root / "c"), "XDG_DATA_HOME": str(root / "d")
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "agent_core.cli", *words],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("is_before", [True, False])
def test_on_status_off(tmp_path: Path, is_before: bool) -> None:
    home = ["--home", str(tmp_path / "home")]

    def autostart(*words: str) -> dict[str, object]:
        first, last = (home, []) if is_before else ([], home)
        done = run(tmp_path, "agent", *first, "autostart", *words, *last, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert autostart("on", "--links")["enabled"]
    told = autostart("status")
    assert told["enabled"]
    assert told["links"]
    assert not autostart("off", "--no-links")["enabled"]
    assert list((tmp_path / "c").rglob("*.service")) == []


def test_a_wrong_word_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "agent", "autostart", "maybe")
    assert done.returncode == 2
    assert "code: input.usage" in done.stderr


def test_without_a_display_there_is_no_tray(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "agent_core.cli", "--tray", "--home", str(tmp_path / "h")],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "code: input.display" in done.stderr
