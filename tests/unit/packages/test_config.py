"""The run config a job sees: flattened, with parameters in their types and rounds by rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.package_folders import request_for

from agent_core.errors import PackageError, UserInputError
from agent_core.packages.archive import extract
from agent_core.packages.builder import BuildRequest, build
from agent_core.packages.config import (
    apply_parameters,
    rounds_of,
    run_config,
    set_rounds,
    unknown_parameters,
)
from agent_core.packages.flatten import flatten

FLOWER = {"num-server-rounds": 3, "lr": 0.01, "model.width": 8, "model.bias": True}


def test_a_flower_apps_config_is_its_pyprojects(flower_app: Path, tmp_path: Path) -> None:
    result = build(BuildRequest(type="flower", source_folder=flower_app, dest_folder=tmp_path))
    assert run_config(result.package_path) == FLOWER
    extract(result.package_path, tmp_path / "root")
    assert run_config(tmp_path / "root") == FLOWER


def test_fedmls_config_loses_its_sections(one_line: Path) -> None:
    assert run_config(build(request_for(one_line, "client")).package_path) == {
        "training_type": "cross_silo",
        "random_seed": 0,
        "dataset": "mnist",
        "comm_round": 50,
        "learning_rate": 0.03,
    }


def test_a_pyproject_config_goes_before_fedmls(one_line: Path) -> None:
    (one_line / "client" / "pyproject.toml").write_text("[tool.flwr.app.config]\nrounds = 2\n")
    assert run_config(build(request_for(one_line, "client")).package_path) == {"rounds": 2}


def test_no_config_is_an_empty_one(small: Path) -> None:
    assert run_config(small) == {}


def test_a_broken_config_names_the_line(one_line: Path) -> None:
    (one_line / "config" / "fedml_config.yaml").write_text("a: 1\nb: [\n")
    package = build(request_for(one_line, "client")).package_path
    with pytest.raises(PackageError, match="in line 3"):
        run_config(package)


def test_dates_and_lists_stay_json() -> None:
    import datetime as dt

    assert flatten({"a": {"day": dt.date(2026, 1, 2), "l": [1, [2.5, None]]}}) == {
        "a.day": "2026-01-02",
        "a.l": [1, [2.5, None]],
    }
    with pytest.raises(PackageError):
        flatten({"a": {1, 2}})


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"lr": 0.5}, {"lr": 0.5}),
        ({"lr": 1}, {"lr": 1.0}),
        ({"model": {"width": 16}}, {"model.width": 16}),
        ({"model.bias": False}, {"model.bias": False}),
        ({"train_args": {"lr": 0.2}}, {"lr": 0.2}),
        ({"new": "x"}, {"new": "x"}),
        ({"section": {"new": 1}}, {"section.new": 1}),
    ],
)
def test_parameters_meet_their_keys(parameters: dict[str, Any], expected: dict[str, Any]) -> None:
    result = apply_parameters(FLOWER, parameters)
    assert result == {**FLOWER, **expected}
    assert {key: type(value) for key, value in result.items() if key in FLOWER} == {
        key: type(value) for key, value in FLOWER.items()
    }
    assert FLOWER["lr"] == 0.01


@pytest.mark.parametrize(
    "parameters",
    [{"lr": "fast"}, {"lr": True}, {"num-server-rounds": 2.5}, {"model.bias": 1}, {"lr": None}],
)
def test_a_parameter_of_another_type_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(UserInputError, match=next(iter(parameters))) as caught:
        apply_parameters(FLOWER, parameters)
    assert "such as" in caught.value.next_step


def test_unknown_parameters_are_found_with_the_nearest() -> None:
    assert unknown_parameters(FLOWER, {"num-server-round": 4, "lr": 1.0, "zzz": 1}) == {
        "num-server-round": "num-server-rounds",
        "zzz": "",
    }


@pytest.mark.parametrize("key", ["num-server-rounds", "num-rounds", "rounds", "comm_round"])
def test_rounds_go_into_the_key_that_is_there(key: str) -> None:
    assert set_rounds({key: 3, "x": 1}, 7) == {key: 7, "x": 1}
    assert rounds_of({key: 3}) == 3


def test_rounds_go_into_the_first_key_only() -> None:
    assert set_rounds({"comm_round": 1, "num-rounds": 2}, 9) == {"comm_round": 1, "num-rounds": 9}


def test_rounds_without_a_key_are_refused() -> None:
    with pytest.raises(UserInputError, match="no key") as caught:
        set_rounds({"epochs": 3}, 7)
    assert "num-server-rounds" in caught.value.next_step
    with pytest.raises(UserInputError):
        set_rounds({"rounds": 3}, 0)
    assert rounds_of({"epochs": 3, "rounds": True}) is None
