"""What a build would pack, checked: the second step of the build wizard."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent_core.errors import SiloDeskError
from agent_core.packages.builder import Plan
from agent_core.packages.collect import LeftOut
from agent_core.packages.content import TEXT_LIMIT, Content
from agent_core.packages.imports import modules_wanted
from agent_core.packages.preview_checks import (
    Check,
    check_config,
    check_entry,
    check_outside,
    check_pickle,
    check_requirements,
    check_secrets,
    check_size,
)
from agent_core.packages.risks import Risk, risks_in
from agent_core.packages.secret_scan import secrets_in


@dataclass(frozen=True)
class PreviewFile:
    """A file that goes in; `tag` says what is special about it."""

    path: str  # below the package root
    size: int
    tag: str = ""  # entry | generated | reads files | network | …


@dataclass(frozen=True)
class Preview:
    """Exactly what goes in, what stays out and why, and what was checked."""

    root: str
    files: list[PreviewFile]
    left_out: list[LeftOut]
    checks: list[Check]
    size: int  # bytes of all files
    content_digest: str
    requirements: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)  # imported, and neither its own nor Python's
    sources: dict[str, str] = field(default_factory=dict, repr=False)  # texts that checks point at

    @property
    def passed(self) -> int:
        """Return how many checks passed."""
        return sum(check.state == "pass" for check in self.checks)

    @property
    def is_buildable(self) -> bool:
        """Return whether no check failed."""
        return all(check.state != "fail" for check in self.checks)


def preview_of(planned: Plan) -> Preview:
    """Return the preview of a planned build."""
    content = planned.content
    texts = {path: text for path in content.paths() if (text := _text(content, path)) is not None}
    risks = [
        risk for path, text in texts.items() if path.endswith(".py")
        for risk in risks_in(text, path)
    ]  # fmt: skip
    secrets = [secret for path, text in texts.items() for secret in secrets_in(text, path)]
    sizes = {**planned.collected.sizes, **{k: len(v) for k, v in planned.generated.items()}}
    size = sum(sizes.values())
    checks = [
        check_entry(planned),
        check_config(content),
        check_requirements(planned),
        check_secrets(secrets),
    ]
    checks += [check_pickle(risks), check_outside(risks), check_size(size)]
    return Preview(
        root=planned.root,
        files=[PreviewFile(p, sizes[p], _tag(planned, p, risks)) for p in sorted(sizes)],
        left_out=planned.left_out,
        checks=checks,
        size=size,
        content_digest=planned.manifest.content_digest,
        requirements=list(planned.manifest.requirements),
        modules=modules_wanted(texts, content.paths()),
        sources={check.path: texts[check.path] for check in checks if check.path in texts},
    )


def _text(content: Content, path: str) -> str | None:
    try:
        data = content.read(path, TEXT_LIMIT)
    except SiloDeskError:
        return None  # too large to be source; what is unreadable already stopped the plan
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _tag(planned: Plan, path: str, risks: list[Risk]) -> str:
    if any(entry.entry == path for entry in planned.manifest.entries.values()):
        return "entry"
    if path in planned.generated:
        return "signed at build" if path.startswith("conf/silodesk") else "generated"
    kinds = {risk.kind for risk in risks if risk.path == path}
    names = {
        "files": "reads files",
        "eval": "runs text",
        "native": "native code",
        "import": "imports by name",
        "unreadable": "cannot be read",
    }
    for kind in (
        "unreadable",
        "network",
        "processes",
        "pickle",
        "eval",
        "native",
        "import",
        "files",
    ):
        if kind in kinds:
            return names.get(kind, kind)
    return ""
