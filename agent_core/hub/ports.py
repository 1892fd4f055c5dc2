"""What the hub's core asks of its broker, its object store and its package reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from agent_core.protocol.records import PackageInfo


class Objects(Protocol):
    """The object store; all methods but `presign_get` ask it and may take a while."""

    def presign_put(
        self, key: str, size: int, part_size: int, *, in_parts: bool = False
    ) -> dict[str, Any]:
        """Return `{upload_id, part_size, parts: [{number, url}]}`.

        `in_parts`: the object comes to be only by `complete`, and stays as it is afterwards.
        """

    def complete(self, key: str, upload_id: str, parts: list[dict[str, Any]]) -> None:
        """Put the parts of an upload together."""

    def presign_get(self, key: str, expires_s: int) -> str:
        """Return a URL for reading."""

    def head(self, key: str) -> int | None:
        """Return an object's size, or None where there is none."""

    def sha256(self, key: str) -> str:
        """Return the hash of an object's bytes; raises NotFoundError."""

    def drop_unfinished(self, prefix: str) -> None:
        """Drop what was uploaded in parts below a prefix and never put together."""

    def delete(self, keys: list[str]) -> None:
        """Delete objects, as many as are there."""

    def delete_prefix(self, prefix: str) -> None:
        """Delete every object whose key starts so."""

    def list_all(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield key and size of every object whose key starts so."""

    def get_file(self, key: str, path: Path) -> None:
        """Fetch an object into a file."""

    def put_file(self, key: str, path: Path) -> None:
        """Store a file."""


class Broker(Protocol):
    """The broker's users."""

    async def set_device(self, edge_id: int, account_id: int, username: str, password: str) -> None:
        """Let a device in, or give it another password."""

    async def remove_device(self, edge_id: int) -> None:
        """Shut a device out and drop its connection."""


class PackageReader(Protocol):
    """Reads and verifies a package file."""

    def __call__(self, path: Path, size: int, sha256: str) -> PackageInfo:
        """Return what the package says of itself; raises PackageError."""


class LinkState(Protocol):
    """The hub's own connection to the broker."""

    @property
    def connected(self) -> bool:
        """Return whether it stands."""
