"""The embedded object store: seaweedfs on loopback, every port named, telemetry off, keys set."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

from agent_core.hub.children import Program
from agent_core.hub.loopback import LOOPBACK

PORTS = (
    "s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc",
    "admin",
)  # fmt: skip
# The store's own worker looks for this one here, wherever one puts it.
BESIDE = {"admin.grpc": ("admin", 10000)}
SECRETS = ("access_key", "secret_key", "jwt_write", "jwt_read", "jwt_filer", "jwt_filer_read")
MEMORY = "512MiB"  # Go's soft limit; without it large uploads grow the store to 925 MB
# Writing 47 MB costs the store 0.27 s of processor time with pieces of 2 MB, 0.38 s with 4 MB and
# 0.60 s with 8 MB (three writers at once, under the memory limit above); reading 0.05 s with any.
PIECE_MB = 2


def program(binary: str, folder: Path, ports: dict[str, int], secrets: dict[str, str]) -> Program:
    """Write the store's files and return the program to run."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    _write_secret(folder / "s3.json", _identities(secrets))
    _write_secret(folder / "security.toml", _security(secrets))  # read from the working directory
    return Program(
        title="The object store",
        command=[binary, "-v=-1", "mini", *_options(folder, data, ports)],
        folder=folder,
        is_ready=lambda: answers(ports["s3"]),
        environment={"GOMEMLIMIT": MEMORY},
    )


def forget_sockets(ports: dict[str, int]) -> None:
    """Remove the sockets that the store leaves in /tmp, where it puts them whatever one asks."""
    for port in ports.values():
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - the store's choice
            with contextlib.suppress(OSError):
                path.unlink()


def _options(folder: Path, data: Path, ports: dict[str, int]) -> list[str]:
    named = []
    for name in (*PORTS, *BESIDE):
        service, _, grpc = name.partition(".")
        named.append(f"-{service}.port{'.' + grpc if grpc else ''}={ports[name]}")
    return [
        f"-dir={data}",
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
        *named,
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-filer.maxMB={PIECE_MB}",
        "-master.telemetry=false",
        # Of one master there is nothing to resume, and resuming makes writes wait for 15 s, or
        # everything for 5 s, in one restart of eight on a busy machine.
        "-master.resumeState=false",
        "-webdav=false",
        "-admin.ui=false",
        "-volume.preStopSeconds=0",
    ]


def _identities(secrets: dict[str, str]) -> str:
    keys = {"accessKey": secrets["access_key"], "secretKey": secrets["secret_key"]}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return json.dumps(
        {"identities": [{"name": "hub", "credentials": [keys], "actions": actions}]}, indent=2
    )


def _security(secrets: dict[str, str]) -> str:
    # Without these keys the store's inner ports would serve every object without a password.
    sections = {
        "jwt.signing": "jwt_write",
        "jwt.signing.read": "jwt_read",
        "jwt.filer_signing": "jwt_filer",
        "jwt.filer_signing.read": "jwt_filer_read",
    }
    return "\n".join(
        f"[{section}]\nkey = {json.dumps(secrets[name])}\nexpires_after_seconds = 60\n"
        for section, name in sections.items()
    )


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, "utf-8")


async def answers(port: int) -> bool:
    """Return whether the S3 port serves; nothing else is asked, since an early write hangs it."""
    try:
        async with asyncio.timeout(5.0):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(b"GET /status HTTP/1.0\r\n\r\n")
                line = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in line
