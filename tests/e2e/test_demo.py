"""The product's first promise: one command, three hospitals, a trained model."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MNIST = Path(os.environ.get("SILODESK_MNIST", ROOT.parent / "shared" / "data" / "mnist"))
pytestmark = [pytest.mark.runtime, pytest.mark.timeout(240)]


def demo(*arguments: str) -> dict[str, Any]:
    """Run `silodesk demo --headless --json` and return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "agent_core.cli", "demo", "--headless", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return dict(json.loads(done.stdout))


def test_breast_cancer_is_learned_over_three_hospitals() -> None:
    """State, accuracy, rounds and figures are all there."""
    report = demo("--sample", "breast-cancer", "--rounds", "10")

    assert report["state"] == "FINISHED"
    assert report["silos"] == 3
    assert report["test_accuracy"] >= 0.93
    assert [item["round"] for item in report["rounds"]] == list(range(1, 11))
    assert all(item["bytes_up"] > 0 and item["bytes_down"] > 0 for item in report["rounds"])
    assert {"hub", "broker", "store"} <= set(report["peak_rss_mb"])


@pytest.mark.mnist
@pytest.mark.skipif(
    not MNIST.is_dir(), reason=f"no MNIST files at {MNIST}; SILODESK_MNIST names them"
)
def test_mnist_reference_job_reaches_its_accuracy() -> None:
    """FedML's reference job, with the real files, two silos and fifty rounds."""
    report = demo("--sample", "mnist", "--data", str(MNIST), "--rounds", "50")

    assert report["state"] == "FINISHED"
    assert statistics.fmean(item["test_accuracy"] for item in report["rounds"][-10:]) >= 0.80
