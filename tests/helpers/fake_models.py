"""The fake agent's answers about models: a registry of one run, a server that always agrees."""

from __future__ import annotations

import time
from typing import Any

from helpers import fake_telemetry
from helpers.fake_records import digest

from agent_core.errors import NotFoundError
from agent_core.protocol.records_models import ModelDetail, ModelEntry, ModelPackage, Serving

DECLARED = {
    "factory": "task:Net", "parameters": [], "task": "classification", "output": "logits",
    "labels": ["benign", "malignant"],
    "input": {
        "kind": "table", "columns": ["radius_mean", "texture_mean"], "units": ["µm", ""],
        "mean": [], "std": [], "examples": [[12.4, 15.7], [20.1, 18.2]], "width": 0, "height": 0,
        "channels": 1, "scale": 1.0,
    },
}  # fmt: skip


class FakeModels:
    """What the fake agent knows of models."""

    runs: dict[int, Any]

    def models_list(self, **asked: Any) -> Any:
        entries = [one.model_dump(mode="json") for run in self.runs.values() for one in of(run)]
        return {"items": entries, "next_cursor": "", "total": len(entries)}

    def models_show(self, run_id: int, round: int) -> Any:  # noqa: A002 - the wire's name
        run = self.runs.get(int(run_id))
        found = [one for one in of(run) if one.round == round] if run else []
        if not found:
            raise NotFoundError(f"Run {run_id} has no model of round {round}.")
        package = ModelPackage(
            type="flower", name="wdbc-mlp", engine="flower", zip_sha256="a" * 64,
            content_digest="b" * 64, fingerprint="otter lamp river glass", signed=True,
            is_allowed=True, has_model=True,
        )  # fmt: skip
        return ModelDetail(
            model=found[0], epoch=run.epoch, parameters=run.parameters, packages=[package],
            before=digest(f"{run.id}-{round - 1}") if round > 1 else "", declaration=DECLARED,
            sites=[
                {"edge_id": one.edge_id, "silo": one.silo, "name": one.name, "role": one.role.value,
                 "took_part": one.edge_id in found[0].sites, "dataset": {}}
                for one in run.devices
            ],
            exports={"torchscript": "", "onnx": "ONNX is not offered."}, is_mine=True,
        ).model_dump(mode="json")  # fmt: skip

    def serving_list(self) -> Any:
        return [one.model_dump(mode="json") for one in self._servings().values()]

    def serving_start(self, run_id: int, round: int, allow: str = "") -> Any:  # noqa: A002
        one = Serving(
            id=f"{run_id}-{round}-abc", run_id=run_id, round=round, title="Model", state="serving",
            url=f"http://127.0.0.1:8471/v1/models/{run_id}-{round}-abc/predict",
            declaration=DECLARED, started_at=time.time(), per_minute=[0] * 24,
        )  # fmt: skip
        self._servings()[one.id] = one
        return {"serving": one.model_dump(mode="json"), "token": "token-of-the-test"}

    def serving_predict(self, id: str, rows: Any = None, path: str = "") -> Any:  # noqa: A002
        said = {"label": "benign", "index": 0,
                "probabilities": {"benign": 0.978, "malignant": 0.022}}  # fmt: skip
        return {"predictions": [said] * max(1, len(rows or [])), "ms": 0.4}

    def serving_stop(self, id: str) -> Any:  # noqa: A002
        update = {"state": "ended", "detail": "Stopped by Dr. Marta Vogel."}
        one = self._servings()[id] = self._servings()[id].model_copy(update=update)
        return one.model_dump(mode="json")

    def _servings(self) -> dict[str, Serving]:
        found: dict[str, Serving] = self.__dict__.setdefault("fake_servings", {})
        return found


def of(run: Any) -> list[ModelEntry]:
    """Return a run's models as the registry has them."""
    found = fake_telemetry.models(run)
    silos = {one.edge_id: one.silo for one in run.devices}
    best = max((one["metrics"].get("test_accuracy", 0.0) for one in found), default=0.0)
    return [
        ModelEntry.model_validate({
            **one, "run_name": run.name, "project_id": run.project_id,
            "project_name": run.project_name, "group_id": run.group_id,
            "application_id": run.application_id, "application_name": run.application_name,
            "owner_id": run.owner_id, "owner_name": run.owner_name,
            "silos": [silos.get(edge, "") for edge in one["sites"]],
            "is_newest": one["round"] == max(other["round"] for other in found),
            "is_best": one["metrics"].get("test_accuracy") == best,
        })
        for one in reversed(found)
    ]  # fmt: skip
