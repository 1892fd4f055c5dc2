"""Start pressed to first round closed, with a cold and with a pre-warmed worker."""

from __future__ import annotations

import statistics
import sys

from measure import show, silodesk_json


def main() -> int:
    """Measure and print; return how many rows miss their target."""
    rows = []
    for name, extra, target in (("cold", [], 6.0), ("pre-warmed", ["--prewarm"], 2.5)):
        first = [
            silodesk_json("demo", "--headless", "--rounds", "2", *extra)["first_round_s"]
            for _ in range(3)
        ]
        median = statistics.median(first)
        rows.append(
            {"worker": name, "median_s": median, "all_s": first, "target_s": target,
             "met": median <= target}
        )  # fmt: skip
    return show("start pressed to first round closed, 3 silos", rows)


if __name__ == "__main__":
    sys.exit(main())
