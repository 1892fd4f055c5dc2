"""Invented approvals and local jobs of the fake agent."""

from __future__ import annotations

from typing import Any

from helpers.fake_records import NOW, digest, plain, today

from agent_core.agent.approval_diff import diff
from agent_core.protocol import records as rec
from agent_core.protocol import records_data as data
from agent_core.protocol.states import Role, State

TEXT = '''"""Load this silo's table."""

import pandas as pd
from pathlib import Path

FEATURES = [f"x{i}" for i in range(30)]


def load(cfg):
    """Return features and labels of this silo."""
    path = Path(cfg.data_dir)
    df = pd.read_csv(path / "wdbc.csv")
    x = df[FEATURES].to_numpy("float32")
    mean, std = x.mean(0), x.std(0)  # scaled at home
    x = (x - mean) / std
    y = df["diagnosis"].eq("M").to_numpy("int64")
    return x, y
'''
FILES = [
    "wdbc/__init__.py", "wdbc/client_app.py", "wdbc/server_app.py", "wdbc/task.py",
    "wdbc/data/loader.py", "wdbc/data/features.py", "pyproject.toml",
]  # fmt: skip


def approval(number: int, **fields: Any) -> dict[str, Any]:
    """Return an approval."""
    base: dict[str, Any] = {
        "id": number, "run_id": 1280 + number, "epoch": 1, "state": "pending",
        "run_name": "momentum", "project": "WDBC breast cancer", "application": "WDBC MLP 1.3.0",
        "group_id": 7, "asked_by": "Elif Kaya", "asked_at": NOW - 720, "role": Role.CLIENT,
        "engine": "flower", "content_digest": digest("wdbc-mlp-1.3"),
        "fingerprint": "silver canyon thistle harbor", "builder_key": "A20D71" + "y" * 37,
        "signed": True, "first_time": False,
        "changed_files": ["wdbc/data/loader.py", "wdbc/task.py", "pyproject.toml"],
        "files": [{"path": path, "size": 900 + 317 * i, "sha256": digest(path)}
                  for i, path in enumerate(FILES)],
        "parameters": {"learning-rate": 0.03, "momentum": 0.9}, "rounds": 50,
        "sandbox": "bubblewrap: no network, your home is hidden, the data folder is read-only, "
                   "at most 8 GB of memory.",
    }  # fmt: skip
    return plain(rec.Approval.model_validate({**base, **fields}))


APPROVALS = [
    approval(8),
    approval(9, application="MNIST LR benchmark 0.9.2", asked_by="Tom Okafor", first_time=True,
             project="MNIST LR benchmark", changed_files=[], signed=False, asked_at=NOW - 3600,
             fingerprint="amber dune reed cliff"),
    approval(5, state="approved", scope="standing", decided_at=NOW - 5 * 86400,
             decided_by="Dr. Marta Vogel", expires_at=NOW + 20 * 86400,
             application="WDBC MLP 1.2.1", asked_at=NOW - 5 * 86400 - 300),
    approval(4, state="refused", decided_at=NOW - 9 * 86400, decided_by="Dr. Marta Vogel",
             reason="Reads outside the data folder", asked_at=NOW - 9 * 86400 - 1200),
]  # fmt: skip


def local_jobs() -> list[dict[str, Any]]:
    """Return the jobs of this machine: two live, three ended today."""

    def job(run_id: int, state: State, **fields: Any) -> dict[str, Any]:
        base: dict[str, Any] = {
            "job_id": f"run-{run_id}-1-edge-266", "run_id": run_id, "epoch": 1,
            "run_name": "wide", "project": "WDBC breast cancer", "role": Role.CLIENT,
            "state": state, "rounds": 50, "bytes_up": 295_000,
        }  # fmt: skip
        return plain(rec.LocalJob.model_validate({**base, **fields}))

    return [
        job(1284, State.TRAINING, round=18, started_at=NOW - 1020, pid=4242, rss=640 * 1024**2,
            detail="Waiting for Hôpital Saint-Roch"),
        job(1286, State.QUEUED, project="MNIST LR benchmark", detail="Waits for your approval"),
        job(1279, State.FINISHED, round=50, started_at=NOW - 9000, ended_at=today(5000),
            bytes_up=822_000),
        job(1275, State.KILLED, round=9, started_at=NOW - 15000, ended_at=today(11000),
            project="MNIST LR benchmark", detail="Stopped by you", bytes_up=94_000),
        job(1271, State.FAILED, round=6, started_at=NOW - 16000, ended_at=today(12500),
            detail="Out of memory", bytes_up=98_000),
    ]  # fmt: skip


def review(one: dict[str, Any]) -> dict[str, Any]:
    """Return what `approvals.review` says: one file changed, with two calls to look at."""
    changed = one["changed_files"]
    risk = {"path": "wdbc/data/loader.py", "is_new": True}
    return {
        "files": [
            {"path": file["path"], "size": file["size"], "added": 2, "removed": 1, "blocks": 1,
             "state": "changed" if file["path"] in changed else "same",
             "calls": 0, "new_calls": 0}
            for file in one["files"]
        ],
        "risks": [
            {**risk, "line": 4, "kind": "network", "call": "requests", "text": "import requests"},
            {**risk, "line": 14, "kind": "files", "call": "pandas.read_csv", "is_new": False,
             "text": "df = pd.read_csv(path / cfg.file)"},
        ],
        "is_compared": not one["first_time"],
        "datasets": [
            {"id": 1, "name": "WDBC tumour features", "kind": "csv", "why_not": "",
             "is_default": True, "number": 2, "hash": digest("wdbc-data"),
             "rows": 132, "columns": 31, "files": 2, "missing": [], "fits": []},
        ],
        "limits": {"memory": 8_000_000_000, "cpu_seconds": None},
    }  # fmt: skip


def diffs(one: dict[str, Any], path: str = "") -> list[dict[str, Any]]:
    """Return what `approvals.diff` says."""
    new = TEXT.replace("import pandas as pd\n", "import pandas as pd\nimport requests\n")
    new = new.replace('"wdbc.csv"', "cfg.file")
    paths = [path] if path else one["changed_files"] or [file["path"] for file in one["files"]]
    before = None if one["first_time"] else TEXT
    return [
        {"path": name, "is_binary": False, "blocks": 2, "is_cut": False,
         "rows": [vars(row) for row in diff(before, new)]}
        for name in paths
    ]  # fmt: skip


_COLUMNS = [
    data.DatasetColumn(name="diagnosis", type="text", examples=["M", "B"]),
    data.DatasetColumn(name="mean_radius", type="number", missing=3, examples=["17.99", "20.57"]),
]
DATASETS = [
    plain(
        data.Dataset(
            id=1, name="WDBC tumour features", path="/data/wdbc", kind="csv", shown=True,
            is_default=True, added_at=NOW - 9 * 86400, added_by="Dr. Marta Vogel", versions=2,
            version=data.DatasetVersion(
                number=2, hash=digest("wdbc-data"), scanned_at=NOW - 3600, files=2, size=62_000,
                rows=132, columns=_COLUMNS,
            ),
        )
    ),
]  # fmt: skip
PREVIEW = plain(
    data.Preview(
        kind="csv", file="train.csv", files=["train.csv"], columns=_COLUMNS,
        rows=[["M", "17.99"], ["B", "20.57"]], looked_at=2, encoding="utf-8-sig", delimiter=",",
    )
)  # fmt: skip
