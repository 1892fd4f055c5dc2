"""The job runtime is really asked; these need it made, as `make setup` does."""

from __future__ import annotations

import pytest

from agent_core.jobs import runtime
from agent_core.jobs.resolving import resolve
from agent_core.jobs.sandbox import describe
from agent_core.jobs.trying import BOUND_S, try_imports

pytestmark = pytest.mark.skipif(runtime.peek() is None, reason="the job runtime is not made")


def test_what_the_runtime_has_is_found_and_what_it_lacks_is_named() -> None:
    found = resolve([], ["torch", "flwr", "no_such_module_here"])
    assert found.missing == ["no_such_module_here"]
    assert not found.problem
    assert found.tried.failed == {}
    assert found.tried.sandbox == {"none": ""}.get(describe().kind, describe().kind)


@pytest.mark.skipif(describe().kind == "none", reason="there is no sandbox here")
def test_what_cannot_be_imported_in_the_sandbox_is_told() -> None:
    """Inside there is no home; a module that fails says why, the others are imported."""
    ready = runtime.peek()
    assert ready is not None
    tried = try_imports(ready, ["json", "numpy", "no_such_module_here"])
    assert list(tried.failed) == ["no_such_module_here"]
    assert "ModuleNotFoundError" in tried.failed["no_such_module_here"]
    assert 0 < tried.seconds < BOUND_S


def test_what_it_brings_needs_no_pip() -> None:
    pinned = next(
        line for line in runtime.base_file().read_text("utf-8").splitlines() if "==" in line
    )
    assert resolve([pinned], []).brought or pinned.startswith("flwr")


def test_a_requirement_with_an_address_is_refused_with_its_reason() -> None:
    found = resolve(["x @ https://example.org/x.whl"], [])
    assert "address" in found.problem
    assert found.is_sure
