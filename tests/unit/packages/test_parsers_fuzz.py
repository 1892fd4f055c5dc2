"""S12: whatever bytes come, the parsers answer with an error for people, or with a right value."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from helpers.package_folders import rewrite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.errors import PackageError, SiloDeskError
from agent_core.packages.archive import extract
from agent_core.packages.config import config_of
from agent_core.packages.content import FEDML_CONFIG, PYPROJECT
from agent_core.packages.engine import detect
from agent_core.packages.manifest import check_signature, digest_of, read_manifest, to_bytes
from agent_core.packages.names import fault
from agent_core.packages.requirements import FILES, Requirements
from agent_core.packages.risks import risks_in
from agent_core.packages.verify import verify
from agent_core.protocol.states import Role

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


class Held:
    """Content that holds one file."""

    def __init__(self, path: str, data: bytes) -> None:
        self._path, self._data = path, data

    def has(self, path: str) -> bool:
        return path == self._path

    def read(self, path: str, limit: int = 0) -> bytes:
        return self._data


def good_manifest() -> dict[str, Any]:
    raw: dict[str, Any] = {
        "format_version": 1,
        "name": "n",
        "type": "client",
        "engine": "script",
        "entries": {"client": {"entry": "fedml/a.py", "object_name": ""}},
        "python": ">=3.11",
        "requirements": [],
        "data": [],
        "outputs": [],
        "files": [{"path": "fedml/a.py", "size": 1, "sha256": "0" * 64}],
    }
    raw["content_digest"] = digest_of(raw)
    return raw


def test_s12_the_good_manifest_is_read() -> None:
    assert read_manifest(to_bytes(good_manifest()))[0].name == "n"


@FUZZ
@given(st.binary(max_size=300))
def test_s12_bytes_as_manifest_or_signature(data: bytes) -> None:
    with pytest.raises(PackageError):
        read_manifest(data)
    with pytest.raises(PackageError):
        check_signature(data, {})


@FUZZ
@given(st.sampled_from(sorted(good_manifest())), VALUES)
def test_s12_a_manifest_with_one_other_value(field: str, value: Any) -> None:
    raw = {**good_manifest(), field: value}
    try:
        data = json.dumps(raw, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    except (ValueError, UnicodeEncodeError):
        return
    try:
        manifest, _ = read_manifest(data)
    except PackageError:
        return
    assert raw == good_manifest() or manifest.content_digest == digest_of(raw)


@FUZZ
@given(st.binary(min_size=1, max_size=400))
def test_s12_bytes_as_archive(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(data)
        with pytest.raises(SiloDeskError):
            verify(path)


@FUZZ
@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_s12_a_foreign_package_with_bytes_overwritten(
    foreign: bytes, changes: list[tuple[int, bytes, bool]]
) -> None:
    """Half of the changes hit the list of entries, where headers lie."""
    data = bytearray(foreign)
    start = foreign.find(b"PK\1\2")
    for place, new, in_directory in changes:
        low = start if in_directory else 0
        at = low + place % (len(data) - low)
        data[at : at + len(new)] = new
    with tempfile.TemporaryDirectory() as folder:
        path, dest = Path(folder) / "x.zip", Path(folder) / "dest"
        path.write_bytes(data)
        try:
            extract(path, dest)
        except SiloDeskError:
            assert not dest.exists() or not any(dest.iterdir())
        inside = {p.name for p in Path(folder).iterdir()}
        assert inside <= {"x.zip", "dest"}


@pytest.fixture(scope="module")
def foreign() -> bytes:
    """Return a package as another tool makes it, small."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("client-package/", "")
        archive.writestr(
            "client-package/conf/fedml.yaml", "entry_config:\n  entry_file: fedml/a.py\n"
        )
        archive.writestr("client-package/fedml/a.py", "x = 1\n" * 50)
        archive.writestr("client-package/fedml/requirements.txt", "numpy==2.0\n")
    return held.getvalue()


@FUZZ
@given(st.text(max_size=60))
def test_s12_any_name_is_judged(name: str) -> None:
    if not fault(name):
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert not set(name) & set('<>:"|?*\\\0')


@FUZZ
@given(st.text(max_size=200))
def test_s12_any_text_as_config_requirements_or_code(text: str) -> None:
    data = text.encode("utf-8", "replace")
    for path in (PYPROJECT, FEDML_CONFIG):
        try:
            assert isinstance(config_of(Held(path, data)), dict)
        except PackageError:
            pass
    try:
        assert isinstance(Requirements(Held(FILES[0], data)).collect().found, list)
    except PackageError:
        pass
    try:
        assert detect(text, "a.py", Role.CLIENT)[0] in {"flower", "fedml", "script"}
    except PackageError:
        pass
    assert isinstance(risks_in(text, "a.py"), list)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x]\nb: &b [*a,*a]\n" + "".join(
            f"{chr(99 + n)}: &{chr(99 + n)} [{','.join(['*' + chr(98 + n)] * 9)}]\n"
            for n in range(9)
        ),
        "a: " + "{b: " * 200 + "1" + "}" * 200,
        "!!python/object/apply:os.system ['echo hi']",
        "a: !!python/name:os.system ",
        "\n".join(f"k{n}: 1" for n in range(6000)),
        "- a\n- b\n",
        "a: [",
    ],
)  # fmt: skip
def test_s12_config_bombs_and_tags_are_refused(text: str) -> None:
    with pytest.raises(PackageError):
        config_of(Held(FEDML_CONFIG, text.encode()))


@pytest.mark.parametrize("text", ["(" * 5000, "-" * 100_000 + "1", "x = \0", "a." * 50_000 + "b"])
def test_s12_code_that_breaks_parsers_is_marked_unreadable(text: str) -> None:
    found = risks_in(text, "a.py")
    assert [risk.kind for risk in found] in (["unreadable"], [])
    try:
        detect(text, "a.py", Role.CLIENT)
    except PackageError:
        pass


def test_s12_rewritten_entries_do_not_escape(small: Path, tmp_path: Path) -> None:
    path = rewrite(small, tmp_path / "x.zip", {"client-package/conf/silodesk.json": b"null"})
    with pytest.raises(PackageError):
        verify(path)
