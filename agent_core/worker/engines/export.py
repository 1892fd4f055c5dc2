"""The export engine: a round's weights in the package's model, as one TorchScript file."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import io
import json
import warnings
from typing import Any

import torch

from ..session import Job, JobFailedError
from .codec import blob_of
from .model_loading import Loaded, load_model, wait_for_weights

TOLERANCE = 1e-4
NOTE = "silodesk.json"  # inside the file: what goes in, what comes out, where it comes from


def run(job: Job) -> None:
    """Load, convert, compare, and send the file back."""
    torch.set_num_threads(1)
    loaded = load_model(job, wait_for_weights(job))
    content = torchscript(loaded, dict(job.order.config.get("note") or {}))
    blob = blob_of([content])
    body = json.dumps({"sha256": blob.sha256, "size": blob.size}).encode()
    job.reporter.message({"message_id": "export", "to_edge": 0, "round": 0}, body, [blob])


def torchscript(loaded: Loaded, note: dict[str, Any]) -> bytes:
    """Return the model as TorchScript; raises JobFailedError where its answers are not kept."""
    causes = []
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit tells on every call that it is old
        for convert in (_traced, _scripted):
            try:
                script = convert(loaded)
                again = _again(script, note)
                if _is_same(loaded, again[1]):
                    return again[0]
                causes.append("its answers differ from the model's")
            except Exception as error:  # noqa: BLE001 - whatever torch raises is the cause to tell
                lines = str(error).strip().splitlines()
                causes.append(lines[0][:200] if lines else type(error).__name__)
    raise JobFailedError(f"The model cannot be written as TorchScript: {'; '.join(causes)}.")


def _traced(loaded: Loaded) -> Any:
    trace: Any = torch.jit.trace  # torch gives it no types
    return trace(loaded.pipeline, loaded.example(2), check_trace=False)


def _scripted(loaded: Loaded) -> Any:
    return torch.jit.script(loaded.pipeline)


def _again(script: Any, note: dict[str, Any]) -> tuple[bytes, Any]:
    stream = io.BytesIO()
    text = json.dumps(note, ensure_ascii=False, sort_keys=True)
    torch.jit.save(script, stream, _extra_files={NOTE: text.encode()})
    content = stream.getvalue()
    load: Any = torch.jit.load
    return content, load(io.BytesIO(content))


def _is_same(loaded: Loaded, script: Any) -> bool:
    """Compare with other batch sizes than the one that was traced."""
    for count in (1, 3):
        values = loaded.example(count)
        if not torch.allclose(loaded.pipeline(values), script(values), atol=TOLERANCE):
            return False
    return True
