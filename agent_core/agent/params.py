"""Checking what a local client sends before a method of the agent's own gets it."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable
from typing import Any

from agent_core.errors import UserInputError

LARGEST = 2**63 - 1
TEXT_LIMIT = 1_000_000
NEEDS = {str: "text", int: "a whole number", float: "a number", bool: "yes or no"}


def check(method: str, function: Callable[..., Any], params: dict[str, Any]) -> None:
    """Raise UserInputError unless a method takes these parameters, by name and by kind."""
    signature = inspect.signature(function, eval_str=True)
    try:
        signature.bind(**params)
    except TypeError as error:
        raise UserInputError(
            f"{method}: {error}.",
            next_step="Give exactly the fields that this method takes.",
            code="input.params",
        ) from error
    for name, value in params.items():
        parameter = signature.parameters.get(name)
        if parameter is None or parameter.kind is parameter.VAR_KEYWORD:
            continue
        kinds = _kinds(parameter.annotation)
        if kinds and not any(_is(value, kind) for kind in kinds):
            words = " or ".join(NEEDS[kind] for kind in kinds if kind in NEEDS)
            raise UserInputError(
                f"The field '{name}' of {method} cannot be used: {words} is needed.",
                next_step="Correct it and try again.",
                code="input.params",
                field=name,
            )


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """Return the plain kinds that an annotation allows; none where it allows anything."""
    if isinstance(annotation, types.UnionType):
        kinds = typing.get_args(annotation)
        return kinds if any(kind in NEEDS for kind in kinds) else ()
    return (annotation,) if annotation in NEEDS else ()


def _is(value: Any, kind: Any) -> bool:
    if kind is types.NoneType:
        return value is None
    if kind is str:
        return isinstance(value, str) and len(value) <= TEXT_LIMIT and "\x00" not in value
    if kind is bool:
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if kind is int:
        return isinstance(value, int) and abs(value) <= LARGEST
    return abs(value) <= LARGEST and math.isfinite(value)
