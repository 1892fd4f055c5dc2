"""The build wizard's flow: notes on leave, preview, build, Back without loss."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.errors import ConflictError, PackageError, SiloDeskError, UserInputError
from agent_core.packages.verify import verify
from agent_core.packages.wizard import BuildWizard, Fields, Step


@pytest.fixture
def wizard(one_line: Path) -> BuildWizard:
    """Return a wizard whose form is filled in."""
    return BuildWizard(
        Fields(
            type="client",
            source_folder=str(one_line / "client"),
            entry_point="torch_client.py",
            config_folder=str(one_line / "config"),
            dest_folder=str(one_line / "mlops"),
        )
    )


def test_the_whole_way(wizard: BuildWizard, key: Ed25519PrivateKey) -> None:
    assert wizard.check_all() == []
    shown = wizard.preview()
    assert wizard.step is Step.PREVIEW
    assert shown.is_buildable
    assert {"client: torch_client.py; engine fedml"} == {
        check.text for check in shown.checks if check.key == "entry"
    }
    tags = {file.path: file.tag for file in shown.files}
    assert tags["fedml/torch_client.py"] == "entry"
    assert tags["conf/fedml.yaml"] == "generated"
    assert shown.size == sum(file.size for file in shown.files)
    result = wizard.build(key)
    assert wizard.step is Step.RESULT
    assert result.content_digest == shown.content_digest
    assert verify(result.package_path).signed
    assert wizard.log[0][1] == wizard.command_line()
    assert "signed" in wizard.log[-1][1]


def test_back_keeps_what_was_typed(wizard: BuildWizard) -> None:
    before = wizard.fields
    wizard.preview()
    assert wizard.back() is Step.SOURCE
    assert wizard.fields == before
    assert wizard.shown is not None
    wizard.set("ignore", "*.bat")
    assert wizard.shown is None
    assert wizard.fields == replace(before, ignore="*.bat")
    assert "config/bootstrap.bat" in {item.path for item in wizard.preview().left_out}


def test_building_wants_the_preview_of_these_values(wizard: BuildWizard) -> None:
    wizard.preview()
    wizard.set("ignore", "x")
    with pytest.raises(ConflictError, match="no preview"):
        wizard.build()


@pytest.mark.parametrize(
    ("field", "value", "level", "said"),
    [
        ("type", "parrot", "error", "Choose"),
        ("source_folder", "", "error", "Name the folder"),
        ("source_folder", "/nowhere", "error", "/nowhere"),
        ("entry_point", "nix.py", "error", "nix.py"),
        ("entry_point", "torch_client.py", "ok", "calls FedML"),
        ("config_folder", "/nowhere", "error", "/nowhere"),
        ("config_folder", "", "ok", ""),
        ("config_folder", "/", "warn", "no fedml_config.yaml"),
        ("dest_folder", "/dev/null", "error", "is a file"),
        ("ignore", "x", "ok", ""),
    ],
)
def test_fields_are_checked_on_leave(
    wizard: BuildWizard, field: str, value: str, level: str, said: str
) -> None:
    wizard.set(field, value)
    note = wizard.check(field)
    assert (note.field, note.level) == (field, level)
    assert said in note.text
    if level == "error":
        assert field in {error.field for error in wizard.check_all()}
        with pytest.raises(UserInputError) as caught:
            wizard.preview()
        assert caught.value.code.startswith("input.")
        assert wizard.step is Step.SOURCE


def test_overwriting_is_announced(wizard: BuildWizard) -> None:
    assert wizard.check("dest_folder").level == "ok"
    wizard.preview()
    wizard.build()
    note = wizard.check("dest_folder")
    assert (note.level, note.text) == ("warn", "client-package.zip exists and will be replaced")


def test_source_says_how_much_it_found(wizard: BuildWizard) -> None:
    assert wizard.check("source_folder").text.startswith("2 files")
    assert wizard.entry_choices() == ["__init__.py", "torch_client.py"]


def test_a_flower_app_needs_no_entry_and_no_config(flower_app: Path, tmp_path: Path) -> None:
    wizard = BuildWizard(
        Fields(type="flower", source_folder=str(flower_app), dest_folder=str(tmp_path / "out"))
    )
    assert wizard.check_all() == []
    shown = wizard.preview()
    config = next(check for check in shown.checks if check.key == "config")
    assert (config.state, config.text) == ("pass", "4 keys, 3 rounds")
    assert wizard.build().manifest.type == "flower"
    assert "-ep" not in wizard.command_line()


def test_a_folder_without_pyproject_is_no_flower_app(wizard: BuildWizard) -> None:
    wizard.set("type", "flower")
    assert wizard.check("source_folder").level == "error"


def test_the_preview_says_what_silos_will_see(wizard: BuildWizard, one_line: Path) -> None:
    source = one_line / "client"
    (source / "net.py").write_text("import requests\nimport pickle\n")
    (source / "pw.py").write_text('password = "correct-horse"\n')
    (source / ".env").write_text("TOKEN=1")
    shown = wizard.preview()
    states = {check.key: check for check in shown.checks}
    assert states["secrets"].state == states["pickle"].state == states["outside"].state == "note"
    assert (states["secrets"].path, states["secrets"].line) == ("fedml/pw.py", 1)
    assert states["pickle"].line == 2
    assert shown.is_buildable
    assert shown.passed == 4
    assert [(item.path, item.reason) for item in shown.left_out] == [
        (".env", "looks like a secret")
    ]
    assert {file.tag for file in shown.files if file.path == "fedml/net.py"} == {"network"}


def test_a_config_that_cannot_be_read_stops_the_build(wizard: BuildWizard, one_line: Path) -> None:
    (one_line / "config" / "fedml_config.yaml").write_text("a: [")
    shown = wizard.preview()
    assert not shown.is_buildable
    with pytest.raises(PackageError, match="Config cannot be read"):
        wizard.build()


def test_a_folder_that_vanished_is_said(wizard: BuildWizard, one_line: Path) -> None:
    import shutil

    wizard.preview()
    shutil.rmtree(one_line / "client")
    with pytest.raises(SiloDeskError, match="does not exist"):
        wizard.build()
    assert wizard.step is Step.PREVIEW


def test_the_command_line_is_the_same_build(wizard: BuildWizard, one_line: Path) -> None:
    wizard.set("ignore", "*.tmp,a b")
    words = shlex.split(wizard.command_line())
    assert words[:4] == ["silodesk", "build", "-t", "client"]
    assert words[words.index("-sf") + 1] == str(one_line / "client")
    assert words[words.index("-ig") + 1] == "*.tmp,a b"
    assert "--engine" not in words
