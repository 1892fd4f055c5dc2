"""A new run's parameters beside what its packages declare."""

from __future__ import annotations

from typing import Any

from agent_core.packages.config import ROUND_KEYS, apply_parameters, unknown_parameters
from agent_core.protocol.records import PackageInfo


def warnings(packages: list[PackageInfo], parameters: dict[str, Any]) -> list[str]:
    """Return a sentence for each parameter that no package declares.

    Raises UserInputError where a declared one has the wrong type. Packages without a config
    take anything.
    """
    config: dict[str, Any] = {}
    for package in packages:
        found = package.manifest.get("config")
        if isinstance(found, dict):
            config.update(found)
    if not config:
        return []
    apply_parameters(config, parameters)
    return [
        f"The package declares no parameter “{key}”"
        + (f"; it has “{near}”." if near else ". It may be ignored.")
        for key, near in unknown_parameters(config, parameters).items()
        if key not in ROUND_KEYS
    ]
