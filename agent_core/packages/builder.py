"""Build a package from a source folder: FedML's layout, deterministic, signed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent_core.errors import PackageError, StorageError, UserInputError
from agent_core.keys import fingerprint_words, public_text
from agent_core.packages.build_content import BuildContent
from agent_core.packages.build_input import check_config, check_entry, check_source
from agent_core.packages.canonical import Member, write_zip
from agent_core.packages.collect import Collected, LeftOut, collect, grouped
from agent_core.packages.content import (
    FEDML_YAML,
    SOURCE,
    Folder,
    pyproject_of,
    shown,
    table_of,
)
from agent_core.packages.describe import Described, describe
from agent_core.packages.fedml_yaml import fedml_yaml
from agent_core.packages.ignore import FlowerFiles
from agent_core.packages.manifest import (
    MANIFEST_PATH,
    SIGNATURE_PATH,
    Manifest,
    PackageType,
    signature_bytes,
    to_bytes,
)
from agent_core.protocol.states import Role

TYPES = ("client", "server", "flower")
ENGINES = ("flower", "fedml", "script")
OUTPUT_FOLDER = "dist-packages"


@dataclass(frozen=True)
class BuildRequest:
    """What to build: FedML's options, and what is new here."""

    type: str = "client"
    source_folder: Path = Path()
    entry_point: str = ""  # below the source folder; not for Flower apps
    config_folder: Path | None = None
    dest_folder: Path = Path()
    ignore: str = ""  # patterns on base names, separated by commas
    engine: str = ""  # empty: found in the entry file
    name: str = ""
    key: Ed25519PrivateKey | None = None  # None: not signed


Progress = Callable[[int], None]


def _silent(_written: int) -> None:
    """Drop progress."""


@dataclass(frozen=True)
class Plan:
    """What a build would pack, before anything is written."""

    root: str  # "client-package"
    manifest: Manifest
    left_out: list[LeftOut]
    notes: list[str]
    collected: Collected
    generated: dict[str, bytes] = field(repr=False)
    content: BuildContent = field(repr=False)


@dataclass(frozen=True)
class BuildResult:
    """The package that was built."""

    package_path: Path
    zip_sha256: str
    content_digest: str
    fingerprint: str  # the content digest in words
    size: int
    manifest: Manifest
    signed: bool
    builder_key: str
    left_out: list[LeftOut]
    notes: list[str]


def plan(request: BuildRequest) -> Plan:
    """Return what a build would pack; raises PackageError or UserInputError."""
    if request.type not in TYPES:
        raise UserInputError(
            "You should specify the type argument value as client or server, or flower; "
            f"not '{request.type}'.",
            next_step="Write -t client, -t server or -t flower.",
            code="input.type",
        )
    if request.engine and request.engine not in ENGINES:
        raise UserInputError(
            f"There is no engine called {request.engine}.",
            next_step=f"Choose one of {', '.join(ENGINES)}, or leave it out.",
            code="input.engine",
        )
    package_type = cast("PackageType", request.type)
    source = check_source(request.source_folder)
    config, entry, flower = None, "", None
    if package_type == "flower":
        flower = FlowerFiles(table_of(pyproject_of(Folder(source, SOURCE)), "tool", "flwr", "app"))
    else:
        entry = check_entry(source, request.entry_point)
        config = check_config(request.config_folder)
    collected = collect(source, config, request.ignore, flower)
    if entry and f"{SOURCE}/{entry}" not in collected.files:
        raise PackageError(
            f"The entry file {source / entry} is left out of the package: "
            f"{_reason(collected, entry)}.",
            next_step="Change .gitignore or -ig, or name another entry point.",
            code="package.entry",
        )
    return _planned(request, package_type, collected, entry)


def _planned(
    request: BuildRequest, package_type: PackageType, collected: Collected, entry: str
) -> Plan:
    # fedml.yaml names the entry, which in a Flower app only the description finds.
    generated = {"__init__.py": b"", "conf/__init__.py": b"", FEDML_YAML: b""}
    content = BuildContent(collected, generated)
    described: Described | None = None
    if package_type == "flower":
        described = describe(content, [], package_type, engine=request.engine, name=request.name)
        entry = shown(described.manifest.entries[Role.CLIENT].entry)
    generated[FEDML_YAML] = fedml_yaml(entry, is_server=package_type == "server")
    entries = [content.entry(path) for path in content.paths()]
    described = describe(
        content,
        entries,
        package_type,
        entry=f"{SOURCE}/{entry}",
        engine=request.engine,
        name=request.name,
    )
    manifest = described.manifest
    generated[MANIFEST_PATH] = to_bytes(manifest.model_dump(mode="json"))
    if request.key is not None:
        generated[SIGNATURE_PATH] = signature_bytes(manifest, request.key)
    return Plan(
        root=f"{package_type}-package",
        manifest=manifest,
        left_out=grouped(collected.left_out),
        notes=described.notes,
        collected=collected,
        generated=generated,
        content=content,
    )


def build(request: BuildRequest, progress: Progress = _silent) -> BuildResult:
    """Build a package into DEST/dist-packages; raises PackageError or UserInputError.

    `progress` hears how many bytes are written; an error that it raises cancels the build.
    """
    planned = plan(request)
    content = planned.content
    members = [content.member(path) for path in content.paths()]
    target = request.dest_folder / OUTPUT_FOLDER / f"{planned.root}.zip"
    zip_sha256, size = _write(target, planned.root, members, progress)
    return BuildResult(
        package_path=target,
        zip_sha256=zip_sha256,
        content_digest=planned.manifest.content_digest,
        fingerprint=fingerprint_words(planned.manifest.content_digest),
        size=size,
        manifest=planned.manifest,
        signed=request.key is not None,
        builder_key=public_text(request.key) if request.key else "",
        left_out=planned.left_out,
        notes=planned.notes,
    )


def _reason(collected: Collected, entry: str) -> str:
    for item in collected.left_out:
        if entry == item.path or entry.startswith(f"{item.path}/"):
            return item.reason
    return "replaced by the config folder"


def _write(target: Path, root: str, members: list[Member], progress: Progress) -> tuple[str, int]:
    """Write the zip so that a failure leaves the old file or none; return its hash and size."""
    digest = hashlib.sha256()
    part = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{root}-", suffix=".part")
        with os.fdopen(handle, "wb") as file:

            def out(data: bytes) -> None:
                digest.update(data)
                file.write(data)
                progress(file.tell())

            size = write_zip(out, root, members)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(target)
        part = None
    except OSError as error:
        raise StorageError(
            f"The package cannot be written to {target}: {error.strerror}.",
            next_step="Free some space, or name another destination folder: -df FOLDER.",
        ) from error
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)
    return digest.hexdigest(), size
