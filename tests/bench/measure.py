"""What benches share: run the real commands, copy the same bytes plainly, print what came out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from agent_core.lifeline import OPTION, Lifeline

ROOT = Path(__file__).resolve().parents[2]
# The IDX files lie beside the checkout, or where the environment says.
MNIST = Path(os.environ.get("SILODESK_MNIST", ROOT.parent / "shared" / "data" / "mnist"))


def silodesk_json(*arguments: str, bound_s: float = 900.0) -> dict[str, Any]:
    """Run `silodesk … --json` and return what it printed; it ends with us, however we end."""
    line = Lifeline()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "agent_core.cli", *arguments, "--json", OPTION],
            cwd=ROOT,
            stdin=line.end,
            stdout=subprocess.PIPE,
            timeout=bound_s,
            check=False,
        )
    finally:
        line.cut()
    text = done.stdout.decode()
    if done.returncode != 0:
        raise SystemExit(f"silodesk {' '.join(arguments)} ended with {done.returncode}: {text}")
    return dict(json.loads(text))


def copy_seconds(size: int, copies: int, folder: Path) -> float:
    """Return how long it takes to write `size` bytes once and copy the file `copies` times."""
    source = folder / "source.bin"
    source.write_bytes(b"\x5a" * size)
    started = time.perf_counter()
    for number in range(copies):
        target = folder / f"copy-{number}.bin"
        with source.open("rb") as reader, target.open("wb") as writer:
            while chunk := reader.read(1024 * 1024):
                writer.write(chunk)
    seconds = time.perf_counter() - started
    for path in folder.glob("*.bin"):
        path.unlink()
    return seconds


def show(title: str, rows: list[dict[str, Any]]) -> int:
    """Print rows as JSON on stdout and as a table on stderr; return how many miss their target.

    A load above the number of cores means that others took part of every figure.
    """
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": title, "load": load, "cores": os.cpu_count(), "rows": rows}))
    keys = list(rows[0])
    widths = {key: max(len(key), *(len(str(row[key])) for row in rows)) for key in keys}
    line = "  ".join(key.ljust(widths[key]) for key in keys)
    print(
        f"\n{title} (load {load} on {os.cpu_count()} cores)\n{line}\n{'-' * len(line)}",
        file=sys.stderr,
    )
    for row in rows:
        print("  ".join(str(row[key]).ljust(widths[key]) for key in keys), file=sys.stderr)
    missed = [row for row in rows if row.get("met") is False]
    if missed:
        print(f"{len(missed)} of {len(rows)} rows miss their target", file=sys.stderr)
    return len(missed)
