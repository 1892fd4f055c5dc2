"""An agent process and a real hub: accounts, binding, invitations, absence, restarts."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.agent_process import PASSWORD, AgentProcess, HubProcess, until

from agent_core.agent.credentials import Credentials
from agent_core.errors import (
    ConflictError,
    ForbiddenError,
    NotSignedInError,
    UnreachableError,
    UserInputError,
)
from agent_core.keys import FileStore
from agent_core.paths import Home
from agent_core.protocol.topics import device_topics


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """Return a running hub whose administrator signed up at `boss`."""
    with HubProcess() as running:
        yield running


@pytest.fixture(scope="module")
def boss(hub: HubProcess) -> Iterator[AgentProcess]:
    """Return the administrator's agent, bound."""
    with AgentProcess() as agent:
        agent.call("account.sign_up", hub_url=hub.url, email="boss@x.example", name="Boss",
                   password=PASSWORD)  # fmt: skip
        agent.call("device.bind", silo="Lab", name="bench")
        yield agent


@pytest.fixture
def agent() -> Iterator[AgentProcess]:
    """Return a fresh agent."""
    with AgentProcess() as made:
        yield made


def test_binding_is_told_and_the_device_comes_online(boss: AgentProcess, hub: HubProcess) -> None:
    """Device id in FedML's form, the exact topics, a heartbeat that is answered."""
    until(lambda: boss.status()["state"] == "online", "online")
    status = boss.status()

    edge = status["device"]["edge_id"]
    assert status["device"]["device_id"].startswith("0x")
    assert status["device"]["device_id"].endswith("@Linux.Edge.Device")
    assert status["subscribed"] == list(device_topics(edge).subscribed)
    assert status["heartbeat_ms"] is not None
    assert (status["hub_url"], status["hub_name"]) == (hub.url, "Test hub")
    seen = next(d for d in boss.call("devices.list")["items"] if d["edge_id"] == edge)
    assert seen["presence"] == "online"
    assert seen["hardware"]["cores"] == psutil.cpu_count()
    me = boss.call("account.me")
    assert me["owner_key"] == status["account"]["owner_key"] != ""


def test_binding_again_keeps_the_edge_id(boss: AgentProcess) -> None:
    """The same device of the same account gets new credentials and new names."""
    before = boss.status()["device"]
    after = boss.call("device.bind", silo="Lab 2", name="bench")

    assert after["edge_id"] == before["edge_id"]
    assert after["silo"] == "Lab 2"
    until(lambda: boss.status()["state"] == "online", "online with the new credentials")


def invite(boss: AgentProcess, **fields: Any) -> tuple[int, str]:
    """Return a new group and an invitation to it."""
    group = boss.call("groups.create", name="G")["id"]
    return group, boss.call("invitations.create", group_id=group, **fields)["link"]


def test_join_signs_up_binds_and_enters_the_group(boss: AgentProcess, agent: AgentProcess) -> None:
    """One call from a link to a device in the group; a second use of the link is refused."""
    group, link = invite(boss, role="operator")
    offered = agent.call("invitations.read", link=link)
    assert (offered["group_name"], offered["hub_name"]) == ("G", "Test hub")

    joined = agent.call("invitations.join", link=link, silo="St. Anna", device_name="d1",
                        email="op1@x.example", name="Op", password=PASSWORD)  # fmt: skip

    edge = agent.status()["device"]["edge_id"]
    assert joined["id"] == group
    assert joined["devices"] == [edge]
    until(lambda: agent.status()["state"] == "online", "online")
    with pytest.raises((ForbiddenError, ConflictError)):
        boss.call("invitations.join", link=link, silo="", device_name="")


def test_join_with_an_account_that_exists(boss: AgentProcess, agent: AgentProcess) -> None:
    """The same person on a second machine: signs in instead of up."""
    _, first = invite(boss, role="operator")
    with AgentProcess() as other:
        other.call("invitations.join", link=first, silo="A", device_name="d", name="Op",
                   email="op2@x.example", password=PASSWORD)  # fmt: skip
    group, second = invite(boss, role="operator")

    joined = agent.call("invitations.join", link=second, silo="A", device_name="e",
                        email="op2@x.example", password=PASSWORD)  # fmt: skip

    assert joined["id"] == group


def test_errors_a_person_meets(agent: AgentProcess, hub: HubProcess, boss: AgentProcess) -> None:
    """Wrong password, wrong address, no hub there, nobody signed in, not a link."""
    assert boss.status()
    with pytest.raises(NotSignedInError, match="password is wrong"):
        agent.call("account.sign_in", hub_url=hub.url, email="boss@x.example", password="no")
    with pytest.raises(UnreachableError, match="nothing listens"):
        agent.call("account.sign_in", hub_url="http://127.0.0.1:9", email="a@b", password="x")
    with pytest.raises(UserInputError, match="not the address"):
        agent.call("hub.about", hub_url="ftp://x")
    with pytest.raises(NotSignedInError, match="Nobody is signed in"):
        agent.call("groups.list")
    with pytest.raises(UserInputError, match="not an invitation"):
        agent.call("invitations.read", link="http://evil.example/?hub=a&code=b")
    with pytest.raises(UserInputError):
        agent.call("account.sign_in", hub_url=hub.url)
    assert agent.status()["state"] == "unbound"


def test_sign_out_keeps_the_device_and_unbind_ends_it(
    boss: AgentProcess, agent: AgentProcess
) -> None:
    """A silo goes on without anyone signed in; unbinding takes its credentials back."""
    _, link = invite(boss, role="operator")
    agent.call("invitations.join", link=link, silo="S", device_name="d", name="Op",
               email="op3@x.example", password=PASSWORD)  # fmt: skip
    edge = agent.status()["device"]["edge_id"]
    agent.call("account.sign_out")
    status = agent.status()
    assert status["account"] is None
    assert status["device"]["edge_id"] == edge

    agent.call("account.sign_in", hub_url=boss.status()["hub_url"], email="op3@x.example",
               password=PASSWORD)  # fmt: skip
    agent.call("device.unbind")

    assert agent.status()["device"] is None
    assert agent.status()["state"] == "unbound"
    revoked = [d["edge_id"] for d in agent.call("devices.list")["items"] if d["revoked"]]
    assert edge in revoked


def test_S11_a_revoked_device_stays_revoked(boss: AgentProcess, agent: AgentProcess) -> None:
    """Its agent says so, and does not bind itself again although its owner is signed in."""
    _, link = invite(boss, role="operator")
    agent.call("invitations.join", link=link, silo="S", device_name="d", name="Op",
               email="op5@x.example", password=PASSWORD)  # fmt: skip
    until(lambda: agent.status()["state"] == "online", "online")
    edge = agent.status()["device"]["edge_id"]
    agent.call("devices.revoke", edge_id=edge)

    until(lambda: "does not know this device" in agent.status()["detail"], "the reason")

    assert agent.status()["state"] != "online"
    (seen,) = [d for d in agent.call("devices.list")["items"] if d["edge_id"] == edge]
    assert seen["revoked"]


def test_a_device_that_lost_its_credentials_gets_new_ones(boss: AgentProcess) -> None:
    """The answer of a renewal was lost: the signed-in account binds the device again."""
    edge = boss.status()["device"]["edge_id"]
    boss.stop()
    credentials = Credentials(FileStore(boss.home.credentials, boss.home))
    binding = credentials.need_binding()
    broker = binding.broker.model_copy(update={"password": "lost"})
    stale = binding.model_copy(update={"device_token": "lost", "broker": broker})
    credentials.keep_binding(credentials.binding_hub, stale)
    boss.start()

    until(lambda: boss.status()["state"] == "online", "online with new credentials")
    assert boss.status()["device"]["edge_id"] == edge


def test_S7_secrets_lie_in_the_named_file_only(boss: AgentProcess) -> None:
    """Tokens and passwords are in the 0600 file, and in no other file of the home."""
    credentials = Credentials(FileStore(boss.home.credentials, boss.home))
    assert credentials.session
    assert credentials.binding
    secrets = [
        credentials.session.access_token, credentials.session.refresh_token,
        credentials.binding.device_token, credentials.binding.broker.password, PASSWORD,
    ]  # fmt: skip
    assert stat.S_IMODE(boss.home.credentials.stat().st_mode) == 0o600
    for path in boss.home.root.rglob("*"):
        if path.is_file() and path != boss.home.credentials:
            content = path.read_bytes()
            assert not [s for s in secrets if s.encode() in content], path
    assert not set(secrets) & set(psutil.Process(boss.pid).cmdline())


def test_a_lost_session_is_refreshed_unseen(boss: AgentProcess) -> None:
    """An access token that has expired is replaced by the refresh token."""
    boss.stop()
    credentials = Credentials(FileStore(boss.home.credentials, boss.home))
    session = credentials.need_session()
    stale = session.model_copy(update={"access_token": "expired", "access_expires_at": 1.0})
    credentials.keep_session(credentials.session_hub, stale)
    boss.start()

    assert boss.call("account.me")["email"] == "boss@x.example"


def test_R1_kill_and_restart_reconnects_the_same_device(boss: AgentProcess) -> None:
    """Nothing has to be signed in or bound again; a second agent is refused meanwhile."""
    edge = boss.status()["device"]["edge_id"]
    second = AgentProcess(boss.home)
    second.start(wait=False)
    assert second.process is not None
    assert second.process.wait(20) == 1
    assert "runs already" in second.output()

    boss.kill()
    boss.start()

    until(lambda: boss.status()["state"] == "online", "online again")
    assert boss.status()["device"]["edge_id"] == edge


def test_SIGTERM_ends_the_agent_cleanly(agent: AgentProcess) -> None:
    """Exit code 0, socket gone, lock free."""
    assert agent.process is not None
    agent.process.send_signal(signal.SIGTERM)

    assert agent.process.wait(15) == 0
    assert not agent.home.socket.exists()
    agent.start()
    assert agent.status()["state"] == "unbound"


def test_the_hub_may_be_away_and_come_back(agent: AgentProcess) -> None:
    """The agent says so in a sentence, answers all the same, and reconnects by itself."""
    with HubProcess() as own:
        agent.call("account.sign_up", hub_url=own.url, email="a@x.example", name="A",
                   password=PASSWORD)  # fmt: skip
        agent.call("device.bind", silo="S", name="d")
        until(lambda: agent.status()["state"] == "online", "online")
        own.stop()
        until(lambda: agent.status()["state"] in ("offline", "silent"), "offline", 40)
        assert agent.status()["detail"]
        with pytest.raises(UnreachableError):
            agent.call("groups.list")
        agent.kill()
        agent.start()
        assert agent.status()["device"]

        own.start()
        until(lambda: agent.status()["state"] == "online", "online again", 40)
        assert agent.call("groups.list")["items"] == []


def test_idle_memory_stays_within_its_budget(boss: AgentProcess) -> None:
    """A bound, idle agent takes at most 90 MB, and does not spin."""
    process = psutil.Process(boss.pid)

    assert process.memory_info().rss <= 90 * 1024 * 1024
    for name in ("torch", "boto3", "fastapi", "sqlalchemy"):
        assert name not in Path(f"/proc/{boss.pid}/maps").read_text()
    before, at = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(2.0)
    assert sum(process.cpu_times()[:2]) - before < 0.2 * (time.monotonic() - at)


def test_upload_is_resumed_and_recognised(boss: AgentProcess, tmp_path: Path) -> None:
    """A package goes up once; again it is known. A file that is no package is refused."""
    from helpers.agent_bench import make_package

    package = make_package(tmp_path)
    first = boss.call("packages.upload", path=str(package.package_path))
    again = boss.call("packages.upload", path=str(package.package_path))
    assert first["zip_sha256"] == again["zip_sha256"] == package.zip_sha256
    junk = tmp_path / "junk.zip"
    junk.write_bytes(os.urandom(100))
    with pytest.raises(Exception, match="zip"):
        boss.call("packages.upload", path=str(junk))
    with pytest.raises(UserInputError, match="no package file"):
        boss.call("packages.upload", path=str(tmp_path / "none.zip"))


def test_settings_are_checked_and_kept(agent: AgentProcess) -> None:
    """A wrong value is told; a right one survives a restart."""
    with pytest.raises(UserInputError, match="daily_egress_budget"):
        agent.call("settings.set", daily_egress_budget=-1)
    with pytest.raises(UserInputError, match="no setting"):
        agent.call("settings.set", colour="blue")
    agent.call("settings.set", theme="dark")
    agent.kill()
    agent.start()

    assert agent.call("settings.get")["theme"] == "dark"


def test_hosting_a_hub_starts_it_once(agent: AgentProcess) -> None:
    """It is a process of its own and answers; a second call finds it."""
    first = agent.call("hub.host", name="Here")
    try:
        assert agent.call("hub.host", name="Here") == first
        about = agent.call("hub.about", hub_url=first["url"])
        assert (about["name"], about["first_account"]) == ("Here", True)
    finally:
        stop_hub_of(agent.home)


def stop_hub_of(home: Home) -> None:
    """End the hub that runs in this home, by its own id."""
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "hub" in line and str(home.root) in line:
            process.terminate()
            process.wait(20)


def test_changes_at_the_hub_are_heard(boss: AgentProcess) -> None:
    """What another one does arrives as an event, so that windows need not ask."""
    heard: list[tuple[str, dict[str, Any]]] = []
    with boss.events(lambda name, params: heard.append((name, params))):
        until(lambda: ("connected", {"connected": True}) in heard, "the stream")
        boss.call("groups.create", name="New")

        def is_heard() -> bool:
            return any(name == "changed" and p["what"] == "group" for name, p in heard)

        until(is_heard, json.dumps(heard, default=str))
