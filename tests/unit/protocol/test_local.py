"""The local API's table: every proxied method resolves, and no name is in both tables."""

from __future__ import annotations

import re

import pytest

from agent_core.protocol.local import OWN, PROXIED, resolve


@pytest.mark.parametrize("method", sorted(PROXIED))
def test_path_parameters_are_taken_and_the_rest_is_left(method: str) -> None:
    names = re.findall(r"{(\w+)}", PROXIED[method][1])
    call = resolve(method, {**{name: index for index, name in enumerate(names)}, "limit": 5})
    assert "{" not in call.path
    assert call.rest == {"limit": 5}


def test_idempotency_key_becomes_a_header() -> None:
    call = resolve("runs.create", {"idempotency_key": "k", "name": "n"})
    assert (call.headers, call.rest) == ({"Idempotency-Key": "k"}, {"name": "n"})


def test_missing_path_parameter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        resolve("runs.get", {})


def test_tables_are_disjoint() -> None:
    assert not set(OWN) & set(PROXIED)
