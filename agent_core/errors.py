"""Every error a person can meet: a code, a sentence with the cause, and the next step.

SiloDeskError
├── UserInputError           what a person typed or chose cannot be used
├── PackageError             a package cannot be built, read or trusted
│   └── HostileArchiveError  an archive that tries something; nothing was written
├── NotSignedInError         no account, or a wrong or expired credential
├── ForbiddenError           known, but not allowed
├── NotFoundError
├── ConflictError            the state changed, or the name is taken
├── LimitError               too large, too many, too long
├── ProtocolError            a message from a wire that is malformed, replayed, expired or forged
├── UnreachableError (Retryable)   hub, broker, store or agent did not answer
├── ServiceError             a child service (broker, store, database) cannot start or stay up
├── StorageError             disk full, read-only, or a damaged database
├── RuntimeSetupError        a job runtime cannot be made (no Python, requirement not installable)
└── JobError                 a job process ended otherwise than it should
"""

from __future__ import annotations

import json
from typing import Any


class Retryable:
    """Mark an error whose cause may pass by itself."""


class SiloDeskError(Exception):
    """Carry what went wrong to a person: code, sentence, next step."""

    default_code = "internal"

    def __init__(
        self,
        sentence: str,
        *,
        next_step: str = "",
        code: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step
        self.code = code or self.default_code
        self.details: dict[str, Any] = details

    def __str__(self) -> str:
        """Return the sentence, and the next step where there is one."""
        return f"{self.sentence} {self.next_step}".strip()

    def to_problem(self) -> dict[str, Any]:
        """Return the error as the fields of an RFC 9457 problem document."""
        return {
            "type": f"urn:silodesk:error:{self.code}",
            "title": self.sentence,
            "code": self.code,
            "next_step": self.next_step,
            "details": self.details,
        }

    @staticmethod
    def from_problem(problem: dict[str, Any]) -> SiloDeskError:
        """Return the error that a problem document describes, in its own class where known."""
        code = str(problem.get("code") or "internal")
        family = BY_CODE.get(code.split(".")[0], SiloDeskError)
        details = problem.get("details")
        return family(
            str(problem.get("title") or "The other side reported an error without words."),
            next_step=str(problem.get("next_step") or ""),
            code=code,
            **(details if isinstance(details, dict) else {}),
        )


class UserInputError(SiloDeskError):
    """Something a person typed or chose cannot be used as it is."""

    default_code = "input"


class PackageError(SiloDeskError):
    """A package cannot be built, read or trusted."""

    default_code = "package"


class HostileArchiveError(PackageError):
    """An archive tries something it must not; nothing of it was written."""

    default_code = "archive"


class NotSignedInError(SiloDeskError):
    """No account, or a wrong or expired credential."""

    default_code = "auth"


class ForbiddenError(SiloDeskError):
    """The account or device is known, and not allowed to do this."""

    default_code = "forbidden"


class NotFoundError(SiloDeskError):
    """What was asked for does not exist, or not for this account."""

    default_code = "missing"


class ConflictError(SiloDeskError):
    """The state changed in between, or the name is taken."""

    default_code = "conflict"


class LimitError(SiloDeskError):
    """Something is too large, too many or too long."""

    default_code = "limit"


class ProtocolError(SiloDeskError):
    """A message from a wire is malformed, replayed, expired or forged."""

    default_code = "protocol"


class UnreachableError(Retryable, SiloDeskError):
    """Hub, broker, store or agent did not answer; it may by itself later."""

    default_code = "unreachable"


class ServiceError(SiloDeskError):
    """A child service (broker, store, database) cannot start or stay up."""

    default_code = "service"


class StorageError(SiloDeskError):
    """The disk is full or read-only, or a local database is damaged."""

    default_code = "storage"


class RuntimeSetupError(SiloDeskError):
    """A job runtime cannot be made."""

    default_code = "runtime"


class JobError(SiloDeskError):
    """A job process ended otherwise than it should."""

    default_code = "job"


# The part of a code before its first dot names the family ("auth.expired" is a NotSignedInError).
BY_CODE: dict[str, type[SiloDeskError]] = {
    cls.default_code: cls
    for cls in (
        SiloDeskError, UserInputError, PackageError, HostileArchiveError, NotSignedInError,
        ForbiddenError, NotFoundError, ConflictError, LimitError, ProtocolError,
        UnreachableError, ServiceError, StorageError, RuntimeSetupError, JobError,
    )
}  # fmt: skip


def last_problem(text: str) -> SiloDeskError | None:
    """Return the error that a child process wrote with `--json`, where its output ends with one."""
    start = text.rfind("\n{\n") + 1 if "\n{\n" in text else text.find("{\n")
    try:
        content = json.loads(text[start:]) if start >= 0 else None
    except ValueError:
        return None
    if not isinstance(content, dict) or not str(content.get("type")).startswith("urn:silodesk:"):
        return None
    return SiloDeskError.from_problem(content)
