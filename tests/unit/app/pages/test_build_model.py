"""The build page proposes what follows from the folder and uploads in the hub's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_core.packages.wizard import BuildWizard, Fields
from agent_core.paths import Home
from app.pages.build import model


@pytest.fixture
def one_line(tmp_path: Path) -> Path:
    (tmp_path / "client").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "client" / "torch_client.py").write_text("print('hello')\n")
    (tmp_path / "config" / "fedml_config.yaml").write_text("train_args:\n  comm_round: 5\n")
    return tmp_path


def fields(root: Path, **more: Any) -> Fields:
    return Fields(source_folder=str(root / "client"), **more)


def test_empty_fields_are_proposed_and_filled_ones_are_kept(one_line: Path) -> None:
    assert model.proposals(fields(one_line)) == {
        "entry_point": "torch_client.py",
        "config_folder": str(one_line / "config"),
        "dest_folder": str(one_line / "mlops"),
    }
    kept = fields(one_line, entry_point="x.py", config_folder="c", dest_folder="d")
    assert model.proposals(kept) == {}
    assert model.proposals(Fields(source_folder="/no/such/folder")) == {}


def test_the_config_beside_the_form_is_the_one_that_is_packed(one_line: Path) -> None:
    shown = model.config_shown(fields(one_line, config_folder=str(one_line / "config")))
    assert shown.name == "fedml_config.yaml"
    assert "comm_round: 5" in shown.text
    assert model.config_shown(Fields(type="flower")).name == "pyproject.toml"


def test_a_signed_build_is_signed_by_the_key_in_the_homes_file(one_line: Path) -> None:
    home = Home(one_line / "home").make()
    home.credentials.write_text("{}")
    home.credentials.chmod(0o600)
    wizard = BuildWizard(fields(one_line, entry_point="torch_client.py",
                                config_folder=str(one_line / "config"),
                                dest_folder=str(one_line / "out")))  # fmt: skip
    wizard.preview()
    built = model.build(wizard, home, sign=True)
    assert built.signed
    assert built.package_path.is_file()
    assert model.words_of(built.content_digest) == built.fingerprint
    assert model.partner_path(built) == ""
    built.package_path.with_name("server-package.zip").touch()
    assert model.partner_path(built).endswith("server-package.zip")
