"""What keeps a hub from starting, in a sentence each; and where it listens."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent_core.cli.main import make_app
from agent_core.errors import ServiceError
from agent_core.hub import address
from agent_core.hub.main import _named, _secret
from agent_core.hub.settings import HubSettings


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--host", "0.0.0.0"], "input.host"),
        (["--database", "mysql://x/y"], "input.database"),
        (["--database", "no address"], "input.database"),
        (["--mqtt", "http://x"], "input"),
    ],
)
def test_what_cannot_start_says_so(options: list[str], code: str, tmp_path: Path) -> None:
    command = ["--home", str(tmp_path), "hub", "--json", "--port", "0", *options]
    ended = CliRunner().invoke(make_app(), command)
    problem = json.loads(ended.stdout)
    assert (ended.exit_code, problem["code"], bool(problem["next_step"])) == (2, code, True)


def test_an_absent_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILODESK_DATABASE", "postgresql://silodesk:hidden@127.0.0.1:1/x")
    command = ["--home", str(tmp_path), "hub", "--json", "--port", "0"]
    ended = CliRunner().invoke(make_app(), command)
    assert (ended.exit_code, json.loads(ended.stdout)["code"]) == (1, "service.database")
    assert "hidden" not in ended.output


def test_passwords_come_from_a_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"database": "mysql://user:secret@x/y"}))
    command = ["--home", str(tmp_path), "hub", "--json", "--services", str(file)]
    for mode, code in ((0o644, "input.services"), (0o600, "input.database")):
        file.chmod(mode)
        ended = CliRunner().invoke(make_app(), command)
        assert json.loads(ended.stdout)["code"] == code
        assert "secret" not in ended.output
    file.write_text('{"databse": "x"}')
    assert "input.services" in CliRunner().invoke(make_app(), command).stdout


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("")
    ended = CliRunner().invoke(make_app(), ["--home", str(home), "hub", "--json"])
    assert json.loads(ended.stdout)["code"] == "storage.home"


def test_the_port_is_kept_and_insisted_on(tmp_path: Path) -> None:
    with closing(address.listen(tmp_path, 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Port {port} cannot be used"):
            address.listen(tmp_path, 0)
    with closing(address.listen(tmp_path, None)) as again:
        assert again.getsockname()[1] == port
        assert again.getsockname()[0] == "127.0.0.1"


def test_another_port_may_be_named(tmp_path: Path) -> None:
    with closing(address.listen(tmp_path, 0)) as first, closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
        probe.close()
        with closing(address.listen(tmp_path, free)) as other:
            assert other.getsockname()[1] == free
            assert first.getsockname()[1] != free


def test_secret_and_name_are_kept(tmp_path: Path) -> None:
    first = _secret(tmp_path / "secret")
    assert _secret(tmp_path / "secret") == first
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert _named(HubSettings(), tmp_path / "name").name == "SiloDesk hub"
    assert _named(HubSettings(name="St. Anna"), tmp_path / "name").name == "St. Anna"
    assert _named(HubSettings(), tmp_path / "name").name == "St. Anna"
