"""Every folder and file on disk, named once.

`SILODESK_HOME` (or `--home`) moves a whole agent or hub, so that several run on one machine.
`SILODESK_CACHE` moves what all of them share: job runtimes and downloaded packages.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from agent_core.errors import StorageError

HOME_VARIABLE = "SILODESK_HOME"
CACHE_VARIABLE = "SILODESK_CACHE"


def default_home() -> Path:
    """Return the home that the environment names, else the account's data folder."""
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    return Path(platformdirs.user_data_dir("silodesk", appauthor=False))


def cache_dir() -> Path:
    """Return the folder of what can be made again: runtimes, demo folders."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    return Path(platformdirs.user_cache_dir("silodesk", appauthor=False))


def resources_dir() -> Path:
    """Return `resources/` of a checkout, a wheel or a frozen bundle."""
    root = Path(__file__).resolve().parent.parent
    checkout = root / "resources"
    return checkout if checkout.is_dir() else root / "app" / "_resources"


@dataclass(frozen=True)
class Home:
    """The folders and files of one agent or hub."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def house_rules(self) -> Path:
        return self.root / "house_rules.json"

    @property
    def credentials(self) -> Path:
        """Return the 0600 credentials file, used only where a person named or agreed to one."""
        return self.root / "credentials.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def journal(self) -> Path:
        """Return the agent's database: journal, spool, approvals, inbox, outbox."""
        return self.root / "agent.sqlite3"

    @property
    def agent_lock(self) -> Path:
        return self.root / "agent.lock"

    @property
    def agent_log(self) -> Path:
        return self.root / "logs" / "agent.log"

    @property
    def token(self) -> Path:
        """Return the file whose content a local client must present to the agent."""
        return self.root / "agent.token"

    @property
    def socket(self) -> Path:
        """Return the agent's socket; short, because Unix socket paths end at 107 bytes."""
        name = hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:16]
        return runtime_dir() / f"{name}.sock"

    @property
    def jobs(self) -> Path:
        """Return the folder of job workspaces (what jobs see)."""
        return self.root / "jobs"

    @property
    def keepers(self) -> Path:
        """Return the folder of keepers' spools (what jobs must not see)."""
        return self.root / "keepers"

    @property
    def packages(self) -> Path:
        return self.root / "packages"

    @property
    def blobs(self) -> Path:
        """Return the folder of tensors fetched for jobs, named by content."""
        return self.root / "blobs"

    @property
    def hub(self) -> Path:
        """Return the folder of a hub: database, broker, store, logs, ports, keys."""
        return self.root / "hub"

    def make(self) -> Home:
        """Create the root, readable by its owner only, and return the home.

        Raises StorageError where that folder cannot be made or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
        except OSError as error:
            raise _unusable(self.root, error.strerror or str(error)) from error
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise _unusable(self.root, "it cannot be written to")
        return self


def _unusable(root: Path, why: str) -> StorageError:
    return StorageError(
        f"The folder {root} cannot be used: {why}.",
        next_step="Name another folder with --home, or let its owner give you the right to it.",
        code="storage.home",
    )


def runtime_dir() -> Path:
    """Return a private folder for sockets, made on demand."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir() and os.access(base, os.W_OK):
        folder = Path(base) / "silodesk"
    else:
        owner = os.getuid() if hasattr(os, "getuid") else os.getlogin()
        folder = Path(tempfile.gettempdir()) / f"silodesk-{owner}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
