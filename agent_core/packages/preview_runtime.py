"""The checks that only a job runtime can answer: requirements and imports."""

from __future__ import annotations

from typing import Any

from agent_core.packages.preview_checks import Check

SHOWN = 6


def pending() -> list[Check]:
    """Return the checks while the answer is awaited."""
    return [
        Check("resolve", "wait", "Asking the job runtime", "at most a minute"),
        Check("imports", "wait", "Looking for what is imported", "at most a minute"),
        Check("start", "wait", "Importing it in the sandbox", "at most a minute"),
    ]


def unanswered(why: str) -> list[Check]:
    """Return the checks where the agent could not be asked."""
    return [Check("resolve", "note", "The job runtime was not asked", why)]


def runtime_checks(answer: dict[str, Any], requirements: list[str]) -> list[Check]:
    """Put into words what the agent's `packages.resolve` answered."""
    if not answer["runtime"]:
        text = f"requirements and imports were not tried. {answer['next_step']}"
        return [Check("resolve", "note", "The job runtime is not made on this machine", text)]
    return [_requirements(answer, requirements), _imports(answer), _start(answer["tried"])]


def _requirements(answer: dict[str, Any], requirements: list[str]) -> Check:
    if answer["problem"]:
        return Check(
            "resolve", "fail" if answer["is_sure"] else "note", "Requirements cannot be met",
            f"{answer['problem']} {answer['next_step']}".strip(),
        )  # fmt: skip
    if answer["installed"]:
        text = f"pip adds {_some(answer['installed'])}"
    elif requirements:
        text = "the job runtime brings them all"
    else:
        text = "nothing besides the job runtime"
    return Check("resolve", "pass", "Requirements can be met", text)


def _imports(answer: dict[str, Any]) -> Check:
    missing = answer["missing"]
    if not missing:
        return Check("imports", "pass", "Everything imported is found", "in the job runtime")
    if answer["installed"]:
        text = f"{_some(missing)}: not in the job runtime; a requirement may bring it"
    else:
        text = f"{_some(missing)}: not in the job runtime, and no requirement brings it"
    return Check("imports", "note", "Some imports were not found", text)


def _start(tried: dict[str, Any]) -> Check:
    """Tell what importing them in the sandbox came to; the package's own code is never run."""
    kind, failed = tried["sandbox"], tried["failed"]
    if tried["is_late"]:
        text = f"not within {tried['seconds']:.0f} s in the sandbox ({kind})"
        return Check("start", "note", "The imports did not end", text)
    if failed:
        name, why = next(iter(failed.items()))
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        return Check("start", "note", "Some imports fail in the sandbox", f"{name}: {why}{more}")
    if not kind:
        text = "no sandbox could be made on this machine; the first run tells"
        return Check("start", "note", "The imports were not tried", text)
    if not tried["seconds"]:
        text = "nothing besides Python and the package itself"
        return Check("start", "pass", "Nothing to import", text)
    text = f"sandbox {kind}, {tried['seconds']:.1f} s; the package's own code was not run"
    return Check("start", "pass", "The imports work in the sandbox", text)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
