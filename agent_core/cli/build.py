"""`silodesk build`: FedML's options, output and layout; signed where there is a key store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_core.cli.output import chosen_home, emit, error_border, is_json, note

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from agent_core.packages.builder import BuildResult

_LABELS = (
    "type", "source folder", "entry point", "config folder", "destination package folder",
    "ignore lists",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(build)


@error_border
def build(
    type_: Annotated[
        str, typer.Option("--type", "-t", metavar="TYPE", help="client, server or flower")
    ] = "client",
    source_folder: Annotated[
        str, typer.Option("--source_folder", "-sf", metavar="DIR", help="Folder with the code")
    ] = "./",
    entry_point: Annotated[
        str, typer.Option("--entry_point", "-ep", metavar="FILE", help="File to start, in DIR")
    ] = "./",
    config_folder: Annotated[
        str, typer.Option("--config_folder", "-cf", metavar="DIR", help="Folder with config files")
    ] = "./",
    dest_folder: Annotated[
        str, typer.Option("--dest_folder", "-df", metavar="DIR", help="Where dist-packages goes")
    ] = "./",
    ignore: Annotated[
        str, typer.Option("--ignore", "-ig", metavar="LIST", help="Patterns to leave out: a,b")
    ] = "",
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="flower, fedml or script; else found")
    ] = "",
    credentials: Annotated[
        Path | None,
        typer.Option("--credentials", metavar="FILE", help="Key file instead of the keyring"),
    ] = None,
    platform: Annotated[str, typer.Option("--platform", "-pf", hidden=True)] = "octopus",
) -> None:
    """Build a client, server or Flower package from a source folder."""
    from agent_core.packages.builder import BuildRequest
    from agent_core.packages.builder import build as build_package

    values = (type_, source_folder, entry_point, config_folder, dest_folder, ignore)
    if not is_json():
        for label, value in zip(_LABELS, values, strict=True):
            typer.echo(f"Argument for {label}: {value}")
    _check_platform(platform)
    key, unsigned = _key(credentials)
    result = build_package(
        BuildRequest(
            type=type_,
            source_folder=Path(source_folder),
            entry_point=entry_point,
            config_folder=_config(config_folder),
            dest_folder=Path(dest_folder),
            ignore=ignore,
            engine=engine,
            key=key,
        )
    )
    if unsigned:
        note(f"The package is not signed. {unsigned}")
    if not is_json():
        _say_beside(result)
    emit(to_json(result), is_json(), lambda: _text(result, type_, dest_folder))


def to_json(result: BuildResult) -> dict[str, object]:
    """Return what was built as JSON values."""
    return {
        "package": str(result.package_path),
        "zip_sha256": result.zip_sha256,
        "content_digest": result.content_digest,
        "fingerprint": result.fingerprint,
        "size": result.size,
        "type": result.manifest.type,
        "name": result.manifest.name,
        "engine": result.manifest.engine,
        "signed": result.signed,
        "builder_key": result.builder_key,
        "requirements": result.manifest.requirements,
        "files": [file.model_dump() for file in result.manifest.files],
        "left_out": [item._asdict() for item in result.left_out],
        "notes": result.notes,
    }


def _text(result: BuildResult, package_type: str, dest: str) -> str:
    place = f"{dest.rstrip('/') or '/'}/dist-packages/{result.package_path.name}"
    end = "." if package_type == "server" else ""  # FedML's two sentences differ by it
    return (
        "You have finished all building process. \n"
        f"Now you may use {place} to start your training{end}"
    )


def _say_beside(result: BuildResult) -> None:
    for item in result.left_out:
        note(f"left out: {item.path} ({item.reason})")
    for text in result.notes:
        note(f"note: {text}")
    engine = result.manifest.engine
    note(f"engine {engine}, {len(result.manifest.files)} files, {result.size} bytes")
    note(f"fingerprint: {result.fingerprint}")


def _config(folder: str) -> Path | None:
    """Return the config folder; not named, the current one counts only if it looks like one.

    FedML copies whatever the current folder holds, which may be anybody's home folder.
    """
    path = Path(folder)
    if folder == "./" and not (path / "fedml_config.yaml").is_file():
        return None
    return path


def _key(credentials: Path | None) -> tuple[Ed25519PrivateKey | None, str]:
    """Return the owner key, or why there is none."""
    from agent_core.keys import NoKeyStoreError, open_store, owner_key
    from agent_core.settings import load

    home = chosen_home()
    try:
        return owner_key(open_store(home, load(home.settings), credentials)), ""
    except NoKeyStoreError as error:
        return None, str(error)


def _check_platform(platform: str) -> None:
    from agent_core.errors import UserInputError

    if platform != "octopus":
        raise UserInputError(
            f"Packages for the platform {platform} cannot be built here.",
            next_step="Leave --platform out; it is octopus (cross-silo).",
            code="input.platform",
        )
