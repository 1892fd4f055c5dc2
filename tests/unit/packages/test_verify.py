"""S1: whatever one bit is wrong, a package is refused; and what is right is said."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from helpers.package_folders import request_for, rewrite

from agent_core.errors import PackageError, SiloDeskError
from agent_core.keys import public_text
from agent_core.packages.builder import BuildResult, build
from agent_core.packages.manifest import digest_of, to_bytes
from agent_core.packages.verify import verify
from agent_core.protocol.signing import sign

MANIFEST = "client-package/conf/silodesk.json"
SIGNATURE = "client-package/conf/silodesk.sig"


def test_a_signed_package_is_what_it_says(built: BuildResult, key: Ed25519PrivateKey) -> None:
    found = verify(built.package_path)
    assert found.content_digest == built.content_digest
    assert found.zip_sha256 == built.zip_sha256
    assert found.size == built.size == built.package_path.stat().st_size
    assert found.signed
    assert found.builder_key == public_text(key)
    assert not found.made_elsewhere
    assert found.fingerprint == built.fingerprint
    assert len(found.fingerprint.split()) == 4


def test_an_unsigned_package_is_said_to_be_so(one_line: Path) -> None:
    found = verify(build(request_for(one_line, "client")).package_path)
    assert not found.signed
    assert found.builder_key == ""
    assert not found.made_elsewhere


def test_s1_every_single_flipped_bit_is_refused(small: Path) -> None:
    data = small.read_bytes()
    accepted = []
    handle = os.open(small, os.O_RDWR)
    try:
        for place, byte in enumerate(data):
            for bit in range(8):
                os.pwrite(handle, bytes([byte ^ (1 << bit)]), place)
                try:
                    verify(small)
                    accepted.append((place, bit))
                except PackageError:
                    pass
            os.pwrite(handle, bytes([byte]), place)
    finally:
        os.close(handle)
    assert accepted == []
    assert verify(small).signed  # and the untouched bytes pass


@pytest.mark.parametrize("count", [1, 7, 500])
def test_s1_cut_and_lengthened_packages_are_refused(small: Path, count: int) -> None:
    data = small.read_bytes()
    small.write_bytes(data[:-count])
    with pytest.raises(PackageError):
        verify(small)
    small.write_bytes(data + b"x" * count)
    with pytest.raises(PackageError):
        verify(small)
    small.write_bytes(b"x" * count + data)
    with pytest.raises(PackageError):
        verify(small)


def test_s1_a_signature_over_another_manifest_is_refused(small: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(small) as archive:
        raw = json.loads(archive.read(MANIFEST))
        signature = json.loads(archive.read(SIGNATURE))
    raw["requirements"] = ["evil"]
    raw["content_digest"] = digest_of(raw)
    forged = rewrite(small, tmp_path / "forged.zip", {MANIFEST: to_bytes(raw)})
    with pytest.raises(PackageError, match="signature"):
        verify(forged)
    stranger = Ed25519PrivateKey.generate()
    signature["signature"] = sign(stranger, raw)
    forged = rewrite(
        small, tmp_path / "forged2.zip", {MANIFEST: to_bytes(raw), SIGNATURE: to_bytes(signature)}
    )
    with pytest.raises(PackageError, match="signature"):
        verify(forged)


def test_s1_the_right_content_in_another_zip_is_refused(small: Path, tmp_path: Path) -> None:
    """Only the canonical bytes pass, so that nothing hides in a zip's metadata."""
    with pytest.raises(PackageError, match="differs from what its builder wrote"):
        verify(rewrite(small, tmp_path / "again.zip", {}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client-package/fedml/a.py": b"x = 2\n"}, "not what the manifest lists"),
        ({"client-package/fedml/b.py": b"x = 2\n"}, "not what the manifest lists"),
        ({"client-package/__init__.py": None}, "missing"),
        ({MANIFEST: None}, "manifest is gone"),
        ({MANIFEST: b"{}"}, "manifest"),
        ({MANIFEST: b"\xff"}, "not JSON"),
        ({MANIFEST: b"[" * 100_000}, "not JSON"),
        ({SIGNATURE: b"{}\n"}, "signature"),
    ],
)
def test_s1_content_that_the_manifest_does_not_list_is_refused(
    small: Path, tmp_path: Path, change: dict[str, bytes | None], said: str
) -> None:
    with pytest.raises(PackageError, match=said):
        verify(rewrite(small, tmp_path / "changed.zip", change))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("engine", "native"),
        ("type", "parrot"),
        ("entries", {}),
        ("entries", {"client": {"entry": "fedml/nowhere.py", "object_name": ""}}),
        ("files", "all"),
        ("format_version", 99),
        ("name", "x" * 5000),
    ],
)
def test_s1_manifests_of_another_shape_are_refused(
    small: Path, tmp_path: Path, field: str, value: object
) -> None:
    with zipfile.ZipFile(small) as archive:
        raw = json.loads(archive.read(MANIFEST))
    raw[field] = value
    if field != "files":
        raw["content_digest"] = digest_of(raw)
    changed = rewrite(small, tmp_path / "c.zip", {MANIFEST: to_bytes(raw), SIGNATURE: None})
    with pytest.raises(PackageError) as caught:
        verify(changed)
    assert caught.value.next_step


def test_a_package_of_another_tool_is_read_and_called_so(one_line: Path, tmp_path: Path) -> None:
    package = build(request_for(one_line, "server")).package_path
    root = "server-package/conf/silodesk"
    found = verify(rewrite(package, tmp_path / "x.zip", {f"{root}.json": None}))
    assert found.made_elsewhere
    assert not found.signed
    assert (found.type, found.engine) == ("server", "fedml")
    assert found.manifest.entry_for("server").entry == "fedml/torch_server.py"
    assert found.content_digest != "0" * 64


def test_s1_a_manifest_that_only_the_list_of_entries_lost_is_missed(
    one_line: Path, tmp_path: Path
) -> None:
    """What names a manifest anywhere and has none is damaged, not made elsewhere."""
    package = build(request_for(one_line, "client")).package_path
    path = rewrite(package, tmp_path / "x.zip", {MANIFEST: None})
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"conf/silodesk.json"
    with pytest.raises(PackageError, match="manifest is gone"):
        verify(path)


def test_a_zip_that_is_no_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photos/a.txt", "x")
    with pytest.raises(PackageError, match="no package"):
        verify(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100])
def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(PackageError, match="no intact package"):
        verify(path)


def test_a_missing_package_is_said(tmp_path: Path) -> None:
    with pytest.raises(SiloDeskError, match="No such file"):
        verify(tmp_path / "nix.zip")
    with pytest.raises(SiloDeskError, match="cannot be read"):
        verify(tmp_path)


def test_a_role_that_the_package_lacks_is_said(small: Path) -> None:
    with pytest.raises(PackageError, match="nothing for the role server"):
        verify(small).manifest.entry_for("server")
