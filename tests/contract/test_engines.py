"""The engines' contract: every strategy runs unmodified, and a run always ends with its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.worker_peer import (
    FIRST_CLIENT_EDGE,
    Federation,
    Worker,
    runtime_python,
    start_all,
)
from safetensors.numpy import load

from agent_core.worker import channel

APPS = Path(__file__).resolve().parent / "engine_apps"
CANCER = APPS.parents[2] / "resources" / "samples" / "breast_cancer"
PYTHON = runtime_python()
pytestmark = [
    pytest.mark.runtime,
    pytest.mark.timeout(240),
    pytest.mark.skipif(PYTHON is None, reason="there is no job runtime here"),
]
ENTRIES = {"server": {"entry": "fedml/server_app.py"}, "client": {"entry": "fedml/client_app.py"}}


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    """Yield a federation of the job runtime; the test names its package."""
    assert PYTHON is not None
    federation = Federation(PYTHON, tmp_path, tmp_path)
    yield federation
    federation.close()


def run(federation: Federation, app: str, clients: int = 3, **values: Any) -> list[Worker]:
    """Start an app; return the server and the clients."""
    federation.package = APPS / app
    return start_all(federation, clients, ENTRIES, **values)


def rounds_of(server: Worker) -> list[dict[str, Any]]:
    """Return the closed rounds."""
    return [frame.fields for frame in server.of(channel.ROUND)]


def test_every_strategy_of_flower_runs(federation: Federation) -> None:
    """Two rounds each on three silos: averages, optimizers, robust ones, differential privacy."""
    server, *clients = run(federation, "strategies")

    assert server.wait(200) == channel.EXIT_OK, server.done
    passed = [line for line in server.lines() if line.startswith("strategy ")]
    assert len(passed) == 17, passed
    assert f"folders {[str(federation.data)] * 3}" in server.lines()
    assert "pulled 3" in server.lines()
    assert [client.wait() for client in clients] == [0, 0, 0]
    assert all(client.done["ok"] for client in clients)

    rounds = rounds_of(server)
    assert [item["round"] for item in rounds] == list(range(1, 35))
    assert all((item["asked"], item["answered"]) == (3, 3) for item in rounds)
    first = rounds[0]["metrics"]
    assert {"train_loss", "test_accuracy", "eval_loss", "central_test_accuracy"} <= set(first)
    assert "train_num_examples" not in first
    points = [(p["key"], p["round"]) for p in server.metrics()]
    assert len(points) == len(set(points))
    own = [p["value"] for p in clients[0].metrics() if p["key"] == "train_calls"]
    assert own == [float(number) for number in range(1, 35)]  # the context lives through all rounds


def test_models_of_every_round_are_stored(federation: Federation) -> None:
    """Rounds 0 to n, as safetensors, with who took part."""
    server, *_ = run(federation, "troubled", clients=2, config={"rounds": 2}, rounds=2)

    assert server.wait() == channel.EXIT_OK, server.done
    assert not any("evaluation" in line and "None" in line for line in server.lines())
    models = [frame.fields for frame in server.of(channel.MODEL)]
    assert [model["round"] for model in models] == [0, 1, 2]
    assert models[2]["sites"] == [FIRST_CLIENT_EDGE, FIRST_CLIENT_EDGE + 1]
    assert models[2]["metrics"] == rounds_of(server)[1]["metrics"]
    for number, model in enumerate(models):
        content = federation.blobs[model["sha256"]]
        assert len(content) == model["size"]
        assert load(content)["0"].tolist() == [float(number)] * 10


@pytest.mark.parametrize("secure", [False, True])
def test_the_legacy_api_runs(federation: Federation, secure: bool) -> None:
    """NumPyClients under FedAvg, and under secure aggregation."""
    server, *clients = run(federation, "legacy", config={"secure": secure}, rounds=2)

    assert server.wait() == channel.EXIT_OK, server.done
    assert [client.wait() for client in clients] == [0, 0, 0]
    rounds = rounds_of(server)
    assert [(item["round"], item["asked"], item["answered"]) for item in rounds] == [
        (1, 3, 3), (2, 3, 3),
    ]  # fmt: skip
    assert rounds[1]["metrics"]["eval_loss"] == pytest.approx(0.4, abs=0.01)
    assert [frame.fields["round"] for frame in server.of(channel.MODEL)] == [0, 1, 2]
    assert {p["key"] for p in clients[1].metrics()} >= {"eval_loss", "eval_accuracy"}


def test_breast_cancer_is_learned_over_three_hospitals(federation: Federation) -> None:
    """The sample reaches its accuracy, with one upload of the model for all silos."""
    config = tomllib.loads((CANCER / "pyproject.toml").read_text())["tool"]["flwr"]["app"]["config"]
    federation.package = federation.folder
    (federation.folder / "fedml").symlink_to(CANCER)
    federation.data = [CANCER / "data" / f"silo-{number}" for number in (1, 2, 3)]
    entries = {role: {"entry": f"fedml/breast_cancer/{role}_app.py", "object_name": "app"}
               for role in ("server", "client")}  # fmt: skip
    server, *clients = start_all(federation, 3, entries, config=config, rounds=10)

    assert server.wait() == channel.EXIT_OK, server.done
    rounds = rounds_of(server)
    assert [item["round"] for item in rounds] == list(range(1, 11))
    assert rounds[-1]["metrics"]["test_accuracy"] >= 0.95
    for client in clients:
        keys = {(p["key"], p["round"], p["scope"]) for p in client.metrics()}
        assert {
            ("train_loss", 10, "own"),
            ("test_loss", 10, "own"),
            ("test_accuracy", 10, "own"),
        } <= keys
    # Eleven global models: evaluate and train share a blob, and it is the model file.
    blobs = {frame.fields["sha256"] for frame in server.of(channel.BLOB)}
    assert len(server.of(channel.BLOB)) == len(blobs) == 11
    assert {frame.fields["sha256"] for frame in server.of(channel.MODEL)} == blobs


def test_R8_trouble_of_one_silo_does_not_end_the_run(federation: Federation) -> None:
    """An exception, a deadline and NaN: each is told with the silo's name, and the rest goes on."""
    config = {"rounds": 4, "seconds": 12, "1:1": "raise", "2:2": "nan", "3:3": "sleep"}
    server, *clients = run(
        federation, "troubled", config=config, rounds=4, quorum=2, round_deadline_s=8.0
    )

    assert server.wait() == channel.EXIT_OK, server.done
    rounds = rounds_of(server)
    assert [(item["answered"], item["closed_by"]) for item in rounds[:2]] == [
        (2, "all"),
        (3, "all"),
    ]
    assert (rounds[2]["answered"], rounds[2]["closed_by"]) == (2, "deadline")
    assert [item["missing"] for item in rounds[:3]] == [
        [FIRST_CLIENT_EDGE],
        [],
        [FIRST_CLIENT_EDGE + 2],
    ]
    lines = server.lines()
    assert any("Silo 1: ValueError: no patients today (fedml/client_app.py" in t for t in lines)
    assert "Round 2: the update of Silo 2 has NaN or infinite values in '0'." in lines
    assert any("ValueError: no patients today" in text for text in clients[0].lines("ERROR"))
    waits = [frame.fields for frame in server.of(channel.PROGRESS)]
    assert any(wait["detail"] == "Waiting for Silo 3." and wait["until"] for wait in waits)
    assert clients[0].wait() == channel.EXIT_OK  # it stayed for the later rounds
    assert clients[2].wait() == channel.EXIT_OK
    assert "A late answer of Silo 3 was dropped." in lines


def test_R8_missed_quorum_ends_the_run_with_its_reason(federation: Federation) -> None:
    """Who did not answer, and why, stands in the end's sentence."""
    server, *_ = run(
        federation, "troubled", clients=2, config={"rounds": 2, "seconds": 20, "2:1": "sleep"},
        rounds=2, quorum=2, round_deadline_s=2.0,
    )  # fmt: skip

    assert server.wait() == channel.EXIT_FAILED
    assert server.done["detail"] == (
        "Round 1 had 1 of 2 needed silos by its deadline (train): Silo 2 gave no answer within 2 s."
    )


def test_R1_a_silo_that_died_counts_as_answered(federation: Federation) -> None:
    """The hub's word ends the wait long before the deadline; a wrong shape is attributed."""
    config = {"rounds": 3, "2:1": "kill", "1:3": "shape"}
    server, _, victim, _ = run(federation, "troubled", config=config, quorum=2)
    assert victim.wait() == -9
    federation.peer_failed(FIRST_CLIENT_EDGE + 1, "its job was killed (SIGKILL)")

    assert server.wait() == channel.EXIT_EXCEPTION
    rounds = rounds_of(server)
    assert [(item["asked"], item["answered"]) for item in rounds] == [(3, 2), (3, 2)]
    assert "Round 3: the update of Silo 1 has '0' of shape [7], not [10]." in server.done["detail"]
    assert any("Silo 2 does not answer any more" in text for text in server.lines("WARNING"))


def test_R4_stop_ends_a_waiting_server_and_a_training_silo(federation: Federation) -> None:
    """Neither a wait on the Grid nor a sleep in an app holds a stop up."""
    server, client = run(
        federation, "troubled", clients=1,
        config={"rounds": 1, "seconds": 600, "1:1": "sleep"}, round_deadline_s=600.0,
    )  # fmt: skip
    count = 1
    while not any(frame.fields["phase"] == "train" for frame in client.of(channel.PROGRESS)):
        count = len(client.wait_for(channel.PROGRESS, count)) + 1
    for worker in (server, client):
        worker.send(channel.STOP, {"reason": "The owner stopped the run."})

    assert [server.wait(20), client.wait(20)] == [channel.EXIT_STOPPED] * 2
    assert server.done["detail"] == client.done["detail"] == "The owner stopped the run."


def test_a_package_without_an_app_is_told(federation: Federation, tmp_path: Path) -> None:
    """A missing app and a missing library are known causes."""
    (tmp_path / "fedml").mkdir()
    (tmp_path / "fedml" / "server_app.py").write_text("app = 5\n")
    (tmp_path / "fedml" / "client_app.py").write_text("import sklearn_that_is_not_here\n")
    federation.package = tmp_path
    server, client = start_all(federation, 1, ENTRIES)

    assert server.wait() == channel.EXIT_FAILED
    assert "has no ServerApp called 'app'" in server.done["detail"]
    assert client.wait() == channel.EXIT_IMPORT
    assert "'sklearn_that_is_not_here'" in client.done["detail"]
