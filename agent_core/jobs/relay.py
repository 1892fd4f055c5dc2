"""Move tensors between the agent's files and the keepers' without copying them."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from agent_core.errors import ProtocolError, StorageError


def link(source: Path, target: Path) -> bool:
    """Give a file a second name; return False where its file system cannot.

    Raises ProtocolError where the source is a link or no file, StorageError where it is gone.
    """
    try:
        is_regular = stat.S_ISREG(source.lstat().st_mode)
    except OSError as error:
        raise _storage(source, error) from error
    if not is_regular:
        raise ProtocolError(
            f"The tensor {source.name} is no regular file; it is not followed.",
            code="protocol.blob",
        )
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return True  # named by content: what is there is the same
    except OSError:
        return False
    return True


def copy(source: Path, target: Path) -> None:
    """Copy a file so that its new name has all of it or does not exist; raises StorageError."""
    part = target.with_name(f"{target.name}.part")
    try:
        shutil.copyfile(source, part, follow_symlinks=False)
        part.replace(target)
    except OSError as error:
        raise _storage(source, error) from error


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it; raises ProtocolError, StorageError."""
    if not link(source, target):
        copy(source, target)


def _storage(source: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The tensor {source.name} cannot be handed over: {error.strerror}.",
        next_step="Check that the disk has space left.",
        code="storage.blob",
    )
