"""Turn what a person names (package files, source folders) into the packages of one application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import UserInputError
from agent_core.packages.builder import BuildRequest, build
from agent_core.paths import resources_dir


@dataclass(frozen=True)
class Sample:
    """An application that comes with SiloDesk."""

    name: str
    title: str
    folder: Path
    data: Path | None  # None: must be named
    silos: int
    rounds: int

    def packages(self, destination: Path) -> list[Path]:
        """Build the sample's packages into a folder and return them."""
        if (self.folder / "pyproject.toml").exists():
            return [pack_flower(self.folder, destination)]
        return [
            pack_role(self.folder / role, role, f"torch_{role}.py", destination)
            for role in ("client", "server")
        ]


def samples() -> dict[str, Sample]:
    """Return the samples by name."""
    root = resources_dir() / "samples"
    cancer = root / "breast_cancer"
    return {
        "breast-cancer": Sample(
            "breast-cancer", "WDBC breast cancer", cancer, cancer / "data", silos=3, rounds=10
        ),
        "mnist": Sample("mnist", "MNIST LR", root / "mnist_lr", None, silos=2, rounds=50),
    }


def check_paths(paths: Sequence[Path]) -> None:
    """Raise UserInputError for what is neither a package file nor a Flower app's folder."""
    for path in paths:
        if not path.is_file() and not (path / "pyproject.toml").is_file():
            raise UserInputError(
                f"{path} is neither a package file nor a folder with a Flower app.",
                next_step="Name a .zip that `silodesk build` made, or a folder with a "
                "pyproject.toml that has [tool.flwr.app].",
                code="input.package",
            )
    if not 1 <= len(paths) <= 2:
        raise UserInputError(
            f"{len(paths)} packages were named.",
            next_step="Name one Flower package, or a client and a server package.",
            code="input.package",
        )


def packages_of(paths: Sequence[Path], destination: Path) -> list[Path]:
    """Return package files; a Flower app folder is packed first."""
    check_paths(paths)
    return [path if path.is_file() else pack_flower(path, destination) for path in paths]


def pack_flower(folder: Path, destination: Path) -> Path:
    """Pack a Flower app folder."""
    return build(
        BuildRequest(type="flower", source_folder=folder, dest_folder=destination)
    ).package_path


def pack_role(folder: Path, role: str, entry: str, destination: Path) -> Path:
    """Pack a client or server source folder in FedML's way."""
    return build(
        BuildRequest(
            type=role,
            source_folder=folder,
            entry_point=entry,
            config_folder=folder / "config",
            dest_folder=destination,
        )
    ).package_path
