"""The build wizard from a folder to an application at a real hub."""

from __future__ import annotations

import shutil
from pathlib import Path

from agent_core.rehearsal.packing import samples
from app.pages.build.upload_dialog import UploadDialog

BOUND_MS = 120_000


def test_a_folder_becomes_a_signed_package_and_an_application(
    federation, make_window, qtbot, tmp_path: Path
) -> None:
    folder = tmp_path / "app"
    shutil.copytree(samples()["breast-cancer"].folder, folder)
    (folder / ".env").write_text("PASSWORD=secret")
    window = make_window(federation.coordinator.home).window
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)
    window.navigate("build", source=str(folder))
    page = window.page()
    qtbot.waitUntil(lambda: page.source.kind.current() == "flower", timeout=BOUND_MS)
    qtbot.waitUntil(lambda: bool(page.source.dest.value()), timeout=BOUND_MS)
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 1, timeout=BOUND_MS)
    assert page.preview.left_out.count()
    qtbot.waitUntil(lambda: page.preview.states().get("resolve") == "pass", timeout=BOUND_MS)
    assert page.preview.states()["imports"] == "pass"
    assert page.preview.states()["start"] == "pass"
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 2, timeout=BOUND_MS)
    result = page.result.result
    assert result.signed
    page.result.upload.button.click()
    dialog = window.findChild(UploadDialog)
    qtbot.waitUntil(lambda: dialog.group.key() == federation.group_id, timeout=BOUND_MS)
    dialog.name.set("From the window")
    dialog.send.click()

    def names() -> list[str]:
        found = federation.coordinator.client.call("applications.list")["items"]
        return [one["name"] for one in found]

    qtbot.waitUntil(lambda: "From the window" in names(), timeout=BOUND_MS)


def test_a_client_and_a_server_are_built_one_after_the_other_and_uploaded(
    federation, make_window, qtbot, tmp_path: Path
) -> None:
    """The wizard takes the person from the one half to the other; both become one application."""
    for half in ("client", "server"):
        (tmp_path / half).mkdir()
        (tmp_path / half / f"torch_{half}.py").write_text("print('hello')\n")
    (tmp_path / "config").mkdir()
    config = tmp_path / "config" / "fedml_config.yaml"
    config.write_text("train_args:\n  comm_round: 2\n  seed: null\n")
    window = make_window(federation.coordinator.home).window
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)
    window.navigate("build", source=str(tmp_path / "client"))
    page = window.page()
    qtbot.waitUntil(lambda: page.source.entry.value() == "torch_client.py", timeout=BOUND_MS)

    def build() -> None:
        qtbot.waitUntil(lambda: page.source.config.level == "ok", timeout=BOUND_MS)
        page.next.click()
        qtbot.waitUntil(lambda: page.step() == 1, timeout=BOUND_MS)
        page.next.click()
        qtbot.waitUntil(lambda: page.step() == 2, timeout=BOUND_MS)

    build()
    assert page.result.result.manifest.type == "client"
    page.result.other.button.click()
    qtbot.waitUntil(lambda: page.source.entry.value() == "torch_server.py", timeout=BOUND_MS)
    build()
    assert page.result.result.manifest.type == "server"
    page.result.upload.button.click()
    dialog = window.findChild(UploadDialog)
    qtbot.waitUntil(lambda: dialog.group.key() == federation.group_id, timeout=BOUND_MS)
    assert dialog.partner.value().endswith("client-package.zip")
    dialog.name.set("A pair from the window")
    dialog.send.click()

    def made() -> list[dict]:
        found = federation.coordinator.client.call("applications.list")["items"]
        return [one for one in found if one["name"] == "A pair from the window"]

    qtbot.waitUntil(lambda: bool(made()), timeout=BOUND_MS)
    assert [one["type"] for one in made()[0]["packages"]] == ["client", "server"]
