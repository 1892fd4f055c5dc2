"""The checks of a preview: requirements, secrets, pickle, foreign files, size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent_core.errors import SiloDeskError
from agent_core.packages.builder import Plan
from agent_core.packages.config import config_of, rounds_of
from agent_core.packages.content import FEDML_CONFIG, Content, shown
from agent_core.packages.inspect import human_size
from agent_core.packages.risks import Risk
from agent_core.packages.secret_scan import PATTERNS, Secret

LARGE = 50 * 1024 * 1024  # bytes above which a package is worth a word


@dataclass(frozen=True)
class Check:
    """One check of the preview, in words."""

    key: str
    state: Literal["pass", "note", "fail", "wait"]
    title: str
    text: str
    path: str = ""
    line: int = 0


def check_entry(planned: Plan) -> Check:
    """Check that the entry files were found, and with what in them."""
    parts = []
    for role, entry in planned.manifest.entries.items():
        what = f" defines {entry.object_name}" if entry.object_name else ""
        parts.append(f"{role}: {shown(entry.entry)}{what}")
    return Check(
        "entry", "pass", "Entry file found", f"{', '.join(parts)}; engine {planned.manifest.engine}"
    )


def check_config(content: Content) -> Check:
    """Check that the configuration can be read and names its rounds."""
    try:
        config = config_of(content)
    except SiloDeskError as error:
        return Check("config", "fail", "Config cannot be read", str(error), FEDML_CONFIG)
    rounds = rounds_of(config)
    if not config:
        return Check("config", "note", "No config", "The run's parameters are all that it gets.")
    if rounds is None:
        return Check(
            "config", "note", "Config names no rounds",
            f"{len(config)} keys; the number of rounds cannot be set when a run is created.",
        )  # fmt: skip
    return Check("config", "pass", "Config is readable", f"{len(config)} keys, {rounds} rounds")


def check_requirements(planned: Plan) -> Check:
    """Tell what the package needs besides the job runtime."""
    listed = planned.manifest.requirements
    text = ", ".join(listed) if listed else "nothing besides the job runtime"
    if planned.notes:
        text += f"; {'; '.join(planned.notes)}"
    return Check("requirements", "pass", "Requirements listed", text)


def check_secrets(secrets: list[Secret]) -> Check:
    """Note what looks like a secret in any file."""
    if not secrets:
        return Check(
            "secrets", "pass", "No secrets found", f"{len(PATTERNS)} patterns tried on all files"
        )
    first = secrets[0]
    more = f", and {len(secrets) - 1} more" if len(secrets) > 1 else ""
    return Check(
        "secrets", "note", "This looks like a secret",
        f"{shown(first.path)} line {first.line}: {first.what}{more}; every silo could read it",
        first.path, first.line,
    )  # fmt: skip


def check_pickle(risks: list[Risk]) -> Check:
    """Note what would run code out of data."""
    return _risk(
        [risk for risk in risks if risk.kind in {"pickle", "eval", "import", "unreadable"}],
        "pickle", "No pickle, no eval", "Runs what it reads",
    )  # fmt: skip


def check_outside(risks: list[Risk]) -> Check:
    """Note calls to the network, to processes and to files."""
    return _risk(
        [risk for risk in risks if risk.kind in {"network", "processes", "files", "native"}],
        "outside", "No call to look at", "Calls that silos will see marked",
    )  # fmt: skip


def _risk(risks: list[Risk], key: str, good: str, noted: str) -> Check:
    if not risks:
        return Check(key, "pass", good, "all Python files read")
    first = risks[0]
    more = f", and {len(risks) - 1} more" if len(risks) > 1 else ""
    text = f"{shown(first.path)} line {first.line}: {first.call or first.kind}{more}"
    return Check(key, "note", noted, text, first.path, first.line)


def check_size(size: int) -> Check:
    """Note a package that is large to send."""
    if size <= LARGE:
        return Check("size", "pass", "Small enough to send", human_size(size))
    return Check(
        "size", "note", "Large package",
        f"{human_size(size)} go to every silo; data belongs to the silos",
    )  # fmt: skip
