"""What an app declares of its model: how it is made, what goes in, what comes out.

It stands in pyproject.toml as `[tool.silodesk.model]`, or in fedml_config.yaml as
`silodesk_model:`, and in the package's manifest, so that hub and desktop know it without running
any code.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent_core.errors import PackageError
from agent_core.packages.content import (
    FEDML_CONFIG,
    YAML_LIMIT,
    Content,
    pyproject_of,
    table_of,
    text_of,
)

YAML_KEY = "silodesk_model"
VALUES_LIMIT = 4096  # numbers of one declared row

_Short = Annotated[str, Field(max_length=200)]
_Numbers = Annotated[list[float], Field(max_length=VALUES_LIMIT)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelInput(_Part):
    """What one prediction takes: a row of named columns, or an image."""

    kind: Literal["table", "image"] = "table"
    columns: list[_Short] = Field(default_factory=list, max_length=VALUES_LIMIT)
    units: list[_Short] = Field(default_factory=list, max_length=VALUES_LIMIT)
    mean: _Numbers = Field(default_factory=list)  # subtracted, of each column or channel
    std: _Numbers = Field(default_factory=list)  # divided by
    examples: list[_Numbers] = Field(default_factory=list, max_length=20)
    width: int = Field(default=0, ge=0, le=4096)
    height: int = Field(default=0, ge=0, le=4096)
    channels: Literal[1, 3] = 1
    scale: float = 1.0  # an image's values from 0 to 255 are multiplied by it

    @property
    def shape(self) -> list[int]:
        """Return the shape of one input, without the batch."""
        if self.kind == "table":
            return [len(self.columns)]
        return [self.channels, self.height, self.width]

    @model_validator(mode="after")
    def _fits(self) -> ModelInput:
        if self.kind == "image" and not (self.width and self.height):
            raise ValueError("an image input needs width and height")
        if self.kind == "table" and not self.columns:
            raise ValueError("a table input needs columns")
        count = len(self.columns) if self.kind == "table" else self.channels
        for name in ("mean", "std", "units"):
            found = len(getattr(self, name))
            if found not in (0, count):
                raise ValueError(f"{name} has {found} values, and {count} are needed")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("a column is named twice")
        numbers = [*self.mean, *self.std, self.scale, *(v for row in self.examples for v in row)]
        if not all(math.isfinite(number) for number in numbers) or 0.0 in self.std:
            raise ValueError("a number is not finite, or a std is 0")
        if self.kind == "table" and any(len(row) != count for row in self.examples):
            raise ValueError(f"an example has not {count} values")
        return self


class ModelDeclaration(_Part):
    """How a model is made, what goes in and what comes out."""

    factory: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$", max_length=200
    )
    parameters: list[_Short] = Field(default_factory=list, max_length=50)  # of the run's config
    task: Literal["classification", "regression"] = "classification"
    output: Literal["logits", "probabilities", "values"] = "logits"
    labels: list[_Short] = Field(default_factory=list, max_length=1000)
    input: ModelInput

    @model_validator(mode="after")
    def _agrees(self) -> ModelDeclaration:
        if self.task == "classification" and len(self.labels) < 2:
            raise ValueError("a classification needs two labels or more")
        return self


def declared_in(content: Content) -> ModelDeclaration | None:
    """Return what a package's files declare of their model; raises PackageError."""
    found: Any = table_of(pyproject_of(content), "tool", "silodesk").get("model")
    if found is None and content.has(FEDML_CONFIG):
        try:
            raw = yaml.safe_load(text_of(content, FEDML_CONFIG, YAML_LIMIT))
        except (yaml.YAMLError, ValueError, RecursionError):
            return None  # whoever reads the config itself says so
        found = raw.get(YAML_KEY) if isinstance(raw, dict) else None
    if found is None:
        return None
    try:
        return ModelDeclaration.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "model"
        raise PackageError(
            f"The declaration of the model cannot be used: {where}: {first['msg']}.",
            next_step="Correct [tool.silodesk.model] in pyproject.toml, or silodesk_model in "
            "fedml_config.yaml.",
            code="package.model",
        ) from error
