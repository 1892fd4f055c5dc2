"""Folders of images: a class for each folder, and a few images to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent_core.protocol.records_data import DatasetClass

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
SAMPLES = 24


def classes_of(root: Path, files: Sequence[tuple[str, int]]) -> list[DatasetClass]:
    """Return the images by the folder they lie in; those beside no folder are one class."""
    counts: dict[str, list[int]] = {}
    for path, size in files:
        if path.lower().endswith(IMAGES):
            folder = path.rpartition("/")[0] or root.name
            counts.setdefault(folder, []).append(size)
    return [
        DatasetClass(name=name, count=len(sizes), size=sum(sizes))
        for name, sizes in sorted(counts.items())
    ]


def samples_of(root: Path, files: Sequence[str], limit: int = SAMPLES) -> list[str]:
    """Return paths of images to look at, spread evenly over the classes."""
    by_class: dict[str, list[str]] = {}
    for path in files:
        if path.lower().endswith(IMAGES):
            by_class.setdefault(path.rpartition("/")[0], []).append(path)
    base = root.parent if root.is_file() else root
    chosen: list[str] = []
    for position in range(limit):
        for paths in by_class.values():
            if position < len(paths) and len(chosen) < limit:
                chosen.append(str(base / paths[position]))
    return chosen
