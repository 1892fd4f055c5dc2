"""A throw-away PostgreSQL of Debian's packages, on a Unix socket and on loopback."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from agent_core.hub.loopback import claim

_numbers = itertools.count(1)


def binaries() -> Path | None:
    """Return the folder of the newest installed server, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Postgres:
    """One cluster; `database()` gives the address of a fresh database in it."""

    def __init__(self) -> None:
        folder = binaries()
        assert folder is not None
        self._bin = folder
        self.root = Path(tempfile.mkdtemp(prefix="sd-pg-"))
        self._as: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            self._as = ["runuser", "-u", "postgres", "--"]
            owner = pwd.getpwnam("postgres")
            os.chown(self.root, owner.pw_uid, owner.pw_gid)
        data = self.root / "data"
        self.port = claim(Path(tempfile.mkdtemp(prefix="sd-pgport-")) / "p.json", ["pg"])["pg"]
        self._run("initdb", "-D", data, "-U", "silodesk", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = (
            f"-p {self.port} -k {self.root} -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c shared_buffers=16MB -c max_connections=60 -c autovacuum=off"
        )
        self._run("pg_ctl", "-D", data, "-o", options, "-w", "-t", "30", "-l",
                  self.root / "log", "start")  # fmt: skip

    def database(self, template: str = "") -> str:
        """Make a database (as a copy of another) and return its name."""
        name = f"d{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql://silodesk@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """Stop the cluster and remove it."""
        self._run("pg_ctl", "-D", self.root / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.root, ignore_errors=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [*self._as, str(self._bin / program), *map(str, arguments)]
        # To files: the server inherits what it is given, and a pipe would never end.
        subprocess.run(command, check=True, timeout=60, cwd="/", stdout=subprocess.DEVNULL)
