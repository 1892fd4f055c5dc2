"""Read an uploaded package: every bit verified, described as the hub keeps it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from agent_core.errors import PackageError
from agent_core.packages.config import run_config
from agent_core.packages.verify import verify
from agent_core.protocol.records import PackageInfo


def read(path: Path, size: int, sha256: str) -> PackageInfo:
    """Return what a package is; raises PackageError where any bit of it is wrong."""
    found = verify(path)
    if found.zip_sha256 != sha256 or found.size != size:
        raise PackageError(
            "The package changed while it was read.",
            next_step="Upload it again.",
            code="package.sha256",
        )
    return PackageInfo(
        zip_sha256=found.zip_sha256,
        content_digest=found.content_digest,
        type=found.manifest.type,
        name=found.name,
        engine=found.engine,
        size=found.size,
        builder_key=found.builder_key,
        signed=found.signed,
        # With the package's own run config, so that a run's form knows keys and types.
        manifest={**found.manifest.model_dump(mode="json"), "config": _config(path)},
        uploaded_at=time.time(),
    )


def _config(path: Path) -> dict[str, Any]:
    try:
        return run_config(path)
    except PackageError:
        return {}  # a config that cannot be read is told by the job that wants it
