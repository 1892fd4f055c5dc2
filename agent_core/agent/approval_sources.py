"""The packages of approved versions, kept by content, so that the next one can be compared."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from agent_core.paths import Home

log = logging.getLogger(__name__)

KEPT = 200


def place_of(home: Home, content_digest: str) -> Path:
    """Return where an approved package is kept."""
    return home.root / "approved" / f"{content_digest}.zip"


def keep(home: Home, package: Path, content_digest: str) -> None:
    """Keep a package that was approved; without room for it, later diffs show whole files."""
    target = place_of(home, content_digest)
    try:
        if target.exists():
            target.touch()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        try:
            os.link(package, part)
        except OSError:
            shutil.copyfile(package, part)
        part.replace(target)
        _clear(target.parent)
    except OSError as error:
        log.warning("The approved package could not be kept for comparing: %s", error)


def _clear(folder: Path) -> None:
    kept = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[KEPT:]:
        path.unlink(missing_ok=True)
