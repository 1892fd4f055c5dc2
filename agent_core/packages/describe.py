"""Turn the files of a package into its manifest: engine, entries, requirements, declarations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import yaml
from pydantic import ValidationError

from agent_core.errors import PackageError
from agent_core.packages.content import (
    FEDML_YAML,
    PYPROJECT,
    SOURCE,
    YAML_LIMIT,
    Content,
    pyproject_of,
    shown,
    table_of,
    text_of,
    texts_of,
)
from agent_core.packages.engine import DEFAULT_OBJECT, defines, detect, parse
from agent_core.packages.manifest import (
    Engine,
    EntryPoint,
    FileEntry,
    Manifest,
    PackageType,
    seal,
)
from agent_core.packages.model_declaration import declared_in
from agent_core.packages.requirements import Requirements
from agent_core.protocol.states import Role

_COMPONENT = {Role.SERVER: "serverapp", Role.CLIENT: "clientapp"}


@dataclass(frozen=True)
class Described:
    """A manifest made from content, and what a person should know about how."""

    manifest: Manifest
    notes: list[str]


def describe(
    content: Content,
    files: Sequence[FileEntry],
    package_type: PackageType,
    *,
    entry: str = "",
    engine: str = "",
    name: str = "",
) -> Described:
    """Return the sealed manifest of a package's files; `entry` is a path below the root."""
    pyproject = pyproject_of(content)
    project = table_of(pyproject, "project")
    declared = table_of(pyproject, "tool", "silodesk")
    requirements = Requirements(content).collect()
    if package_type == "flower":
        engine, entries = "flower", flower_entries(content, pyproject)
    else:
        engine, entries = _role_entry(content, Role(package_type), entry, engine)
    try:
        manifest = Manifest(
            name=name or _text(project, "name") or f"{package_type}-package",
            type=package_type,
            engine=cast("Engine", engine),
            entries=entries,
            python=_text(project, "requires-python") or ">=3.11",
            requirements=requirements.found,
            data=_data_wanted(declared),
            outputs=texts_of(declared, "outputs"),
            model=declared_in(content),
            files=sorted(files, key=lambda file: file.path),
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise PackageError(
            f"The package cannot be described: {first['loc'][0]}: {first['msg']}.",
            next_step="Shorten it in pyproject.toml or requirements.txt.",
            code="package.manifest",
        ) from error
    return Described(seal(manifest), requirements.notes)


def flower_entries(content: Content, pyproject: dict[str, Any]) -> dict[Role, EntryPoint]:
    """Return the two entries that a Flower app's pyproject.toml names; raises PackageError."""
    if not table_of(pyproject, "tool", "flwr", "app"):
        raise PackageError(
            "The folder is not a Flower app: it has no pyproject.toml with [tool.flwr.app].",
            next_step="Name the folder that `flwr new` made, or build with `-t client` and "
            "`-t server`.",
            code="package.flower",
        )
    components = table_of(pyproject, "tool", "flwr", "app", "components")
    return {role: _component(content, components, role) for role in _COMPONENT}


def _data_wanted(declared: dict[str, Any]) -> list[str]:
    """Return the columns in [tool.silodesk.data], or the list that `data` itself is."""
    wanted = table_of(declared, "data")
    return texts_of(wanted, "columns") if wanted else texts_of(declared, "data")


def _component(content: Content, components: dict[str, Any], role: Role) -> EntryPoint:
    key = _COMPONENT[role]
    reference = _text(components, key)
    module, _, object_name = reference.partition(":")
    if not module or not object_name:
        raise PackageError(
            f"pyproject.toml names no {key}.",
            next_step=f'Write {key} = "module:app" under [tool.flwr.app.components].',
            code="package.flower",
        )
    base = f"{SOURCE}/{module.replace('.', '/')}"
    for path in (f"{base}.py", f"{base}/__init__.py"):
        if content.has(path):
            if not defines(parse(text_of(content, path), path), object_name):
                raise PackageError(
                    f"{shown(path)} defines no {object_name}, which pyproject.toml names as {key}.",
                    next_step=f"Correct the name in pyproject.toml or in {shown(path)}.",
                    code="package.flower",
                )
            return EntryPoint(entry=path, object_name=object_name)
    raise PackageError(
        f"pyproject.toml names {reference} as {key}, and there is no {shown(base)}.py.",
        next_step="Correct the name, or check that the file is not ignored.",
        code="package.flower",
    )


def _role_entry(
    content: Content, role: Role, entry: str, engine: str
) -> tuple[str, dict[Role, EntryPoint]]:
    if not entry.endswith(".py"):
        if not engine or engine == "flower":
            engine = "script"
        return engine, {role: EntryPoint(entry=entry)}
    text = text_of(content, entry)
    if not engine:
        engine, object_name = detect(text, entry, role)
    elif engine == "flower":
        found, object_name = detect(text, entry, role)
        object_name = object_name if found == "flower" else DEFAULT_OBJECT
    else:
        object_name = ""
    return engine, {role: EntryPoint(entry=entry, object_name=object_name)}


def describe_foreign(content: Content, files: Sequence[FileEntry], root: str) -> Manifest:
    """Return a manifest for a package that another tool made, from its content alone."""
    if not content.has(FEDML_YAML):
        raise PackageError(
            "The file is no package: it has no conf/fedml.yaml.",
            next_step="Build one with `silodesk build`.",
            code="package.format",
        )
    try:
        raw = yaml.safe_load(text_of(content, FEDML_YAML, YAML_LIMIT))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PackageError(
            "The package's conf/fedml.yaml cannot be read.",
            next_step="Build the package again.",
            code="package.damaged",
        ) from error
    entry = _text(table_of(raw if isinstance(raw, dict) else {}, "entry_config"), "entry_file")
    if not content.has(entry):
        raise PackageError(
            f"The package's entry {entry or '(none)'} is not in it.",
            next_step="Build the package again with the right entry point.",
            code="package.entry",
        )
    if content.has(PYPROJECT) and root.startswith("flower"):
        return describe(content, files, "flower").manifest
    package_type: PackageType = "server" if root.startswith("server") else "client"
    return describe(content, files, package_type, entry=entry, name=root).manifest


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
