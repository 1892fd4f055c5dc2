"""The build wizard: from a folder to a package, without losing what was typed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent_core.errors import UnreachableError
from agent_core.packages.verify import verify
from agent_core.packages.wizard import Fields
from app.pages.build import source_step
from app.pages.build.page import BuildPage
from app.pages.build.preview_looks import LeftOutDialog, LineDialog
from app.pages.build.upload_dialog import UploadDialog
from app.widgets.buttons import Button


@pytest.fixture
def one_line(root: Path) -> Path:
    for name in ("client", "server"):
        (root / name).mkdir()
        (root / name / f"torch_{name}.py").write_text("print('hello')\n")
    (root / "client" / ".env").write_text("TOKEN=1\n")
    (root / "config").mkdir()
    (root / "config" / "fedml_config.yaml").write_text("train_args:\n  comm_round: 5\n")
    return root


@pytest.fixture
def agent(make_agent):
    return make_agent("working")


@pytest.fixture
def page(agent, make_window) -> BuildPage:
    window = make_window(agent.home).window
    window.navigate("build")
    return window.pages["build"]


def choose(page: BuildPage, one_line: Path, qtbot) -> None:
    page.source.source.set(str(one_line / "client"))
    page.source.source.left.emit()
    qtbot.waitUntil(lambda: bool(page.source.dest.value()), timeout=5000)
    qtbot.waitUntil(lambda: page.source.config.level == "ok", timeout=5000)
    # The config itself is read by a task of its own, which may end after the field's check.
    qtbot.waitUntil(lambda: "comm_round: 5" in page.source.code.toPlainText(), timeout=5000)


def preview(page: BuildPage, one_line: Path, qtbot) -> None:
    choose(page, one_line, qtbot)
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 1, timeout=10_000)


def built(page: BuildPage, one_line: Path, qtbot) -> None:
    preview(page, one_line, qtbot)
    page.sign.setChecked(False)
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 2, timeout=10_000)


def test_a_folder_fills_in_what_follows_from_it(page: BuildPage, one_line: Path, qtbot) -> None:
    choose(page, one_line, qtbot)
    assert page.source.entry.value() == "torch_client.py"
    assert page.source.config.value() == str(one_line / "config")
    assert page.source.dest.value() == str(one_line / "mlops")
    assert page.source.source.level == "ok"
    assert "comm_round: 5" in page.source.code.toPlainText()
    command = page.source.command.plain()
    assert command.startswith(f"silodesk build -t client -sf {one_line / 'client'}")
    assert "-ep torch_client.py" in command


def test_a_field_is_judged_when_it_is_left(page: BuildPage, one_line: Path, qtbot) -> None:
    page.source.source.set(str(one_line / "nowhere"))
    page.source.source.left.emit()
    qtbot.waitUntil(lambda: bool(page.source.source.message), timeout=5000)
    assert "nowhere" in page.source.source.message


def test_an_empty_form_stays_and_names_its_first_gap(page: BuildPage, qtbot) -> None:
    page.next.click()
    qtbot.waitUntil(lambda: bool(page.source.source.message), timeout=5000)
    assert page.step() == 0
    assert page.next.isEnabled()


def test_a_flower_app_needs_no_entry_and_no_config(page: BuildPage, root: Path, qtbot) -> None:
    app = root / "app"
    app.mkdir()
    (app / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    page.source.source.set(str(app))
    page.source.source.left.emit()
    qtbot.waitUntil(lambda: page.source.kind.current() == "flower", timeout=5000)
    assert page.source.entry.isHidden()
    assert page.source.config.isHidden()
    assert "-t flower" in page.source.command.plain()


def test_the_preview_shows_what_goes_in_and_what_stays_out(page, one_line, qtbot) -> None:
    preview(page, one_line, qtbot)
    assert "client-package/fedml/torch_client.py" in page.preview.files._files
    assert not any(".env" in path for path in page.preview.files._files)
    assert page.preview.left_out.count() == 1
    assert page.preview.tags[0].text.endswith("pass")
    assert len(page.preview.figures[2].plain().split()) == 4


def test_a_check_shows_its_line_and_all_that_stays_out_can_be_read(page, one_line, qtbot) -> None:
    """Show opens the file at the line; what the card cuts stands in a list to search in."""
    lines = ["x = 1"] * 40 + ["import pickle", "pickle.loads(b'')"]
    (one_line / "client" / "torch_client.py").write_text("\n".join(lines))
    for number in range(12):
        folder = one_line / "client" / f"part{number}"
        folder.mkdir()
        (folder / ".env").write_text("TOKEN=1\n")
    preview(page, one_line, qtbot)
    assert page.preview.left_out.count() == 9
    page.preview.more.click()
    (shown,) = page.window().findChildren(LeftOutDialog)
    assert len(shown.rows.rows) == 13
    shown.search.setText("part11")
    assert [row.path for row in shown.rows.rows] == ["part11/.env"]
    shown.accept()

    show = next(one for one in page.preview.findChildren(Button) if one.text() == "Show")
    show.click()
    (line,) = page.window().findChildren(LineDialog)
    assert line.code.textCursor().selectedText() == "import pickle"
    line.accept()


def test_back_keeps_the_form(page: BuildPage, one_line: Path, qtbot) -> None:
    preview(page, one_line, qtbot)
    page.back.click()
    assert page.step() == 0
    assert page.source.entry.value() == "torch_client.py"


def test_the_package_on_disk_is_the_one_that_is_shown(page, one_line, qtbot) -> None:
    built(page, one_line, qtbot)
    shown = page.result.result
    assert shown is not None
    assert shown.package_path == one_line / "mlops" / "dist-packages" / "client-package.zip"
    assert verify(shown.package_path).manifest.content_digest == shown.content_digest
    assert page.result.title.plain() == "client-package.zip is ready"
    assert page.result.words.count() == 4
    assert "silodesk build" in page.result.log.toPlainText()


def test_a_key_that_cannot_be_read_is_told_and_unsigned_is_offered(
    page, one_line, qtbot, agent, monkeypatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    preview(page, one_line, qtbot)
    page.next.click()
    toasts = page.window().toasts
    qtbot.waitUntil(lambda: bool(toasts.toasts) or page.step() == 2, timeout=15_000)
    assert page.step() == 1
    assert "unsigned" in toasts.toasts[0].accessibleName()
    assert page.next.isEnabled()


def test_it_signs_with_the_key_in_the_homes_file(page, one_line, qtbot, agent) -> None:
    agent.home.credentials.write_text("{}")
    agent.home.credentials.chmod(0o600)
    preview(page, one_line, qtbot)
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 2, timeout=10_000)
    assert page.result.result is not None
    assert page.result.result.signed


def test_the_other_half_is_one_press_away(page: BuildPage, one_line: Path, qtbot) -> None:
    built(page, one_line, qtbot)
    page.result.other.button.click()
    assert page.step() == 0
    assert page.source.kind.current() == "server"
    assert page.source.source.value() == str(one_line / "server")
    qtbot.waitUntil(lambda: page.source.entry.value() == "torch_server.py", timeout=5000)


def test_cancel_ends_the_reading_of_a_folder(page: BuildPage, one_line, qtbot, monkeypatch) -> None:
    """What is read while the cancel is pressed changes nothing any more."""
    choose(page, one_line, qtbot)
    go, gone = threading.Event(), threading.Event()
    learn = source_step._learn

    def slow(fields: Fields) -> object:
        go.wait(5)
        gone.set()
        return learn(fields)

    monkeypatch.setattr(source_step, "_learn", slow)
    page.next.click()
    assert page.progress.plain() == "Reading the folder …"
    page.cancel.click()
    assert page.next.isEnabled()
    assert not page.progress.plain()
    go.set()
    qtbot.waitUntil(gone.is_set, timeout=5000)
    monkeypatch.undo()
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 1, timeout=10_000)
    page.back.click()
    page.cancel.click()  # nothing goes on: it must not end what comes later
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 1, timeout=10_000)


def test_an_upload_is_cancelled(page: BuildPage, one_line: Path, agent, qtbot) -> None:
    """Its dialog closes, the agent is told to stop, and no application is made."""
    built(page, one_line, qtbot)
    page.result.result.package_path.with_name("server-package.zip").write_bytes(b"x")
    page.result.upload.button.click()
    dialog = page.window().findChild(UploadDialog)
    qtbot.waitUntil(lambda: dialog.group.key() == 7, timeout=5000)
    go, asked = threading.Event(), threading.Event()
    uploaded = agent.answers.packages_upload

    def upload(params: dict) -> object:
        asked.set()
        go.wait(5)
        return uploaded(params["path"])

    agent.answer("packages.upload", upload)
    dialog.send.click()
    qtbot.waitUntil(asked.is_set, timeout=5000)
    path = page.result.result.package_path
    dialog._take_progress({"task": "upload /another.zip", "text": "x", "done": 1, "total": 2})
    assert not dialog.bar.isVisible()
    dialog._take_progress({"task": f"upload {path}", "text": "x", "done": 1, "total": 2})
    assert dialog.bar.isVisible()
    with qtbot.waitSignal(dialog.destroyed, timeout=5000):
        dialog.cancel.click()
    go.set()
    qtbot.waitUntil(lambda: len(agent.called("packages.stop_upload")) == 2, timeout=5000)
    assert len(agent.called("packages.upload")) == 1
    assert not agent.called("applications.create")


def test_uploading_needs_the_other_half(page: BuildPage, one_line: Path, agent, qtbot) -> None:
    built(page, one_line, qtbot)
    page.result.upload.button.click()
    dialog = page.window().findChild(UploadDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.group.key() == 7, timeout=5000)
    dialog.send.click()
    assert "server package" in dialog.partner.message
    partner = page.result.result.package_path.with_name("server-package.zip")
    partner.write_bytes(b"x")
    dialog.partner.set(str(partner))
    dialog.send.click()
    qtbot.waitUntil(lambda: bool(agent.called("applications.create")), timeout=5000)
    sent = agent.called("applications.create")[0]
    assert (sent["group_id"], len(sent["packages"])) == (7, 2)
    paths = [Path(call["path"]).name for call in agent.called("packages.upload")]
    assert paths == ["client-package.zip", "server-package.zip"]


def test_an_upload_that_fails_can_be_tried_again(page, one_line, agent, qtbot) -> None:
    agent.errors["packages.upload"] = UnreachableError("The hub is away.", next_step="Wait.")
    built(page, one_line, qtbot)
    page.result.result.package_path.with_name("server-package.zip").write_bytes(b"x")
    page.result.upload.button.click()
    dialog = page.window().findChild(UploadDialog)
    qtbot.waitUntil(lambda: dialog.group.key() == 7, timeout=5000)
    dialog.send.click()
    qtbot.waitUntil(lambda: bool(dialog.problem.plain()), timeout=5000)
    assert "The hub is away. Wait." in dialog.problem.plain()
    assert dialog.send.isEnabled()
