"""What an app may declare of its model, and where the declaration goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.package_folders import make_flower_app, make_one_line

from agent_core.errors import PackageError
from agent_core.packages.builder import BuildRequest, build
from agent_core.packages.config import run_config
from agent_core.packages.model_declaration import ModelDeclaration
from agent_core.packages.verify import verify
from agent_core.rehearsal.packing import samples

TABLE: dict[str, Any] = {
    "factory": "task:Net", "labels": ["a", "b"], "input": {"kind": "table", "columns": ["x", "y"]},
}  # fmt: skip


def test_the_samples_declare_their_models(tmp_path: Path) -> None:
    """Hub and desktop know what goes in, without running code."""
    cancer = verify(samples()["breast-cancer"].packages(tmp_path / "a")[0]).manifest.model
    assert cancer is not None
    assert len(cancer.input.columns) == len(cancer.input.mean) == len(cancer.input.std) == 30
    assert cancer.labels == ["benign", "malignant"]
    client, server = samples()["mnist"].packages(tmp_path / "b")
    assert verify(client).manifest.model is None
    digits = verify(server).manifest.model
    assert digits is not None
    assert digits.input.shape == [1, 28, 28]


def test_a_declaration_in_fedml_config_is_no_parameter(tmp_path: Path) -> None:
    folder = make_one_line(tmp_path / "src")
    config = folder / "config" / "fedml_config.yaml"
    content = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**content, "silodesk_model": TABLE}))
    built = build(
        BuildRequest(
            type="client", source_folder=folder / "client", entry_point="torch_client.py",
            config_folder=config.parent, dest_folder=tmp_path,
        )
    )  # fmt: skip
    manifest = verify(built.package_path).manifest
    assert manifest.model == ModelDeclaration.model_validate(TABLE)
    assert not any("factory" in key or "columns" in key for key in run_config(built.package_path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"factory": "os.system('x')"}, "factory"),
        ({"labels": ["one"]}, "two labels"),
        ({"surprise": 1}, "surprise"),
        ({"input": {"kind": "table"}}, "needs columns"),
        ({"input": {"kind": "image", "width": 3}}, "width and height"),
        ({"input": {"columns": ["x", "x"]}}, "twice"),
        ({"input": {"columns": ["x", "y"], "mean": [1.0]}}, "mean has 1 values"),
        ({"input": {"columns": ["x"], "std": [0.0]}}, "std is 0"),
        ({"input": {"columns": ["x"], "mean": [float("nan")]}}, "not finite"),
        ({"input": {"columns": ["x", "y"], "examples": [[1.0]]}}, "example has not 2"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    folder = make_flower_app(tmp_path / "src")
    project = folder / "pyproject.toml"
    declared = {**TABLE, **change}
    given = declared.pop("input")
    lines = [f"{key} = {_toml(value)}" for key, value in declared.items()]
    lines += ["[tool.silodesk.model.input]", *(f"{k} = {_toml(v)}" for k, v in given.items())]
    project.write_text(project.read_text() + "\n[tool.silodesk.model]\n" + "\n".join(lines) + "\n")
    with pytest.raises(PackageError, match=words) as refused:
        build(BuildRequest(type="flower", source_folder=folder, dest_folder=tmp_path))
    assert refused.value.code == "package.model"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value) if isinstance(value, float | int) else f'"{value}"'
