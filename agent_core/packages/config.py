"""The run config a job sees: the package's own values, then the run's parameters and rounds."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from agent_core.errors import PackageError, UserInputError
from agent_core.packages.content import (
    FEDML_CONFIG,
    YAML_LIMIT,
    Content,
    Folder,
    pyproject_of,
    table_of,
    text_of,
)
from agent_core.packages.flatten import Flattener, flatten
from agent_core.packages.model_declaration import YAML_KEY
from agent_core.packages.reader import open_archive

ROUND_KEYS = ("num-server-rounds", "num-rounds", "rounds", "comm_round")


def run_config(path: Path) -> dict[str, Any]:
    """Return the run config of a package file or of an unpacked package root.

    It is `[tool.flwr.app.config]` flattened, else fedml_config.yaml flattened.
    """
    with _content(path) as content:
        return config_of(content)


def config_of(content: Content) -> dict[str, Any]:
    """Return the run config in a package's files; raises PackageError."""
    app = table_of(pyproject_of(content), "tool", "flwr", "app")
    if "config" in app:
        return flatten(table_of(app, "config"))
    if not content.has(FEDML_CONFIG):
        return {}
    try:
        raw = yaml.safe_load(text_of(content, FEDML_CONFIG, YAML_LIMIT))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise PackageError(
            f"fedml_config.yaml is not YAML{where}.",
            next_step="Correct it and build again.",
            code="package.config",
        ) from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise PackageError(
            "fedml_config.yaml holds no keys.",
            next_step="Write it as sections of `key: value` lines.",
            code="package.config",
        )
    # FedML drops the names of its sections: train_args.comm_round is args.comm_round.
    config: dict[str, Any] = {}
    flattener = Flattener()
    for section, value in raw.items():
        if section == YAML_KEY:
            continue  # says what the model is, not how it is trained
        config.update(flattener.flat(value if isinstance(value, dict) else {section: value}))
    return config


def apply_parameters(config: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config with a run's parameters in it; raises UserInputError on a wrong type.

    Parameters in sections, as FedML writes them, meet the flattened keys.
    """
    result = dict(config)
    for key, value in _placed(config, parameters).items():
        result[key] = _fitting(key, config[key], value) if key in config else value
    return result


def unknown_parameters(config: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that the config does not have, each with the nearest that it has."""
    unknown = {}
    for key in _placed(config, parameters):
        if key not in config:
            near = difflib.get_close_matches(key, list(config), n=1)
            unknown[key] = near[0] if near else ""
    return unknown


def rounds_of(config: Mapping[str, Any]) -> int | None:
    """Return how many rounds a config asks for, or None where it does not say."""
    for key in ROUND_KEYS:
        value = config.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def set_rounds(config: Mapping[str, Any], rounds: int) -> dict[str, Any]:
    """Return the config with the number of rounds; raises UserInputError where it has no key."""
    if rounds < 1:
        raise UserInputError(
            f"{rounds} rounds cannot be run.", next_step="Name 1 or more.", code="input.rounds"
        )
    for key in ROUND_KEYS:
        if key in config:
            return {**config, key: rounds}
    raise UserInputError(
        "The package's config has no key for the number of rounds.",
        next_step=f"Add one of {', '.join(ROUND_KEYS)} to it, or leave the number out.",
        code="input.rounds",
    )


def _placed(config: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters under the keys that the config uses for them."""
    placed = {}
    for key, value in parameters.items():
        if isinstance(value, dict):
            for inner, item in flatten(value).items():
                full = f"{key}.{inner}"
                placed[inner if full not in config and inner in config else full] = item
        else:
            placed[key] = value
    return placed


def _fitting(key: str, before: Any, value: Any) -> Any:
    """Return a value in the type that the config has; 1 may stand for 1.0, nothing else turns."""
    if before is None or type(before) is type(value):
        return value
    if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise UserInputError(
        f"The parameter {key} is {_kind(before)} in the package, and {value!r} is not.",
        next_step=f"Give {_kind(before)}, such as {before!r}.",
        code="input.parameter",
    )


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return names.get(type(value), "a list")


@contextlib.contextmanager
def _content(path: Path) -> Iterator[Content]:
    if path.is_dir():
        yield Folder(path)
        return
    with open_archive(path) as archive:
        yield archive
