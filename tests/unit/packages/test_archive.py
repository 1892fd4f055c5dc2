"""S3: archives that try something are refused, and nothing is written."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.package_folders import rewrite

from agent_core.errors import HostileArchiveError, PackageError, StorageError, UserInputError
from agent_core.packages import archive as archive_module
from agent_core.packages.archive import extract
from agent_core.packages.builder import BuildResult
from agent_core.packages.reader import Archive, open_archive

ROOT = "client-package"


def made(tmp_path: Path, write: Callable[[zipfile.ZipFile], None]) -> Path:
    """Return a package of another tool with something added."""
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{ROOT}/", "")
        archive.writestr(f"{ROOT}/conf/fedml.yaml", "entry_config:\n  entry_file: fedml/a.py\n")
        archive.writestr(f"{ROOT}/fedml/a.py", "x = 1\n")
        write(archive)
    return path


def refused(path: Path, tmp_path: Path, said: str) -> HostileArchiveError:
    dest = tmp_path / "dest" / "inner"
    with pytest.raises(HostileArchiveError, match=said) as caught:
        extract(path, dest)
    assert not dest.parent.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hostile.zip"]
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{ROOT}/../../evil.py", r"\.\."),
        ("../evil.py", r"\.\."),
        (f"{ROOT}/fedml/..", r"\.\."),
        ("/etc/evil", "absolute"),
        ("//server/share/x", "absolute"),
        ("C:/evil.py", "drive"),
        ("c:evil.py", "drive"),
        (f"{ROOT}/a:stream", "character"),
        (f"{ROOT}\\..\\evil.py", "backslash"),
        (f"{ROOT}/./x.py", "empty part"),
        (f"{ROOT}//x.py", "empty part"),
        (f"{ROOT}/con.py", "Windows reserves"),
        (f"{ROOT}/trailing.", "ends in a dot"),
        (f"{ROOT}/bell\x07.py", "character"),
        (f"{ROOT}/{'x' * 300}", "longer"),
        (f"{ROOT}/{'d/' * 250}x", "longer"),
        (f"{ROOT}/fedml/A.py", "only in case"),
        (f"{ROOT}/FEDML/b.py", "only in case"),
        (f"{ROOT}/fedml/a.py/b.py", "a file and a folder"),
    ],
)
def test_s3_hostile_names_are_refused(tmp_path: Path, name: str, said: str) -> None:
    refused(made(tmp_path, lambda archive: archive.writestr(name, "x")), tmp_path, said)


def test_s3_unicode_case_and_composition_collide(tmp_path: Path) -> None:
    def write(archive: zipfile.ZipFile) -> None:
        archive.writestr(f"{ROOT}/fedml/\u00e9.py", "x")
        archive.writestr(f"{ROOT}/fedml/e\u0301.py", "x")

    refused(made(tmp_path, write), tmp_path, "only in case")


def test_s3_a_name_cut_at_nul_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: archive.writestr(f"{ROOT}/b.pyQx", "x"))
    path.write_bytes(path.read_bytes().replace(b"b.pyQx", b"b.py\0x"))
    refused(path, tmp_path, "character")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_s3_duplicate_names_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: archive.writestr(f"{ROOT}/fedml/a.py", "y = 2\n"))
    refused(path, tmp_path, "there twice")


@pytest.mark.parametrize(
    ("kind", "said"),
    [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "no plain file"), (stat.S_IFCHR, "no plain file")],
)
def test_s3_links_and_devices_are_refused(tmp_path: Path, kind: int, said: str) -> None:
    info = zipfile.ZipInfo(f"{ROOT}/fedml/link")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    path = made(tmp_path, lambda archive: archive.writestr(info, "/etc/passwd"))
    refused(path, tmp_path, said)


def test_s3_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: archive.writestr(f"{ROOT}/zeros", bytes(30_000_000)))
    refused(path, tmp_path, "over 200 times")


def test_s3_more_than_two_gib_is_refused_by_the_claim(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: archive.writestr(f"{ROOT}/big", b"x" * 4000))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 4000), struct.pack("<I", 2**31 + 1)))
    refused(path, tmp_path, "2 GiB")


def test_s3_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The claim is small; what comes out is cut there and does not match its CRC."""
    path = made(tmp_path, lambda archive: archive.writestr(f"{ROOT}/zeros", bytes(3_000_000)))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 1000)))
    with pytest.raises(PackageError, match="CRC"):
        extract(path, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_s3_streamed_bytes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even were a claim to pass, the count while reading does not."""
    path = made(tmp_path, lambda archive: archive.writestr(f"{ROOT}/zeros", bytes(3_000_000)))
    monkeypatch.setattr(Archive, "_check_sums", lambda self, infos: None)
    refused(path, tmp_path, "more than it says")


def test_s3_twenty_thousand_and_one_entries_are_refused(tmp_path: Path) -> None:
    def write(archive: zipfile.ZipFile) -> None:
        for number in range(20_001 - 3):
            archive.writestr(f"{ROOT}/{number}", "")

    refused(made(tmp_path, write), tmp_path, "more than 20000 entries")


def test_s3_zip64_counts_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: None)
    data = bytearray(path.read_bytes())
    data[-12:-10] = b"\xff\xff"  # the total number of entries
    path.write_bytes(data)
    refused(path, tmp_path, "more than 20000 entries")


def test_s3_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: None)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    path.write_bytes(data)
    refused(path, tmp_path, "encrypted")


def test_s3_an_unusual_method_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo(f"{ROOT}/fedml/b.py")
    path = made(
        tmp_path, lambda archive: archive.writestr(info, "x" * 100, compress_type=zipfile.ZIP_LZMA)
    )
    refused(path, tmp_path, "unusual way")


def test_s3_a_hash_that_does_not_match_is_refused(built: BuildResult, tmp_path: Path) -> None:
    changed = rewrite(
        built.package_path, tmp_path / "c.zip", {f"{ROOT}/fedml/torch_client.py": b"evil = 1\n"}
    )
    with pytest.raises(PackageError, match="not what the manifest lists"):
        extract(changed, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_files_in_two_folders_are_no_package(tmp_path: Path) -> None:
    path = made(tmp_path, lambda archive: archive.writestr("other/x", "x"))
    with pytest.raises(PackageError, match="one folder"):
        extract(path, tmp_path / "dest")


def test_extract_makes_dest_the_package_root(built: BuildResult, tmp_path: Path) -> None:
    dest = tmp_path / "job" / "package"
    manifest = extract(built.package_path, dest, content_digest=built.content_digest)
    assert manifest == built.manifest
    assert (dest / "fedml" / "torch_client.py").read_text().startswith("import fedml")
    assert (dest / "conf" / "fedml.yaml").stat().st_size == 624
    files = {p.relative_to(dest).as_posix() for p in dest.rglob("*") if p.is_file()}
    assert {f.path for f in manifest.files} == {f for f in files if "silodesk" not in f}


def test_extract_fills_a_folder_in_place(built: BuildResult, tmp_path: Path) -> None:
    """A sandbox may show the folder already, so it must stay the same one."""
    dest = tmp_path / "package"
    dest.mkdir()
    before = dest.stat().st_ino
    (dest / "half").write_text("of an earlier try")
    with pytest.raises(UserInputError, match="not empty"):
        extract(built.package_path, dest)
    extract(built.package_path, dest, replace=True)
    assert dest.stat().st_ino == before
    assert not (dest / "half").exists()


def test_extract_refuses_other_content_than_asked_for(built: BuildResult, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="asked for"):
        extract(built.package_path, tmp_path / "dest", content_digest="0" * 64)
    assert not (tmp_path / "dest").exists()


def test_extract_on_a_full_disk_leaves_nothing(
    built: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = archive_module._write
    written = []

    def full(archive: object, entry: object, target: Path) -> None:
        written.append(target)
        if len(written) > 3:
            raise OSError(28, "No space left on device")
        real(archive, entry, target)  # type: ignore[arg-type]

    monkeypatch.setattr(archive_module, "_write", full)
    with pytest.raises(StorageError, match="No space left"):
        extract(built.package_path, tmp_path / "dest")
    assert list((tmp_path / "dest").iterdir()) == []


def test_a_file_that_is_not_there_is_said(built: BuildResult) -> None:
    with open_archive(built.package_path) as archive, pytest.raises(PackageError, match=r"no file"):
        archive.read("fedml/nix.py")
    with open_archive(built.package_path) as archive, pytest.raises(PackageError, match="larger"):
        archive.read("conf/fedml.yaml", limit=10)
