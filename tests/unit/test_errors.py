"""Errors keep code, sentence and next step over a wire, and find their class again."""

from __future__ import annotations

import json

import pytest

from agent_core import errors


@pytest.mark.parametrize("family", sorted(errors.BY_CODE))
def test_error_comes_back_from_its_problem(family: str) -> None:
    cls = errors.BY_CODE[family]
    error = cls("It broke.", next_step="Mend it.", code=f"{family}.detail", path="x")

    again = errors.SiloDeskError.from_problem(error.to_problem())

    assert type(again) is cls
    assert again.to_problem() == error.to_problem()
    assert str(again) == "It broke. Mend it."


def test_unknown_problem_is_still_an_error_with_words() -> None:
    error = errors.SiloDeskError.from_problem({"code": "new.kind"})
    assert error.sentence
    assert error.code == "new.kind"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = errors.__doc__ or ""
    for cls in errors.BY_CODE.values():
        assert cls.__name__ in tree


def test_the_last_words_of_a_child_are_its_error_again() -> None:
    words = json.dumps(
        errors.UnreachableError("Away.", next_step="Wait.", place="x").to_problem(), indent=2
    )
    found = errors.last_problem(f'{{"ready": true}}\na line\n{words}\n')
    assert isinstance(found, errors.UnreachableError)
    assert (found.sentence, found.next_step, found.details) == ("Away.", "Wait.", {"place": "x"})
    for other in ("", "Traceback (most recent call last):", "{\n  half", '{\n  "ready": true\n}'):
        assert errors.last_problem(other) is None
