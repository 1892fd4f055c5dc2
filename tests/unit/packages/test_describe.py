"""What a package is: engine and app object by syntax alone, requirements, declarations."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.package_folders import request_for

from agent_core.errors import PackageError
from agent_core.packages.builder import BuildRequest, build
from agent_core.packages.engine import defines, detect, parse
from agent_core.packages.requirements import Requirements
from agent_core.protocol.states import Role


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from flwr.clientapp import ClientApp\napp = ClientApp()", ("flower", "app")),
        ("from flwr.client import ClientApp as CA\nmine = CA()", ("flower", "mine")),
        ("import flwr\nx: object = flwr.client.ClientApp()", ("flower", "x")),
        ("import flwr.clientapp as c\nx = c.ClientApp(mods=[])", ("flower", "x")),
        ("from flwr.client import *\nx = ClientApp()", ("flower", "x")),
        ("try:\n  from flwr.client import ClientApp\nexcept E:\n  pass\nelse:\n  app = ClientApp()",
         ("flower", "app")),
        ("from flwr.client import ClientApp\na = ClientApp()\napp = ClientApp()",
         ("flower", "app")),
        ("from mine import ClientApp\napp = ClientApp()", ("script", "")),
        ("from .mine import ClientApp\napp = ClientApp()", ("script", "")),
        ("from flwr.client import ClientApp\ndef f():\n  app = ClientApp()", ("script", "")),
        ("import fedml\nfedml.run_cross_silo_client()", ("fedml", "")),
        ("import fedml as f\ndef main():\n  f.run_cross_silo_client()", ("fedml", "")),
        ("from fedml import run_cross_silo_client as r\nr()", ("fedml", "")),
        ("from fedml import FedMLRunner\nFedMLRunner(1).run()", ("fedml", "")),
        ("import mine\nmine.run_cross_silo_client()", ("script", "")),
        ("print('hello')", ("script", "")),
        ("", ("script", "")),
    ],
)  # fmt: skip
def test_engine_is_found_without_running_anything(text: str, expected: tuple[str, str]) -> None:
    assert detect(text, "a.py", Role.CLIENT) == expected


def test_two_apps_and_none_called_app_are_refused() -> None:
    text = "from flwr.client import ClientApp\na = ClientApp()\nb = ClientApp()"
    with pytest.raises(PackageError, match="2 ClientApps: a, b"):
        detect(text, "fedml/a.py", Role.CLIENT)


def test_the_other_roles_app_is_refused() -> None:
    text = "from flwr.serverapp import ServerApp\napp = ServerApp()"
    assert detect(text, "fedml/a.py", Role.SERVER) == ("flower", "app")
    with pytest.raises(PackageError, match="no ClientApp") as caught:
        detect(text, "fedml/a.py", Role.CLIENT)
    assert "-t server" in caught.value.next_step


def test_a_syntax_error_names_the_line() -> None:
    with pytest.raises(PackageError, match="line 2"):
        detect("x = 1\ny = = 2\n", "fedml/a.py", Role.CLIENT)


def test_defines_finds_what_a_module_binds() -> None:
    tree = parse("from a import b as app\nif x:\n  def f(): inner = 1\nfor i in y: z = 1\n", "a.py")
    assert [defines(tree, name) for name in ("app", "f", "z", "inner", "b")] == [1, 3, 4, 0, 0]


def test_the_engine_option_overrides(one_line: Path) -> None:
    from dataclasses import replace

    for engine, name in (("script", ""), ("flower", "app")):
        result = build(replace(request_for(one_line, "client"), engine=engine))
        assert result.manifest.engine == engine
        assert result.manifest.entry_for("client").object_name == name


def flower(app: Path, dest: Path) -> BuildRequest:
    return BuildRequest(type="flower", source_folder=app, dest_folder=dest)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[tool.flwr.app]", "[tool.other]", "not a Flower app"),
        ('clientapp = "quickstart.client_app:app"', "", "names no clientapp"),
        ("client_app:app", "client_app:missing", "defines no missing"),
        ("quickstart.client_app:app", "nowhere:app", "there is no nowhere.py"),
        ("[project]", "[project", "cannot be read"),
    ],
)
def test_a_flower_app_that_cannot_start_is_refused(
    flower_app: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = flower_app / "pyproject.toml"
    text = path.read_text().replace(old, new)
    if old == "[tool.flwr.app]":
        text = text.replace("[tool.flwr.app", "[tool.other").replace("]", "]", 1)
    path.write_text(text)
    with pytest.raises(PackageError, match=said) as caught:
        build(flower(flower_app, tmp_path))
    assert caught.value.next_step


def test_a_folder_without_pyproject_is_no_flower_app(one_line: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not a Flower app"):
        build(flower(one_line / "client", tmp_path))


class Files:
    """Content in memory."""

    def __init__(self, **files: str) -> None:
        self._files = {f"fedml/{name.replace('_', '.', 1)}": text for name, text in files.items()}

    def has(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str, limit: int = 0) -> bytes:
        return self._files[path].encode()


def test_requirements_are_read_as_people_write_them() -> None:
    found = Requirements(
        Files(
            requirements_txt="# top\nnumpy == 2.0  # why\n-r more.txt\n\npandas[csv]>=2,\\\n<3\n"
            "flwr[simulation]==1.42\nflwr_datasets\n-i https://x\n"
            "six==1 --hash=sha256:00\nnumpy==2.0\n",
            more_txt="scikit-learn; python_version > '3.10'\n",
        )
    ).collect()
    assert found.found == [
        "numpy==2.0", 'scikit-learn; python_version > "3.10"', "pandas[csv]<3,>=2", "six==1",
    ]  # fmt: skip
    assert len([note for note in found.notes if "comes with the job runtime" in note]) == 2
    assert any("option -i" in note for note in found.notes)
    assert any("hashes" in note for note in found.notes)


@pytest.mark.parametrize("line", ["./local.whl", "not a requirement", "-r nowhere.txt", "==1"])
def test_requirements_that_cannot_be_installed_are_refused(line: str) -> None:
    with pytest.raises(PackageError, match=r"requirements\.txt"):
        Requirements(Files(requirements_txt=line)).collect()


def test_requirements_that_include_themselves_end() -> None:
    with pytest.raises(PackageError, match="levels deep"):
        Requirements(Files(requirements_txt="-r requirements.txt")).collect()


def test_pyproject_dependencies_count_without_requirements() -> None:
    files = Files(pyproject_toml='[project]\ndependencies = ["numpy", "flwr"]\n')
    assert Requirements(files).collect().found == ["numpy"]
