"""Packages become one application, however often it is tried, and none once it is taken back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.fake_records import APPLICATIONS, plain

from agent_core.errors import ConflictError, UnreachableError, UserInputError
from app.widgets.package_sending import Sending

PAIR = APPLICATIONS[1]  # a client and a server package


class Client:
    """An agent that knows the two packages; `lost` loses the answer to what it made."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.made: list[dict[str, Any]] = []
        self.lost = False
        self.after_upload: Any = lambda: None

    def call(self, method: str, **params: Any) -> Any:
        """Answer as the agent would."""
        self.calls.append((method, params))
        if method == "packages.upload":
            self.after_upload()
            kind = Path(params["path"]).stem
            return plain(next(one for one in PAIR.packages if one.type == kind))
        if method == "applications.list":
            return {"items": self.made, "next_cursor": ""}
        if method != "applications.create":
            return {}
        self.made.append({**plain(PAIR), "name": params["name"]})
        if self.lost:
            raise UnreachableError("The answer was lost.")
        return self.made[-1]

    def names(self) -> list[str]:
        """Return the methods that were called."""
        return [method for method, _ in self.calls]


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def sending(client: Client) -> Sending:
    tasks = SimpleNamespace(run=lambda op, *_: op())
    return Sending(SimpleNamespace(client=client, tasks=tasks))  # type: ignore[arg-type]


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{kind}.zip" for kind in ("client", "server")]
    for path in found:
        path.touch()
    return found


def test_both_halves_go_up_before_the_application_is_made(client, sending, paths) -> None:
    made = sending.run(paths, "app", 7, "note")
    assert made.name == "app"
    assert client.names() == ["packages.upload", "packages.upload", "applications.create"]
    assert client.calls[2][1]["packages"] == [one.zip_sha256 for one in PAIR.packages]
    assert sending.is_own({"task": f"upload {paths[0]}"})
    assert not sending.is_own({"task": "upload /elsewhere/client.zip"})


def test_what_does_not_belong_together_is_told(client, sending, paths, tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="do not make an application"):
        sending.run(paths[:1], "app", 7, "")
    with pytest.raises(UserInputError, match="There is no package"):
        sending.run([tmp_path / "gone.zip"], "app", 7, "")
    assert "applications.create" not in client.names()


def test_a_second_try_finds_what_the_first_made(client, sending, paths) -> None:
    client.lost = True
    with pytest.raises(UnreachableError):
        sending.run(paths, "app", 7, "")
    client.lost = False
    sending.recall = type(sending.recall)()
    assert sending.run(paths, "app", 7, "").name == "app"
    assert client.names().count("applications.create") == 1
    assert sending.run(paths, "another", 7, "").name == "another"


def test_what_is_taken_back_is_not_made(client, sending, paths) -> None:
    """The upload is stopped, and neither the other half nor the application follows."""
    client.after_upload = lambda: sending.cancel()
    with pytest.raises(ConflictError):
        sending.run(paths, "app", 7, "")
    assert client.names()[0] == "packages.upload"
    stopped = [params["path"] for method, params in client.calls if method.endswith("stop_upload")]
    assert stopped == [str(path) for path in paths]
    assert client.names().count("packages.upload") == 1
    assert "applications.create" not in client.names()


def test_an_application_that_is_being_made_is_not_taken_back(sending, paths) -> None:
    sending.run(paths, "app", 7, "")
    assert not sending.cancel()
