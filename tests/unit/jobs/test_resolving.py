"""The job runtime is really asked; these need it made, as `make setup` does."""

from __future__ import annotations

import pytest

from agent_core.jobs import runtime
from agent_core.jobs.resolving import resolve

pytestmark = pytest.mark.skipif(runtime.peek() is None, reason="the job runtime is not made")


def test_what_the_runtime_has_is_found_and_what_it_lacks_is_named() -> None:
    found = resolve([], ["torch", "flwr", "no_such_module_here"])
    assert found.missing == ["no_such_module_here"]
    assert not found.problem


def test_what_it_brings_needs_no_pip() -> None:
    pinned = next(
        line for line in runtime.base_file().read_text("utf-8").splitlines() if "==" in line
    )
    assert resolve([pinned], []).brought or pinned.startswith("flwr")


def test_a_requirement_with_an_address_is_refused_with_its_reason() -> None:
    found = resolve(["x @ https://example.org/x.whl"], [])
    assert "address" in found.problem
    assert found.is_sure
