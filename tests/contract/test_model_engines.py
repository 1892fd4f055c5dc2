"""The engines that export and serve a model: the same answers, and refusals in words."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from helpers.pictures import png
from helpers.worker_peer import Federation, Worker, make_order, runtime_python
from safetensors.numpy import save

from agent_core.packages.model_declaration import ModelDeclaration
from agent_core.worker import channel

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
PYTHON = runtime_python()
pytestmark = [
    pytest.mark.runtime,
    pytest.mark.timeout(240),
    pytest.mark.skipif(PYTHON is None, reason="there is no job runtime here"),
]
Arrays = dict[str, np.ndarray]
LOAD = """
import sys, json, torch
extra = {"silodesk.json": ""}
script = torch.jit.load(sys.argv[1], _extra_files=extra)
print(json.dumps([script(torch.tensor(json.loads(sys.argv[2]))).tolist(),
                  json.loads(extra["silodesk.json"])]))
"""


def cancer() -> dict[str, Any]:
    """Return what the breast cancer sample declares."""
    text = (SAMPLES / "breast_cancer" / "pyproject.toml").read_text()
    return declared(tomllib.loads(text)["tool"]["silodesk"]["model"])


def declared(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration as the manifest carries it."""
    return ModelDeclaration.model_validate(raw).model_dump(mode="json")


def network(hidden: int = 4) -> Arrays:
    """Return weights of the sample's network."""
    random = np.random.default_rng(7)
    return {
        "0.weight": random.normal(size=(hidden, 30)).astype(np.float32),
        "0.bias": np.zeros(hidden, np.float32),
        "2.weight": random.normal(size=(2, hidden)).astype(np.float32),
        "2.bias": np.zeros(2, np.float32),
    }


Start = Callable[..., Worker]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker that serves or exports a model of the breast cancer sample."""
    assert PYTHON is not None
    (tmp_path / "fedml").symlink_to(SAMPLES / "breast_cancer")
    federation = Federation(PYTHON, tmp_path)

    def begin(engine: str, weights: bytes, declaration: dict[str, Any], **config: Any) -> Worker:
        sha256 = hashlib.sha256(weights).hexdigest()
        order = make_order("server", 0, 0, engine=engine, entry="", config={
            "declaration": declaration, "sha256": sha256, "arguments": {"hidden": 4}, **config,
        })  # fmt: skip
        worker = federation.start(int(order["edge_id"]), "server", 0)
        worker.wait_for(channel.READY)
        worker.send(channel.GO, {"order": order})
        blobs = [{"sha256": sha256, "size": len(weights)}]
        worker.deliver({"message_id": "model", "blobs": blobs}, b"", {sha256: weights})
        return worker

    begin.federation = federation  # type: ignore[attr-defined]
    yield begin
    federation.close()


def ask(worker: Worker, name: str, content: str, body: bytes) -> dict[str, Any]:
    """Ask for a prediction and return the answer."""
    before = len(worker.of(channel.MESSAGE))
    worker.deliver({"message_id": name, "content": content, "blobs": []}, body, {})
    frame = worker.wait_for(channel.MESSAGE, before + 1)[-1]
    assert frame.fields["reply_to"] == name
    return dict(json.loads(frame.body))


def expected(arrays: Arrays, row: list[float], declaration: dict[str, Any]) -> np.ndarray:
    """Return the probabilities, computed by hand."""
    given = declaration["input"]
    x = (np.array(row) - given["mean"]) / given["std"]
    h = np.maximum(arrays["0.weight"] @ x + arrays["0.bias"], 0)
    scores = arrays["2.weight"] @ h + arrays["2.bias"]
    exp = np.exp(scores - scores.max())
    return np.asarray(exp / exp.sum())


def test_rows_and_csv_are_predicted(start: Start) -> None:
    """A raw row is normalised as declared; columns of a CSV are found by name."""
    declaration, arrays = cancer(), network()
    worker = start("serve", save(arrays), declaration)
    assert worker.wait_for(channel.MESSAGE)[0].fields["message_id"] == "ready"
    row = declaration["input"]["examples"][1]

    answer = ask(worker, "a", "json", json.dumps({"rows": [row]}).encode())
    wanted = expected(arrays, row, declaration)
    chances = answer["predictions"][0]["probabilities"]
    assert list(chances) == ["benign", "malignant"]
    assert list(chances.values()) == pytest.approx(wanted.tolist(), abs=1e-4)
    assert answer["predictions"][0]["label"] == ["benign", "malignant"][int(wanted.argmax())]

    table = SAMPLES / "breast_cancer" / "data" / "silo-1" / "test.csv"
    answer = ask(worker, "b", "csv", table.read_bytes())
    assert len(answer["predictions"]) == len(table.read_text().splitlines()) - 1

    named = dict(zip(declaration["input"]["columns"], row, strict=True))
    again = ask(worker, "c", "json", json.dumps([named]).encode())
    assert again["predictions"][0]["probabilities"] == pytest.approx(chances)
    for content, body, words in (
        ("json", b"{", "not JSON"),
        ("json", b"[[1, 2]]", "has 2 values, and the model takes 30"),
        ("json", b'[["x"]]', "is no number"),
        ("csv", b"mean_radius\n1\n", "names no column mean_texture"),
        ("picture", png(np.zeros((2, 2, 1), np.uint8)), "no picture"),
    ):
        assert words in ask(worker, "d", content, body)["error"]
    worker.send(channel.STOP, {"reason": "enough"})
    assert worker.wait(20) == channel.EXIT_STOPPED


def test_torchscript_answers_as_serving_does(start: Start, tmp_path: Path) -> None:
    """The exported file loads in the runtime, alone, and gives the same probabilities."""
    declaration, arrays = cancer(), network()
    worker = start("export", save(arrays), declaration, note={"round": 3})
    assert worker.wait() == channel.EXIT_OK, worker.done
    answer = json.loads(worker.of(channel.MESSAGE)[0].body)
    content = start.federation.blobs[answer["sha256"]]  # type: ignore[attr-defined]
    assert hashlib.sha256(content).hexdigest() == answer["sha256"]
    (tmp_path / "model.pt").write_bytes(content)

    rows = declaration["input"]["examples"]
    done = subprocess.run(
        [str(PYTHON), "-W", "ignore", "-c", LOAD, str(tmp_path / "model.pt"), json.dumps(rows)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    chances, note = json.loads(done.stdout)
    assert note == {"round": 3}
    for row, found in zip(rows, chances, strict=True):
        assert found == pytest.approx(expected(arrays, row, declaration).tolist(), abs=1e-4)


def test_arrays_without_names_are_taken_by_order(start: Start) -> None:
    """Flower names the arrays of a list 0, 1, 2."""
    arrays = network()
    listed = {str(place): value for place, value in enumerate(arrays.values())}
    worker = start("serve", save(listed), cancer())
    assert json.loads(worker.wait_for(channel.MESSAGE)[0].body)["parameters"] == 4 * 31 + 2 * 5


def _renamed(arrays: Arrays) -> Arrays:
    return {**{k: v for k, v in arrays.items() if k != "0.bias"}, "other": arrays["0.bias"]}


def _reshaped(arrays: Arrays) -> Arrays:
    return {**arrays, "0.weight": arrays["0.weight"][:, :29].copy()}


def _spoiled(arrays: Arrays) -> Arrays:
    return {**arrays, "2.bias": np.array([0, np.nan], np.float32)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_renamed, "it lacks '0.bias'; the model does not know 'other'"),
        (_reshaped, "'0.weight' has shape [4, 29] in the model file, and [4, 30]"),
        (_spoiled, "'2.bias' has NaN or infinite values"),
        (lambda _: {"0": np.zeros(3, np.float32)}, "has 1 arrays without names"),
    ],
)
def test_S6_arrays_that_do_not_match_are_refused(
    start: Start, change: Callable[[Arrays], Arrays], words: str
) -> None:
    """Wrong name, wrong shape, NaN, wrong count: the end's sentence names the array."""
    worker = start("serve", save(change(network())), cancer())
    assert worker.wait() == channel.EXIT_FAILED
    assert words in worker.done["detail"]
    assert not worker.of(channel.MESSAGE)


def test_S6_a_file_that_is_none_and_a_wrong_declaration_are_refused(start: Start) -> None:
    worker = start("serve", b"\x80\x04pickle", cancer())
    assert worker.wait() == channel.EXIT_FAILED
    assert "no safetensors file" in worker.done["detail"]


def test_labels_that_do_not_fit_are_refused(start: Start) -> None:
    worker = start("serve", save(network()), {**cancer(), "labels": ["a", "b", "c"]})
    assert worker.wait() == channel.EXIT_FAILED
    assert "the declaration has 3 labels" in worker.done["detail"]


def test_a_digit_is_predicted_from_a_picture(tmp_path: Path) -> None:
    """The MNIST sample takes a PNG of any size, and the same pixels as JSON."""
    assert PYTHON is not None
    (tmp_path / "fedml").symlink_to(SAMPLES / "mnist_lr" / "server")
    config = yaml.safe_load(
        (SAMPLES / "mnist_lr" / "server" / "config" / "fedml_config.yaml").read_text()
    )
    weights = np.zeros((10, 784), np.float32)
    weights[3, 400] = 9.0
    content = save({"weight": weights, "bias": np.zeros(10, np.float32)})
    sha256 = hashlib.sha256(content).hexdigest()
    federation = Federation(PYTHON, tmp_path)
    try:
        order = make_order("server", 0, 0, engine="serve", entry="", config={
            "declaration": declared(config["silodesk_model"]), "sha256": sha256,
        })  # fmt: skip
        worker = federation.start(int(order["edge_id"]), "server", 0)
        worker.send(channel.GO, {"order": order})
        blobs = [{"sha256": sha256, "size": len(content)}]
        worker.deliver({"message_id": "model", "blobs": blobs}, b"", {sha256: content})
        worker.wait_for(channel.MESSAGE)
        pixels = np.zeros((28, 28, 1), np.uint8)
        pixels.reshape(-1)[400] = 255
        by_picture = ask(worker, "p", "picture", png(pixels))
        by_values = ask(worker, "v", "json", json.dumps([pixels[:, :, 0].tolist()]).encode())
        large = np.kron(pixels, np.ones((10, 10, 1), np.uint8))
        by_colour = ask(worker, "c", "picture", png(np.repeat(large, 3, axis=2)))
    finally:
        federation.close()
    assert by_picture["predictions"][0]["label"] == "3"
    assert by_picture["predictions"] == by_values["predictions"]
    assert by_colour["predictions"][0]["label"] == "3"
