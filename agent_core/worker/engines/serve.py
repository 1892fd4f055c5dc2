"""The serve engine: answer predictions with a round's model until it is stopped."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import json
import time
from typing import Any

import torch

from ..inbox import Incoming
from ..session import Job
from .model_loading import Loaded, load_model, next_message, wait_for_weights
from .serve_input import InputError, read_inputs


def run(job: Job) -> None:
    """Load the model, say so, then answer one request after the other."""
    torch.set_num_threads(1)
    loaded = load_model(job, wait_for_weights(job))
    count = sum(value.numel() for value in loaded.pipeline.model.parameters())
    _reply(job, "ready", {"parameters": count})
    while True:
        event = next_message(job)
        if event is not None:
            _answer(job, loaded, event)


def _answer(job: Job, loaded: Loaded, event: Incoming) -> None:
    name = str(event.fields.get("message_id") or "")
    started = time.perf_counter()
    try:
        given = read_inputs(
            loaded.declared["input"], str(event.fields.get("content") or ""), bytes(event.body)
        )
        with torch.no_grad():
            outputs = loaded.pipeline(given)
        answer = describe(loaded, outputs)
    except InputError as error:
        _reply(job, name, {"error": str(error)})
        return
    except Exception as error:  # noqa: BLE001 - the package's model raised; the next one may pass
        text = str(error).strip().splitlines()
        _reply(
            job, name, {"error": f"The model raised {type(error).__name__}: {' '.join(text[:1])}"}
        )
        return
    _reply(job, name, {**answer, "ms": round((time.perf_counter() - started) * 1000, 3)})


def describe(loaded: Loaded, outputs: torch.Tensor) -> dict[str, Any]:
    """Return outputs as JSON: the class with every class's probability, or the values."""
    rows = outputs.double().tolist()
    if not loaded.pipeline.is_class:
        return {"predictions": [{"values": row} for row in rows]}
    labels = loaded.labels
    found = []
    for row in rows:
        best = max(range(len(row)), key=row.__getitem__)
        found.append(
            {
                "label": labels[best],
                "index": best,
                "probabilities": dict(zip(labels, row, strict=True)),
            }
        )
    return {"predictions": found}


def _reply(job: Job, name: str, content: dict[str, Any]) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    job.reporter.message({"message_id": name, "reply_to": name, "to_edge": 0, "round": 0}, body, [])
