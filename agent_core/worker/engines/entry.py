"""Load the object that a package's entry file defines."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ..session import Job, JobFailedError, MissingImportError


def load_object(job: Job, default: str, wanted: type) -> Any:
    """Return the app object of the entry; the only one of its class where none is named."""
    module = load_module(job)
    name = job.order.object_name or default
    found = getattr(module, name, None)
    if isinstance(found, wanted):
        return found
    candidates = [value for value in vars(module).values() if isinstance(value, wanted)]
    if len(candidates) == 1:
        return candidates[0]
    raise JobFailedError(
        f"'{job.order.entry}' has no {wanted.__name__} called '{name}'"
        f" ({len(candidates)} of that kind were found)."
    )


def load_module(job: Job) -> ModuleType:
    """Import the entry file under the name that its folder gives it."""
    path = job.entry
    name = module_name(path, job.source_root)
    try:
        if name is not None:
            module = importlib.import_module(name)
            if Path(str(getattr(module, "__file__", ""))).resolve() == path.resolve():
                return module
        return _load_file(path)
    except ImportError as error:
        raise MissingImportError(missing(error)) from error


def missing(error: ImportError) -> str:
    """Return what an import error means, for people."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.split(".", maxsplit=1)[0]
        return f"The package imports '{top}', which this job's runtime does not have."
    return f"The package cannot be imported: {error}."


def module_name(path: Path, root: Path) -> str | None:
    """Return the dotted name of a file below a root, or None where it has none."""
    try:
        parts = path.relative_to(root).with_suffix("").parts
    except ValueError:
        return None
    return ".".join(parts) if all(part.isidentifier() for part in parts) else None


def _load_file(path: Path) -> ModuleType:
    """Import a file whose name is taken by another module, or is no name."""
    name = "silodesk_entry"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise JobFailedError(f"The entry file '{path.name}' is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
