"""Make a package's model and fill it with a round's weights: each array checked."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import importlib
import inspect
import time
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load

from .. import channel
from ..inbox import Incoming
from ..session import Job, JobFailedError, MissingImportError
from .entry import missing

WAIT_S = 120.0  # for the weights, which the agent sends right behind the order
SHOWN = 4  # arrays named in a sentence


class Pipeline(torch.nn.Module):
    """Normalise, run the model, and turn scores into probabilities."""

    input_mean: torch.Tensor
    input_std: torch.Tensor

    def __init__(self, model: torch.nn.Module, declared: dict[str, Any]) -> None:
        super().__init__()
        given = declared["input"]
        is_table = given["kind"] == "table"
        # One value a column, or one a channel over height and width.
        view = (-1,) if is_table else (-1, 1, 1)
        ones = [1.0] * (len(given["columns"]) if is_table else given["channels"])
        mean = torch.tensor(given.get("mean") or [0.0] * len(ones)).view(view)
        std = torch.tensor(given.get("std") or ones).view(view)
        self.model = model
        self.register_buffer("input_mean", mean.float())
        self.register_buffer("input_std", std.float())
        self.scale = float(given.get("scale", 1.0))
        self.is_class = declared.get("task") == "classification"
        self.is_score = self.is_class and declared.get("output", "logits") == "logits"

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return one row of outputs for each input."""
        outputs = self.model((values * self.scale - self.input_mean) / self.input_std)
        outputs = outputs.float().reshape(outputs.shape[0], -1)
        if self.is_class and outputs.shape[1] == 1:
            chance = torch.sigmoid(outputs) if self.is_score else outputs
            return torch.cat([1.0 - chance, chance], 1)
        return torch.softmax(outputs, 1) if self.is_score else outputs


@dataclass(frozen=True)
class Loaded:
    """A model that is ready, and what its app declared."""

    pipeline: Pipeline
    declared: dict[str, Any]
    shape: tuple[int, ...]

    @property
    def labels(self) -> list[str]:
        """Return the names of the classes."""
        return list(self.declared.get("labels") or [])

    def example(self, count: int) -> torch.Tensor:
        """Return inputs to try the model with: the declared examples, else grey images."""
        rows = self.declared["input"].get("examples") or []
        if rows and len(self.shape) == 1:
            return torch.tensor([rows[place % len(rows)] for place in range(count)]).float()
        steps = torch.arange(count).view(-1, *[1] * len(self.shape)) + 1.0
        return torch.full((count, *self.shape), 40.0) * steps


def load_model(job: Job, weights: bytes) -> Loaded:
    """Return the package's model with these weights; raises JobFailedError in words."""
    declared = dict(job.order.config["declaration"])
    given = declared["input"]
    is_table = given["kind"] == "table"
    shape = (
        (len(given["columns"]),)
        if is_table
        else (int(given["channels"]), int(given["height"]), int(given["width"]))
    )
    model = make_model(declared["factory"], dict(job.order.config.get("arguments") or {}))
    fill(model, weights)
    pipeline = Pipeline(model, declared).eval()
    pipeline.requires_grad_(requires_grad=False)
    loaded = Loaded(pipeline, declared, shape)
    check_outputs(loaded)
    return loaded


def make_model(factory: str, arguments: dict[str, Any]) -> torch.nn.Module:
    """Call the factory that the app declares."""
    name, _, attribute = factory.partition(":")
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise MissingImportError(missing(error)) from error
    make = getattr(module, attribute, None)
    if not callable(make):
        raise JobFailedError(f"The package declares {factory} as its model, and has no such name.")
    try:
        inspect.signature(make).bind(**arguments)
    except TypeError as error:
        raise JobFailedError(
            f"{factory} does not take the declared parameters: {error}."
        ) from error
    model = make(**arguments)
    if not isinstance(model, torch.nn.Module):
        raise JobFailedError(f"{factory} made no torch module but a {type(model).__name__}.")
    return model


def fill(model: torch.nn.Module, weights: bytes) -> None:
    """Load the weights; raises JobFailedError unless every array fits."""
    try:
        arrays = load(weights)
    except Exception as error:  # safetensors has a class of its own for each fault
        raise JobFailedError(f"The model file is no safetensors file: {error}.") from error
    state = model.state_dict()
    if arrays.keys() != state.keys() and all(name.isdigit() for name in arrays):
        arrays = by_order(arrays, state)
    check_names(arrays, state)
    for name, wanted in state.items():
        found = arrays[name]
        if found.shape != wanted.shape:
            raise JobFailedError(
                f"The array '{name}' has shape {list(found.shape)} in the model file, and "
                f"{list(wanted.shape)} in the package's model."
            )
        if found.is_floating_point() != wanted.is_floating_point():
            raise JobFailedError(
                f"The array '{name}' has type {found.dtype} in the model file, and {wanted.dtype} "
                "in the package's model."
            )
        if found.is_floating_point() and not bool(torch.isfinite(found).all()):
            raise JobFailedError(f"The array '{name}' has NaN or infinite values.")
    model.load_state_dict(arrays, strict=True)


def by_order(
    arrays: dict[str, torch.Tensor], state: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Name arrays that came as a list: the n-th is the n-th of the model's own."""
    if len(arrays) != len(state):
        raise JobFailedError(
            f"The model file has {len(arrays)} arrays without names, and the package's model has "
            f"{len(state)}."
        )
    ordered = [arrays[name] for name in sorted(arrays, key=int)]
    return dict(zip(state, ordered, strict=True))


def check_names(arrays: dict[str, Any], state: dict[str, Any]) -> None:
    """Raise JobFailedError where an array is missing or too many."""
    lacking, extra = sorted(state.keys() - arrays.keys()), sorted(arrays.keys() - state.keys())
    parts = [
        f"{word} {', '.join(repr(name) for name in names[:SHOWN])}"
        + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        for word, names in (("it lacks", lacking), ("the model does not know", extra))
        if names
    ]
    if parts:
        raise JobFailedError(
            f"The model file does not belong to the package's model: {'; '.join(parts)}."
        )


def check_outputs(loaded: Loaded) -> None:
    """Try the model once, so that a declaration that does not fit is told at the start."""
    with torch.no_grad():
        found = loaded.pipeline(loaded.example(2))
    wanted = len(loaded.labels)
    if found.shape[0] != 2 or (loaded.pipeline.is_class and found.shape[1] != wanted):
        raise JobFailedError(
            f"The model gives {list(found.shape)} values for two inputs, and the declaration has "
            f"{wanted} labels."
        )
    if not bool(torch.isfinite(found).all()):
        raise JobFailedError("The model gives NaN or infinite values for its own example.")


def wait_for_weights(job: Job) -> bytes:
    """Return the weights that the agent sends behind the order."""
    event = next_message(job, WAIT_S)
    if event is None:
        raise JobFailedError(f"The model's weights did not come within {WAIT_S:.0f} s.")
    sha256 = str(job.order.config["sha256"])
    held = event.blobs.get(sha256)
    if held is None:
        raise JobFailedError("Other weights came than the order names.")
    size = sum(int(blob["size"]) for blob in event.fields["blobs"] if blob["sha256"] == sha256)
    return held.pieces((size,))[0]


def next_message(job: Job, seconds: float | None = None) -> Incoming | None:
    """Return the agent's next message, or None when the time passes."""
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        event = job.inbox.next(until)
        if event is None or event.kind == channel.MESSAGE:
            return event
