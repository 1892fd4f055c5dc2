"""Building: FedML's layout to the byte, determinism, what stays out, errors with a remedy."""

from __future__ import annotations

import os
import shutil
import socket
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from helpers.package_folders import make_one_line, request_for

from agent_core.errors import PackageError, SiloDeskError, StorageError, UserInputError
from agent_core.packages import collect
from agent_core.packages.builder import BuildRequest, BuildResult, build, plan
from agent_core.packages.fedml_yaml import fedml_yaml
from agent_core.packages.verify import verify

# What `fedml build` of 0.9.6 lists for the same folder, with the sizes of what it generates.
GOLDEN = {
    "client-package/": 0,
    "client-package/conf/": 0,
    "client-package/fedml/": 0,
    "client-package/__init__.py": 0,
    "client-package/fedml/config/": 0,
    "client-package/fedml/__init__.py": 0,
    "client-package/fedml/torch_client.py": None,
    "client-package/fedml/config/gpu_mapping.yaml": None,
    "client-package/fedml/config/bootstrap.sh": None,
    "client-package/fedml/config/bootstrap.bat": None,
    "client-package/fedml/config/fedml_config.yaml": None,
    "client-package/conf/__init__.py": 0,
    "client-package/conf/fedml.yaml": 624,
}
OURS = {"client-package/conf/silodesk.json", "client-package/conf/silodesk.sig"}


def names_in(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: info.file_size for info in archive.infolist()}


def test_listing_is_fedmls(built: BuildResult) -> None:
    found = names_in(built.package_path)
    assert set(found) - OURS == set(GOLDEN)
    assert set(found) - set(GOLDEN) == OURS
    for name, size in GOLDEN.items():
        assert size is None or found[name] == size
    assert next(iter(found)) == "client-package/"


def test_server_listing_has_fedmls_sizes(one_line: Path) -> None:
    found = names_in(build(request_for(one_line, "server")).package_path)
    assert set(found) == {name.replace("client", "server") for name in GOLDEN} | {
        "server-package/conf/silodesk.json"
    }
    assert found["server-package/conf/fedml.yaml"] == 603


def test_fedml_yaml_is_exact() -> None:
    text = fedml_yaml("torch_client.py", is_server=False).decode()
    assert text.startswith("entry_config: \n  entry_file: fedml/torch_client.py\n")
    assert "  rank: ${FEDSYS.CLIENT_INDEX}\n" in text
    assert "  rank: 0\n" in fedml_yaml("a.py", is_server=True).decode()
    assert text.endswith("  client_num_in_total: ${FEDSYS.CLIENT_NUM}\n")


def test_config_is_copied_byte_for_byte(one_line: Path, built: BuildResult) -> None:
    with zipfile.ZipFile(built.package_path) as archive:
        for path in (one_line / "config").iterdir():
            assert archive.read(f"client-package/fedml/config/{path.name}") == path.read_bytes()


def test_two_builds_are_the_same_file(
    built: BuildResult, tmp_path: Path, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_one_line(tmp_path / "another place")
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (other / "client" / "torch_client.py").chmod(0o755)
    monkeypatch.chdir(other)
    request = BuildRequest(
        type="client",
        source_folder=Path("client"),
        entry_point="./torch_client.py",
        config_folder=Path("config/"),
        dest_folder=Path("out"),
        key=key,
    )
    again = build(request)
    assert again.package_path.read_bytes() == built.package_path.read_bytes()
    assert again.zip_sha256 == built.zip_sha256
    assert again.fingerprint == built.fingerprint


def test_known_content_has_a_known_digest(small: Path) -> None:
    """Another computer or release must not give the same files another digest or zip."""
    found = verify(small)
    assert found.content_digest == (
        "0e6257d8b4ba803157bae859e7178ae3ef8b0e359837041d4e9f78ac0f46f053"
    )
    assert found.zip_sha256 == "05a12fc098477a586a74fe94d5e8ec54f56ab27b655409b9faa87f61e6fe167e"


def test_one_changed_byte_changes_the_digest(
    one_line: Path, built: BuildResult, key: Ed25519PrivateKey
) -> None:
    (one_line / "client" / "torch_client.py").write_text("import fedml\nfedml.run_cross_silo_a()\n")
    again = build(request_for(one_line, "client", key))
    assert again.content_digest != built.content_digest
    assert again.fingerprint != built.fingerprint


def test_declarations_are_part_of_the_digest(one_line: Path, built: BuildResult) -> None:
    """An approval of the same files under another engine would be another approval."""
    other = build(replace(request_for(one_line, "client"), engine="script"))
    assert other.manifest.files == built.manifest.files
    assert other.content_digest != built.content_digest


def test_flower_app_is_one_package_with_both_roles(flower_app: Path, tmp_path: Path) -> None:
    result = build(BuildRequest(type="flower", source_folder=flower_app, dest_folder=tmp_path))
    assert result.package_path == tmp_path / "dist-packages" / "flower-package.zip"
    manifest = result.manifest
    assert (manifest.name, manifest.engine, manifest.python) == ("quickstart", "flower", ">=3.10")
    client = manifest.entry_for("client")
    assert (client.entry, client.object_name) == ("fedml/quickstart/client_app.py", "app")
    assert manifest.entry_for("server").entry == "fedml/quickstart/server_app.py"
    assert manifest.requirements == ["torch==2.13.0", "numpy"]
    assert manifest.data == ["wdbc.csv"]
    assert manifest.outputs == ["model"]
    assert any("flwr" in note for note in result.notes)
    assert "flower-package/fedml/pyproject.toml" in names_in(result.package_path)


def fill(source: Path, name: str, content: str = "x") -> None:
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_what_stays_out_is_said_with_its_reason(one_line: Path) -> None:
    source = one_line / "client"
    for name in (
        ".git/HEAD", "__pycache__/a.pyc", "b.pyc", "env/pyvenv.cfg", ".venv/x", "dist-packages/x",
        "k.pem", ".env", "id_rsa", "notes.txt", "data/a.csv", "mine/keep.txt",
    ):  # fmt: skip
        fill(source, name)
    fill(source, "id_mapping.py", "x = 1\n")
    fill(source, "hidden", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
    fill(source, ".gitignore", "*.txt\n/data/\n")
    fill(source, "mine/.gitignore", "!keep.txt\n")
    planned = plan(request_for(one_line, "client", ignore="*.tmp, gpu_*"))
    reasons = {item.path: item.reason for item in planned.left_out}
    assert reasons == {
        ".git": "version history",
        "__pycache__": "compiled Python",
        "b.pyc": "compiled Python",
        "env": "virtual environment",
        ".venv": "virtual environment",
        "dist-packages": "an earlier build",
        "k.pem": "looks like a secret",
        ".env": "looks like a secret",
        "id_rsa": "looks like a secret",
        "hidden": "looks like a secret",
        "notes.txt": "ignored by .gitignore",
        "data": "ignored by .gitignore",
        "config/gpu_mapping.yaml": "ignored by the pattern gpu_*",
    }
    assert "fedml/id_mapping.py" in planned.collected.files
    assert "fedml/mine/keep.txt" in planned.collected.files


def test_fedmls_broker_access_stays_out(one_line: Path) -> None:
    fill(one_line / "config", "mqtt_config.yaml", "pwd: secret")
    fill(one_line / "config", "s3_config.yaml", "key: secret")
    result = build(request_for(one_line, "client"))
    assert not any("mqtt" in name or "s3_" in name for name in names_in(result.package_path))
    assert ("config/s3_config.yaml", "FedML's broker access") in [
        item[:2] for item in result.left_out
    ]


def test_config_folder_replaces_the_sources_own(one_line: Path) -> None:
    fill(one_line / "client", "config/other.yaml")
    fill(one_line / "client", "config/fedml_config.yaml", "old: 1")
    result = build(request_for(one_line, "client"))
    names = names_in(result.package_path)
    assert "client-package/fedml/config/other.yaml" not in names
    with zipfile.ZipFile(result.package_path) as archive:
        packed = archive.read("client-package/fedml/config/fedml_config.yaml")
    assert packed == (one_line / "config" / "fedml_config.yaml").read_bytes()


def test_config_inside_the_source_is_kept(one_line: Path) -> None:
    shutil.move(one_line / "config", one_line / "client" / "config")
    request = replace(request_for(one_line, "client"), config_folder=one_line / "client" / "config")
    assert set(names_in(build(request).package_path)) == (set(GOLDEN) | OURS) - {
        "client-package/conf/silodesk.sig"
    }


def test_links_and_sockets_do_not_leak(
    one_line: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    source = one_line / "client"
    monkeypatch.chdir(source)  # socket paths are short
    (source / "outside").symlink_to(secret)
    (source / "inside.py").symlink_to(source / "torch_client.py")
    (source / "folder").symlink_to(tmp_path)
    (source / "loop").symlink_to(source / "loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        planned = plan(request_for(one_line, "client"))
    reasons = {item.path: item.reason for item in planned.left_out}
    assert reasons["outside"] == reasons["folder"] == "a link out of the folder"
    assert reasons["loop"] == "a link to nothing"
    assert reasons["sock"] == "no plain file"
    assert "fedml/inside.py" in planned.collected.files


def test_names_that_cannot_stand_on_every_system_are_refused(one_line: Path) -> None:
    fill(one_line / "client", "Data.py")
    fill(one_line / "client", "data.py")
    with pytest.raises(PackageError, match="only in case"):
        build(request_for(one_line, "client"))


def test_a_folder_that_is_too_large_says_what_to_leave_out(
    one_line: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "COUNT_LIMIT", 3)
    with pytest.raises(PackageError, match="more than 3 files") as caught:
        build(request_for(one_line, "client"))
    assert "-ig" in caught.value.next_step
    monkeypatch.setattr(collect, "COUNT_LIMIT", 100)
    monkeypatch.setattr(collect, "SIZE_LIMIT", 50)
    with pytest.raises(PackageError, match="larger than"):
        build(request_for(one_line, "client"))


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"type": "parrot"}, "input.type", "client or server"),
        ({"engine": "jax"}, "input.engine", "jax"),
        ({"source_folder": Path("/nowhere")}, "input.source", "/nowhere"),
        ({"entry_point": ""}, "input.entry", "No entry"),
        ({"entry_point": "./"}, "input.entry", "No entry"),
        ({"entry_point": "nix.py"}, "input.entry", "nix.py"),
        ({"entry_point": "../server/torch_server.py"}, "input.entry", "not in the source"),
        ({"config_folder": Path("/nowhere")}, "input.config", "/nowhere"),
        ({"ignore": "torch*"}, "package.entry", "ignored by the pattern torch*"),
    ],
)
def test_errors_name_the_path_and_the_remedy(
    one_line: Path, change: dict[str, object], code: str, said: str
) -> None:
    request = replace(request_for(one_line, "client"), **change)  # type: ignore[arg-type]
    with pytest.raises(SiloDeskError) as caught:
        build(request)
    assert isinstance(caught.value, UserInputError | PackageError)
    assert caught.value.code == code
    assert said in caught.value.sentence
    assert caught.value.next_step
    assert not (one_line / "mlops").exists()


def test_a_destination_that_cannot_be_written_is_said(one_line: Path) -> None:
    (one_line / "mlops").write_text("a file")
    with pytest.raises(StorageError, match="mlops"):
        build(request_for(one_line, "client"))


def test_a_failed_build_leaves_the_old_package(
    one_line: Path, built: BuildResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.package_path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    (one_line / "client" / "more.py").write_text("x = 1\n")
    with pytest.raises(StorageError, match="No space left"):
        build(request_for(one_line, "client"))
    assert built.package_path.read_bytes() == before
    assert [path.name for path in built.package_path.parent.iterdir()] == ["client-package.zip"]


def packed(result: BuildResult) -> set[str]:
    return {file.path.removeprefix("fedml/") for file in result.manifest.files}


def test_a_flower_app_ships_the_files_that_flower_ships(flower_app: Path, tmp_path: Path) -> None:
    """Data that lies beside the code of an app stays at home, as with `flwr run`."""
    for name in ("data/train.csv", "weights.pt", "conf.yaml", "vocab.txt", ".flwr/x.py"):
        fill(flower_app, name)
    request = BuildRequest(type="flower", source_folder=flower_app, dest_folder=tmp_path)
    result = build(request)
    assert packed(result) >= {"conf.yaml", "pyproject.toml", "quickstart/client_app.py"}
    assert not packed(result) & {"data/train.csv", "weights.pt", "vocab.txt", ".flwr/x.py"}
    reasons = {item.path: item.reason for item in result.left_out}
    assert "fab-include" in reasons["data/train.csv"]


def test_a_flower_app_may_name_its_files(flower_app: Path, tmp_path: Path) -> None:
    for name in ("vocab.txt", "quickstart/draft.py", "other.py"):
        fill(flower_app, name)
    path = flower_app / "pyproject.toml"
    lists = 'fab-include = ["quickstart/**", "vocab.txt"]\nfab-exclude = ["draft.py"]\n'
    path.write_text(path.read_text().replace('publisher = "lab"\n', lists))
    result = build(BuildRequest(type="flower", source_folder=flower_app, dest_folder=tmp_path))
    assert packed(result) >= {"vocab.txt", "pyproject.toml", "quickstart/client_app.py"}
    assert not packed(result) & {"quickstart/draft.py", "other.py"}
    assert {item.path: item.reason for item in result.left_out} == {
        "quickstart/draft.py": "ignored by fab-exclude",
        "other.py": "not named in fab-include",
    }


def test_many_files_that_stay_out_are_one_line(one_line: Path) -> None:
    for number in range(30):
        fill(one_line / "client", f"logs/{number}.log")
    planned = plan(request_for(one_line, "client", ignore="*.log"))
    assert planned.left_out == [
        ("logs (30 files)", "ignored by the pattern *.log", 30),
    ]
