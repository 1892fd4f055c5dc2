"""What a federation leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.errors import SiloDeskError
from agent_core.rehearsal.federation import Federation


def test_an_error_that_names_a_log_leaves_that_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the temporary folder goes: it holds credentials."""

    def broken(federation: Federation) -> None:
        home = federation.folder / "hub"
        for name in ("logs/cli.log", "credentials.json"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text("x")
        (federation.folder / "link").symlink_to(home)
        raise SiloDeskError("It ended.", log=str(home / "logs/cli.log"))

    monkeypatch.setattr(Federation, "start", broken)
    federation = Federation(silos=1, say=lambda _: None)
    with pytest.raises(SiloDeskError), federation:
        pass
    left = [path for path in federation.folder.rglob("*") if path.is_file()]
    assert left == [federation.folder / "hub/logs/cli.log"]
    for path in left:
        path.unlink()


def test_a_federation_that_went_well_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that a person interrupts."""

    def started(federation: Federation) -> None:
        (federation.folder / "logs").mkdir()

    monkeypatch.setattr(Federation, "start", started)
    with Federation(silos=1, say=lambda _: None) as federation:
        assert federation.folder.is_dir()
    assert not Path(federation.folder).exists()
