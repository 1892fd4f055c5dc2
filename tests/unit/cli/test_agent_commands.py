"""The commands around the agent, as a person types them, against a real hub."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.agent_bench import make_package
from helpers.agent_process import COMMAND, PASSWORD, AgentProcess, HubProcess, until

from agent_core.client import AgentClient
from agent_core.paths import Home


def silodesk(*arguments: str, given: str = "", code: int = 0) -> str:
    """Run a command and return what it printed; its exit code must be this one."""
    done = subprocess.run(
        [*COMMAND, *arguments], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout if code == 0 or "--json" in arguments else done.stderr


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """Return a running hub."""
    with HubProcess() as running:
        yield running


@pytest.fixture(scope="module")
def home(hub: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Return a home whose agent the first `silodesk login` started."""
    process = AgentProcess()
    home = process.home
    printed = silodesk(
        "login", "boss@x.example", "--hub", hub.url, "--sign-up", "Boss", "--silo", "Lab",
        "--credentials", str(home.credentials), "--password-stdin", "--home", str(home.root),
        given=PASSWORD + "\n",
    )  # fmt: skip
    (tmp_path_factory.getbasetemp() / "login.txt").write_text(printed)
    yield home
    AgentClient(home).call("agent.shutdown")
    until(lambda: not home.socket.exists(), "the agent's end")
    process.__exit__()


def as_json(home: Home, *arguments: str, code: int = 0) -> Any:
    """Run a command with --json and return what it printed."""
    return json.loads(silodesk(*arguments, "--home", str(home.root), "--json", code=code))


def test_login_prints_what_fedmls_guide_shows(
    home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Device id, edge id and every subscribed topic."""
    printed = (tmp_path_factory.getbasetemp() / "login.txt").read_text()
    device = as_json(home, "status")["device"]

    assert f"unique_device_id: {device['device_id']}" in printed
    assert f"edge_id: {device['edge_id']}" in printed
    for topic in ("start_train", "stop_train"):
        assert f"subscribe: flserver_agent/{device['edge_id']}/{topic}" in printed
    assert f"subscribe: silodesk/{device['edge_id']}/inbox" in printed
    assert "Congratulations" in printed
    assert PASSWORD not in printed


def test_a_wrong_password_is_one_sentence(home: Home, hub: HubProcess) -> None:
    """Exit 1, the cause, the next step; with --json a problem document."""
    arguments = ("login", "boss@x.example", "--hub", hub.url, "--password-stdin")
    said = silodesk(*arguments, "--home", str(home.root), given="wrong\n", code=1)
    assert "password is wrong" in said
    assert "next:" in said

    problem = json.loads(
        silodesk(*arguments, "--home", str(home.root), "--json", given="wrong\n", code=1)
    )
    assert problem["code"] == "auth.password"


def test_the_way_from_group_to_run(home: Home, tmp_path: Path) -> None:
    """Group, device, project, application, run: made, listed, shown."""
    edge = as_json(home, "status")["device"]["edge_id"]
    group = as_json(home, "group", "create", "Hospitals")["id"]
    silodesk("group", "add-device", str(group), str(edge), "--home", str(home.root))
    link = as_json(home, "group", "invite", str(group), "--role", "scientist")["link"]
    assert link.startswith("silodesk://join?hub=")
    package = make_package(tmp_path / "c")
    server = make_package(tmp_path / "s", role="server")
    app = as_json(
        home, "app", "create", "App", str(package.package_path), str(server.package_path),
        "--group", str(group),
    )  # fmt: skip
    project = as_json(home, "project", "create", "P", "--group", str(group))
    with AgentProcess() as silo:
        silo.call("invitations.join", link=link, silo="St. Anna", device_name="d", name="Op",
                  email="op@x.example", password=PASSWORD)  # fmt: skip
        client = silo.status()["device"]["edge_id"]
        run = as_json(
            home, "run", "create", "--project", str(project["id"]), "--app", str(app["id"]),
            "--server", str(edge), "--client", str(client), "--rounds", "2", "--name", "first",
            "--param", "lr=0.1",
        )  # fmt: skip
        assert (run["state"], run["parameters"]) == ("IDLE", {"lr": 0.1})
        assert as_json(home, "run", "start", str(run["id"]))["state"] == "QUEUED"
        until(lambda: len(as_json(home, "approval", "list")) == 1, "the question")
        check_approval(home)
        stopped = as_json(home, "run", "stop", str(run["id"]), "--reason", "enough")
        assert stopped["state"] in ("STOPPING", "KILLED")
        said = silodesk("run", "watch", str(run["id"]), "--home", str(home.root), code=1)
        assert "KILLED" in said
        assert "enough" in said

    texts = {
        command: silodesk(*command.split(), "--home", str(home.root))
        for command in (
            "group list", f"group show {group}", "device list", "app list", "project list",
            "run list", f"run show {run['id']}", "status", "approval list --all",
            f"run logs {run['id']}", f"run metrics {run['id']}", f"run models {run['id']}",
        )
    }  # fmt: skip
    assert "Hospitals" in texts["group list"]
    assert "St. Anna" in texts["device list"]
    assert "first" in texts["run list"]
    assert "fetched" in texts[f"run show {run['id']}"]
    assert "withdrawn" in texts["approval list --all"]
    check_places(home, group, edge)


def check_places(home: Home, group: int, edge: int) -> None:
    """Rename, change roles, invite by address, take out, revoke."""
    renamed = as_json(home, "device", "rename", str(edge), "--name", "bench", "--silo", "Lab")
    assert (renamed["name"], renamed["silo"]) == ("bench", "Lab")
    person = next(one for one in as_json(home, "group", "people") if one["email"] == "op@x.example")
    number = str(person["account_id"])
    as_json(home, "group", "role", str(group), number, "operator")
    made = as_json(home, "group", "invite", str(group), "--email", "third@x.example")
    assert as_json(home, "group", "invitations", "--mine") == []
    as_json(home, "group", "revoke-invitation", str(made["id"]))
    listed = {one["id"]: one["state"] for one in as_json(home, "group", "invitations")}
    assert listed[made["id"]] == "revoked"
    others = [d["edge_id"] for d in as_json(home, "device", "list") if d["edge_id"] != edge]
    as_json(home, "group", "remove-device", str(group), str(others[0]))
    as_json(home, "group", "remove-member", str(group), number)
    kinds = [one["kind"] for one in as_json(home, "group", "events", str(group))]
    assert kinds[:2] == ["removed", "device_removed"]
    assert "role" in kinds
    own = silodesk("device", "revoke", str(edge), "--home", str(home.root), code=1)
    assert "device unbind" in own


def check_approval(home: Home) -> None:
    """Look at the waiting approval in every way."""
    (asked,) = as_json(home, "approval", "list")
    text = silodesk("approval", "show", str(asked["id"]), "--home", str(home.root))
    assert asked["fingerprint"] in text
    assert "fedml/main.py" in text
    file = as_json(home, "approval", "show", str(asked["id"]), "--file", "fedml/main.py")
    assert file["text"] == "print('hello')\n"
    problem = as_json(home, "approval", "approve", "999", code=1)
    assert problem["code"] == "missing"


def test_standing_approvals_by_hand(home: Home) -> None:
    """Given, listed, taken back; a digest that is none is refused with exit 2."""
    digest = "ab" * 32
    silodesk("approval", "allow", digest, "--expires", "2199-01-31", "--home", str(home.root))
    (standing,) = as_json(home, "approval", "list", "--standing")
    assert (standing["content_digest"], standing["by"]) == (digest, "Boss")
    silodesk("approval", "disallow", digest, "--home", str(home.root))
    assert as_json(home, "approval", "list", "--standing") == []
    assert "digest" in silodesk("approval", "allow", "x", "--home", str(home.root), code=2)
    said = silodesk("approval", "allow", digest, "--expires", "soon", "--home", str(home.root),
                    code=2)  # fmt: skip
    assert "2027-01-31" in said


def test_settings_are_shown_and_set(home: Home) -> None:
    """A value that cannot be is refused in words."""
    assert as_json(home, "settings", "set", "theme=dark")["theme"] == "dark"
    assert "dark" in silodesk("settings", "show", "--home", str(home.root))
    assert "no setting" in silodesk("settings", "set", "a=b", "--home", str(home.root), code=2)


def test_logout_unbinds(hub: HubProcess, home: Home) -> None:
    """Afterwards nobody is signed in and no device is bound; the agent still answers."""
    link = as_json(
        home, "group", "invite", str(as_json(home, "group", "create", "L")["id"])
    )["link"]  # fmt: skip
    with AgentProcess() as silo:
        root = str(silo.home.root)
        said = silodesk(
            "join", link, "--email", "out@x.example", "--name", "O", "--silo", "S",
            "--password-stdin", "--home", root, given=PASSWORD,
        )  # fmt: skip
        assert "edge_id:" in said
        silodesk("logout", "--home", root)
        status = as_json(silo.home, "status")
        assert (status["account"], status["device"]) == (None, None)
        problem = as_json(silo.home, "group", "list", code=1)
        assert problem["code"] == "auth"


def test_without_an_agent_the_next_step_is_told(tmp_path: Path) -> None:
    """`silodesk status` says how to start one."""
    said = silodesk("status", "--home", str(tmp_path / "none"), code=1)

    assert "No agent runs" in said
    assert "silodesk agent" in said


def test_an_agent_with_a_wrong_data_folder_does_not_start(tmp_path: Path) -> None:
    """Exit 2 and the folder's name; nothing was started."""
    said = silodesk("agent", "--data", str(tmp_path / "none"), "--home", str(tmp_path), code=2)

    assert "does not exist" in said
    assert not [p for p in psutil.process_iter(["cmdline"])
                if str(tmp_path) in (p.info["cmdline"] or [])]  # fmt: skip
