"""Time rounds of 1 MB and 47 MB models over three silos, beside plain copies of the same bytes."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from measure import ROOT, copy_seconds, show, silodesk_json

SILOS = 3
# A round moves the model up once and down to each silo, and each silo's update up and down.
TRANSFERS = 1 + SILOS + 2 * SILOS
TARGETS = {1: 0.25, 47: 2.0}


def main() -> int:
    """Measure and print; return how many rows miss their target."""
    rows = []
    for megabytes, rounds in ((1, 20), (47, 8)):
        report = silodesk_json(
            "rehearse", str(ROOT / "tests/bench/apps/payload"), "--silos", str(SILOS),
            "--rounds", str(rounds), "--param", f"megabytes={megabytes}", "--deadline", "300",
        )  # fmt: skip
        seconds = [item["seconds"] for item in report["rounds"]][1:]
        with tempfile.TemporaryDirectory() as folder:
            plain = statistics.median(
                copy_seconds(megabytes * 1_000_000, TRANSFERS, Path(folder)) for _ in range(5)
            )
        median = statistics.median(seconds)
        rows.append(
            {
                "model_mb": megabytes,
                "state": report["state"],
                "rounds": len(seconds) + 1,
                "median_s": round(median, 3),
                "p90_s": round(statistics.quantiles(seconds, n=10)[-1], 3),
                "target_s": TARGETS[megabytes],
                "met": median <= TARGETS[megabytes],
                "plain_copies_s": round(plain, 4),
                "ratio": round(median / plain, 1),
                "peak_rss_mb": max(report["peak_rss_mb"].values(), default=0),
            }
        )
    return show("rounds: 3 silos, train and evaluate", rows)


if __name__ == "__main__":
    sys.exit(main())
