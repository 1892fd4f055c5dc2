"""A hub that knows more models than a page reads at once, for the fake agent to answer with."""

from __future__ import annotations

from typing import Any

from helpers.fake_records import digest

OWNER = 1


class ManyModels:
    """One run of many rounds, its best an early one, and an old run that only a search finds."""

    def __init__(self, rounds: int, best: int = 3, owner_id: int = OWNER) -> None:
        self.entries = [self._entry(1284, number, "Nightly", owner_id) for number in
                        range(rounds, 0, -1)]  # fmt: skip
        self.entries += [self._entry(7, number, "Old one", owner_id) for number in (2, 1)]
        self.best = {(1284, best), (7, 1)}

    @staticmethod
    def _entry(run_id: int, number: int, name: str, owner_id: int) -> dict[str, Any]:
        return {
            "run_id": run_id, "round": number, "sha256": digest(f"{run_id}-{number}"), "size": 8,
            "created_at": 1_700_000_000.0 + number, "metrics": {"test_accuracy": 0.5},
            "sites": [], "run_name": name, "project_id": 1, "project_name": "Breast cancer",
            "owner_id": owner_id,
        }  # fmt: skip

    def add_round(self) -> int:
        """Close one more round of the long run; return its number."""
        number = int(self.entries[0]["round"]) + 1
        self.entries.insert(0, self._entry(1284, number, "Nightly", OWNER))
        return number

    def models_list(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer as the hub does."""
        newest = {run: max(e["round"] for e in self.entries if e["run_id"] == run)
                  for run in {e["run_id"] for e in self.entries}}  # fmt: skip
        found = []
        for one in self.entries:
            name = (one["run_id"], one["round"])
            is_best, is_newest = name in self.best, newest[one["run_id"]] == one["round"]
            wanted = {"": True, "best": is_best, "newest": is_newest}[asked.get("mark", "")]
            texts = (one["run_name"], one["project_name"])
            wanted &= any(asked.get("text", "").lower() in text.lower() for text in texts)
            wanted &= one["run_id"] == asked.get("run_id", one["run_id"])
            wanted &= one["round"] <= asked.get("up_to", one["round"])
            if wanted:
                found.append({**one, "is_best": is_best, "is_newest": is_newest})
        first = int(asked.get("cursor") or 0)
        last = first + int(asked["limit"])
        more = str(last) if last < len(found) else ""
        return {"items": found[first:last], "next_cursor": more, "total": len(found)}
