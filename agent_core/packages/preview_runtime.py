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
    ]


def unanswered(why: str) -> list[Check]:
    """Return the checks where the agent could not be asked."""
    return [Check("resolve", "note", "The job runtime was not asked", why)]


def runtime_checks(answer: dict[str, Any], requirements: list[str]) -> list[Check]:
    """Put into words what the agent's `packages.resolve` answered."""
    if not answer["runtime"]:
        text = f"requirements and imports were not tried. {answer['next_step']}"
        return [Check("resolve", "note", "The job runtime is not made on this machine", text)]
    return [_requirements(answer, requirements), _imports(answer)]


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
        text = "in the job runtime; looked up by name, nothing of it was started"
        return Check("imports", "pass", "Everything imported is found", text)
    if answer["installed"]:
        text = f"{_some(missing)}: not in the job runtime; a requirement may bring it"
    else:
        text = f"{_some(missing)}: not in the job runtime, and no requirement brings it"
    return Check("imports", "note", "Some imports were not found", text)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
