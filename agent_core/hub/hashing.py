"""Password hashes: slow on purpose, one at a time, and only so many callers wait for their turn."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from agent_core.errors import LimitError, UserInputError

WAITING = 12  # of the forty threads that answer requests; the others serve everyone else
RETRY_AFTER_S = 5


class Turns:
    """One caller works, some wait, all others are refused at once."""

    def __init__(self, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(waiting)
        # Each hash takes 64 MB while it is made; many people at once must not take many times that.
        self._one = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Give a turn; raises LimitError where too many wait already."""
        if not self._places.acquire(blocking=False):
            raise LimitError(
                "Too many people sign in at this moment.",
                next_step="Try again in a few seconds.",
                code="limit.busy",
                retry_after_s=RETRY_AFTER_S,
            )
        try:
            with self._one:
                yield
        finally:
            self._places.release()


_hasher = PasswordHasher()
turns = Turns(WAITING)


def check_length(password: str) -> None:
    """Refuse a password that is too short or too long; raises UserInputError."""
    if not 8 <= len(password) <= 1000:
        raise UserInputError(
            "A password has 8 to 1000 characters.",
            next_step="Choose a longer one; a few words are fine.",
            code="input.password",
        )


def hashed(password: str) -> str:
    """Return the hash of a password that may be used; raises UserInputError, LimitError."""
    check_length(password)
    with turns.turn():
        return _hasher.hash(password)


def is_right(password: str, known: str | None) -> bool:
    """Return whether a password has this hash; takes equally long where there is none."""
    with turns.turn():
        try:
            return _hasher.verify(known or _nobody(), password) and known is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


@functools.cache
def _nobody() -> str:
    """Return what is checked for an unknown address: the time must not tell which ones exist."""
    return _hasher.hash("nobody has this password")
