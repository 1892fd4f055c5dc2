"""`silodesk package inspect | verify`: what a package file is, before anyone uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_core.cli.output import emit, error_border, is_json

if TYPE_CHECKING:
    from agent_core.packages.risks import Risk
    from agent_core.packages.verify import Verification

File = Annotated[Path, typer.Argument(metavar="FILE", help="A package file (.zip)")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Look into a package file.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command()(inspect)
    group.command()(verify)
    app.add_typer(group, name="package")


@error_border
def inspect(file: File) -> None:
    """Show what is in a package: files, entries, requirements, calls to look at."""
    from dataclasses import asdict

    from agent_core.packages.inspect import inspect_package

    inspection = inspect_package(file)
    value = {
        **to_json(inspection.verification),
        "manifest": inspection.verification.manifest.model_dump(mode="json"),
        "risks": [asdict(risk) for risk in inspection.risks],
    }
    emit(value, is_json(), lambda: _tell(inspection.verification, inspection.risks))


@error_border
def verify(file: File) -> None:
    """Check every bit of a package and its signature; exit 2 where anything is wrong."""
    from agent_core.packages.verify import verify as verify_package

    found = verify_package(file)
    emit(to_json(found), is_json(), lambda: "\n".join(["ok", *_head(found)]))


def to_json(found: Verification) -> dict[str, object]:
    """Return what is known about a package as JSON values."""
    return {
        "file": str(found.path),
        "ok": True,
        "type": found.type,
        "name": found.name,
        "engine": found.engine,
        "size": found.size,
        "zip_sha256": found.zip_sha256,
        "content_digest": found.content_digest,
        "fingerprint": found.fingerprint,
        "signed": found.signed,
        "builder_key": found.builder_key,
        "made_elsewhere": found.made_elsewhere,
    }


def _head(found: Verification) -> list[str]:
    from agent_core.keys import short_fingerprint

    if found.signed:
        signed = f"by key {short_fingerprint(found.builder_key)} ({found.builder_key})"
    elif found.made_elsewhere:
        signed = "unsigned, made elsewhere: single flipped bits cannot be ruled out"
    else:
        signed = "unsigned"
    return [
        f"package        {found.name} ({found.type}, engine {found.engine})",
        f"fingerprint    {found.fingerprint}",
        f"content        {found.content_digest}",
        f"zip sha256     {found.zip_sha256}",
        f"signed         {signed}",
    ]


def _tell(found: Verification, risks: list[Risk]) -> str:
    from agent_core.packages.inspect import tree

    manifest = found.manifest
    lines = _head(found)
    for role, entry in manifest.entries.items():
        object_name = f":{entry.object_name}" if entry.object_name else ""
        lines.append(f"{f'{role} starts':<15}{entry.entry}{object_name}")
    lines.append(f"python         {manifest.python}")
    lines.append(
        f"requires       {', '.join(manifest.requirements) or 'nothing besides the runtime'}"
    )
    if manifest.data:
        lines.append(f"data           {', '.join(manifest.data)}")
    lines += ["", f"{len(found.files)} files", *tree([(f.path, f.size) for f in found.files])]
    lines += ["", "calls to look at" if risks else "no calls to look at"]
    lines += [f"  {risk.kind:<10} {risk.path}:{risk.line}  {risk.text}" for risk in risks]
    return "\n".join(lines)
