"""Source folders as people have them, and packages built from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from helpers.package_folders import make_flower_app, make_one_line, request_for

from agent_core.packages.builder import BuildRequest, BuildResult, build


@pytest.fixture
def key() -> Ed25519PrivateKey:
    """Return a builder's key, always the same."""
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def one_line(tmp_path: Path) -> Path:
    """Return FedML's one_line example."""
    return make_one_line(tmp_path / "one_line")


@pytest.fixture
def flower_app(tmp_path: Path) -> Path:
    """Return a Flower app folder."""
    return make_flower_app(tmp_path / "quickstart_app")


@pytest.fixture
def built(one_line: Path, key: Ed25519PrivateKey) -> BuildResult:
    """Return a signed client package."""
    return build(request_for(one_line, "client", key))


@pytest.fixture
def small(tmp_path: Path, key: Ed25519PrivateKey) -> Path:
    """Return the smallest signed package."""
    source = tmp_path / "s"
    source.mkdir()
    (source / "a.py").write_text("x = 1\n")
    request = BuildRequest(
        type="client", source_folder=source, entry_point="a.py", dest_folder=tmp_path, key=key
    )
    return build(request).package_path
