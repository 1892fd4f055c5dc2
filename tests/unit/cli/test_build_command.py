"""`silodesk build` and `silodesk package`, as a user of FedML's command line types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from helpers.package_folders import make_flower_app, make_one_line
from typer.testing import CliRunner, Result

from agent_core.cli import build as build_module
from agent_core.cli import package as package_module
from agent_core.keys import CREDENTIALS_VARIABLE, NoKeyStoreError
from agent_core.paths import HOME_VARIABLE


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in FedML's example folder, with an own home and without credentials."""
    folder = make_one_line(tmp_path / "one_line")
    monkeypatch.chdir(folder)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv(CREDENTIALS_VARIABLE, raising=False)
    return folder


def silodesk(*words: str) -> Result:
    app = typer.Typer(rich_markup_mode=None)
    build_module.register(app)
    package_module.register(app)
    return CliRunner().invoke(app, list(words))


CLIENT = ("build", "-t", "client", "-sf", "client", "-ep", "torch_client.py", "-cf", "config",
          "-df", "./mlops")  # fmt: skip


@pytest.fixture
def signed(here: Path) -> Path:
    """Return a package that `silodesk build` signed."""
    assert silodesk(*CLIENT, "--credentials", "keys.json").exit_code == 0
    return here / "mlops" / "dist-packages" / "client-package.zip"


def test_output_is_fedmls(here: Path) -> None:
    result = silodesk(*CLIENT, "--ignore", "a,b", "--credentials", "keys.json")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Argument for type: client",
        "Argument for source folder: client",
        "Argument for entry point: torch_client.py",
        "Argument for config folder: config",
        "Argument for destination package folder: ./mlops",
        "Argument for ignore lists: a,b",
        "You have finished all building process. ",
        "Now you may use ./mlops/dist-packages/client-package.zip to start your training",
    ]
    assert "not signed" not in result.stderr


def test_long_options_and_the_server_sentence(here: Path) -> None:
    result = silodesk(
        "build", "--type", "server", "--source_folder", "server", "--entry_point",
        "torch_server.py", "--config_folder", "config", "--dest_folder", "out", "--platform",
        "octopus", "--credentials", "keys.json",
    )  # fmt: skip
    assert result.stdout.splitlines()[-1] == (
        "Now you may use out/dist-packages/server-package.zip to start your training."
    )


def test_without_a_key_store_it_is_unsigned_and_says_so(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise NoKeyStoreError("No keyring here.", next_step="--credentials FILE")

    monkeypatch.setattr("agent_core.keys.open_store", none)
    result = silodesk(*CLIENT)
    assert result.exit_code == 0
    assert "not signed. No keyring here." in result.stderr
    assert (
        "signed         unsigned"
        in silodesk("package", "verify", "mlops/dist-packages/client-package.zip").stdout
    )


def test_a_named_key_file_that_others_read_is_refused(here: Path, signed: Path) -> None:
    (here / "keys.json").chmod(0o644)
    result = silodesk(*CLIENT, "--credentials", "keys.json")
    assert result.exit_code == 2
    assert "chmod 600" in result.stderr


def test_json_is_the_only_thing_on_stdout(here: Path) -> None:
    result = silodesk(*CLIENT, "--credentials", "keys.json", "--json")
    value = json.loads(result.stdout)
    assert value["signed"]
    assert value["engine"] == "fedml"
    assert value["package"] == "mlops/dist-packages/client-package.zip"
    assert len(value["zip_sha256"]) == 64


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("build", "-t", "parrot"), "input.type", "client or server"),
        (("build", "-sf", "nix"), "input.source", "nix"),
        (("build", "-sf", "client"), "input.entry", "client"),
        (("build", "-sf", "client", "-ep", "nix.py"), "input.entry", "nix.py"),
        (("build", "-sf", "client", "-ep", "torch_client.py", "-cf", "nix"), "input.config", "nix"),
        (("build", "-t", "flower", "-sf", "client"), "package.flower", "pyproject.toml"),
        (("build", "-pf", "parrot"), "input.platform", "parrot"),
        (("package", "verify", "nix.zip"), "input.package", "nix.zip"),
        (("package", "inspect", "config/bootstrap.sh"), "package.damaged", "bootstrap.sh"),
    ],
)
def test_errors_end_with_two_and_name_path_and_remedy(
    here: Path, words: tuple[str, ...], code: str, said: str
) -> None:
    more = ("--credentials", "keys.json") if words[0] == "build" else ()
    result = silodesk(*words, *more)
    assert result.exit_code == 2
    error, following, last = result.stderr.splitlines()
    assert said in error
    assert following.startswith("  next: ")
    assert last == f"  code: {code}"


def test_the_current_folder_is_no_config_by_default(here: Path) -> None:
    (here / "private.txt").write_text("mine")
    silodesk("build", "-sf", "client", "-ep", "torch_client.py", "--credentials", "keys.json")
    shown = silodesk("package", "inspect", "dist-packages/client-package.zip")
    assert "private.txt" not in shown.stdout
    (here / "fedml_config.yaml").write_text("a: 1\n")
    silodesk("build", "-sf", "client", "-ep", "torch_client.py", "--credentials", "keys.json")
    shown = silodesk("package", "inspect", "dist-packages/client-package.zip")
    assert "private.txt" in shown.stdout  # as FedML does


def test_a_flower_app_is_packed_by_its_folder_alone(tmp_path: Path, here: Path) -> None:
    app = make_flower_app(tmp_path / "app")
    result = silodesk("build", "-t", "flower", "-sf", str(app), "--credentials", "keys.json")
    assert result.exit_code == 0
    shown = silodesk("package", "inspect", "dist-packages/flower-package.zip")
    assert "client starts  fedml/quickstart/client_app.py:app" in shown.stdout
    assert "server starts  fedml/quickstart/server_app.py:app" in shown.stdout
    assert "requires       torch==2.13.0, numpy" in shown.stdout


def test_inspect_shows_files_and_calls(here: Path) -> None:
    (here / "client" / "net.py").write_text("import requests\n")
    silodesk(*CLIENT, "--credentials", "keys.json")
    package = "mlops/dist-packages/client-package.zip"
    shown = silodesk("package", "inspect", package).stdout
    assert "network    fedml/net.py:1  import requests" in shown
    value = json.loads(silodesk("package", "inspect", package, "--json").stdout)
    assert value["risks"][0]["kind"] == "network"
    assert value["manifest"]["files"]


def test_verify_says_ok_or_ends_with_two(signed: Path) -> None:
    result = silodesk("package", "verify", str(signed))
    assert result.stdout.startswith("ok\n")
    assert "by key " in result.stdout
    data = bytearray(signed.read_bytes())
    data[len(data) // 2] ^= 1
    signed.write_bytes(data)
    result = silodesk("package", "verify", str(signed), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["code"].startswith("package.")


def test_no_key_ever_reaches_the_output(here: Path, signed: Path) -> None:
    secret = json.loads((here / "keys.json").read_text()).popitem()[1]
    result = silodesk(*CLIENT, "--credentials", "keys.json", "--json")
    assert secret not in result.output
    assert secret.encode() not in signed.read_bytes()
