"""Source folders as people have them: FedML's one_line example and a Flower app."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.packages.builder import BuildRequest

FEDML_CONFIG = """\
common_args:
  training_type: "cross_silo"
  random_seed: 0
data_args:
  dataset: "mnist"
train_args:
  comm_round: 50
  learning_rate: 0.03
"""

PYPROJECT = """\
[project]
name = "quickstart"
version = "1.0.0"
requires-python = ">=3.10"
dependencies = ["flwr[simulation]>=1.20", "flwr-datasets>=0.5", "torch==2.13.0", "numpy"]

[tool.flwr.app]
publisher = "lab"

[tool.flwr.app.components]
serverapp = "quickstart.server_app:app"
clientapp = "quickstart.client_app:app"

[tool.flwr.app.config]
num-server-rounds = 3
lr = 0.01
model = { width = 8, bias = true }

[tool.silodesk]
data = ["wdbc.csv"]
outputs = ["model"]
"""


def make_one_line(root: Path) -> Path:
    """Write FedML's one_line example: client/, server/ and config/."""
    for role in ("client", "server"):
        folder = root / role
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        call = f"import fedml\n\nif __name__ == '__main__':\n    fedml.run_cross_silo_{role}()\n"
        (folder / f"torch_{role}.py").write_text(call)
    config = root / "config"
    config.mkdir()
    (config / "fedml_config.yaml").write_text(FEDML_CONFIG)
    (config / "gpu_mapping.yaml").write_text("mapping_default:\n  host: [1]\n")
    (config / "bootstrap.sh").write_text("#!/bin/bash\necho ok\n")
    (config / "bootstrap.bat").write_text("echo ok\r\n")
    return root


def make_flower_app(root: Path) -> Path:
    """Write what `flwr new` makes, in short."""
    package = root / "quickstart"
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (package / "__init__.py").touch()
    for role, name in (("server", "ServerApp"), ("client", "ClientApp")):
        (package / f"{role}_app.py").write_text(
            f"from flwr.{role}app import {name}\n\napp = {name}()\n"
        )
    return root


def request_for(
    root: Path, role: str, key: Ed25519PrivateKey | None = None, ignore: str = ""
) -> BuildRequest:
    """Return the request that FedML's build script makes."""
    return BuildRequest(
        type=role,
        source_folder=root / role,
        entry_point=f"torch_{role}.py",
        config_folder=root / "config",
        dest_folder=root / "mlops",
        ignore=ignore,
        key=key,
    )


def rewrite(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """Write a package again by another tool, with members changed, added or (None) dropped."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in change:
                new.writestr(info.filename, old.read(info))
        for name, data in change.items():
            if data is not None:
                new.writestr(name, data)
    return target
