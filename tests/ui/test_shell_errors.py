"""Each error that a person meets is shown where it happens, with its cause and the next step.

The errors are made by the parts that make them in service, wherever they run on their own.
"""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.fake_agent import FakeAgent
from PySide6.QtWidgets import QWidget

from agent_core.errors import SiloDeskError
from agent_core.hub import uploads
from agent_core.hub.address import listen
from agent_core.hub.settings import HubSettings
from agent_core.jobs import installer, outcome, runtime
from agent_core.packages import build_input
from app.pages.build.upload_dialog import UploadDialog
from app.widgets.labels import Label

BOUND_MS = 15_000
AWAY = (
    "The hub's message broker does not answer. The connection to the broker broke (timeout).",
    "It is tried again by itself;",
)


def raised(work: Callable[[], object]) -> SiloDeskError:
    """Return the error that a part of the agent or the hub raises."""
    with pytest.raises(SiloDeskError) as caught:
        work()
    return caught.value


def port_taken(root: Path) -> SiloDeskError:
    """Return what a hub says whose port another program has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        return raised(lambda: listen(root, other.getsockname()[1]))


def no_disk(root: Path) -> SiloDeskError:
    """Return what is said where a runtime finds no room."""
    return raised(lambda: runtime._room(root / "runtime", shutil.disk_usage(root).total * 2))


def disk_full_meanwhile(_: Path) -> SiloDeskError:
    """Return what is said where pip ran out of room."""
    return installer._failure("OSError: [Errno 28] No space left on device", "It stopped")


def no_python(root: Path) -> SiloDeskError:
    """Return what is said where no interpreter is new enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installer, "OLDEST", (99, 0))
        return raised(installer.find_python)


def not_installable(_: Path) -> SiloDeskError:
    """Return what is said of a requirement that is offered nowhere."""
    text = "ERROR: No matching distribution found for no-such-thing==1.0"
    return installer._failure(text, "The requirements cannot be installed")


def out_of_memory(_: Path) -> SiloDeskError:
    """Return how a job's end is told that took too much memory."""
    reason, sentence, next_step = outcome.explain(-9, {"oom_killed": True, "peak_rss": 3 * 10**9})
    assert reason == "out_of_memory"
    return SiloDeskError(sentence, next_step=next_step)


def too_large(_: Path) -> SiloDeskError:
    """Return what a hub says of a package over its limit."""
    settings = HubSettings()
    size = settings.package_limit + 2**20
    nobody: Any = None  # the size is judged before store and objects are asked
    return raised(lambda: uploads.begin(nobody, nobody, settings, 1, "0" * 64, size))


def words_of(widget: QWidget) -> str:
    """Return all texts that a widget shows now."""
    labels = [one for one in widget.findChildren(Label) if one.isVisible()]
    return "\n".join(one.plain() for one in labels)


def shown(widget: QWidget, error: SiloDeskError, qtbot) -> None:
    """Wait until a widget shows an error's cause and what helps."""

    def is_so() -> bool:
        text = words_of(widget)
        return error.sentence in text and error.next_step in text

    assert error.sentence
    assert error.next_step
    try:
        qtbot.waitUntil(is_so, timeout=BOUND_MS)
    except AssertionError:
        pytest.fail(f"{error} is not in: {words_of(widget)}")


@pytest.mark.parametrize(
    "make", [no_disk, disk_full_meanwhile, no_python, not_installable, out_of_memory],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_why_a_job_failed_is_told_with_what_helps(
    make, make_agent, make_window, root, qtbot
) -> None:
    agent: FakeAgent = make_agent("working")
    window = make_window(agent.home).window
    error = make(root)
    job = next(one for one in agent.answers.local_jobs if not one["ended_at"])
    # As the agent's job_path ends what cannot start: the error's own words are the detail.
    job.update(state="FAILED", ended_at=time.time(), detail=str(error))
    agent.push("job", **job)
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    shown(window.toasts.toasts[-1], error, qtbot)
    home = window.pages["home"]
    rows = home.ended.rows
    qtbot.waitUntil(lambda: any(one["job_id"] == job["job_id"] for one in rows.rows), timeout=9000)
    number = next(n for n, one in enumerate(rows.rows) if one["job_id"] == job["job_id"])
    assert error.sentence in str(rows.index(number, 2).data())


def test_a_taken_port_is_said_at_the_door(make_agent, make_window, root, qtbot) -> None:
    agent = make_agent("first-run")
    window = make_window(agent.home, "sign_in").window
    error = agent.errors["hub.host"] = port_taken(root)
    door = window.pages["sign_in"].doors.host
    door.field.set("Our federation")
    door.button.click()
    shown(door, error, qtbot)
    assert door.button.isEnabled()


def test_a_hub_that_cannot_start_again_says_why(make_agent, make_window, root, qtbot) -> None:
    agent = make_agent("working")
    window = make_window(agent.home).window
    error = agent.errors["hub.host"] = port_taken(root)
    made = {**agent.answers.hub_state(), "is_made": True}
    agent.answer("hub.state", lambda _: made)
    window.navigate("hub")
    page = window.page()
    qtbot.waitUntil(page.head.start.isVisible, timeout=BOUND_MS)
    page.head.start.click()
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    shown(window.toasts.toasts[-1], error, qtbot)


def test_a_broker_that_is_away_is_said_over_every_page(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    window = make_window(agent.home).window
    away = {**agent.answers.status(), "state": "offline", "detail": " ".join(AWAY),
            "heartbeat_age_s": 60.0}  # fmt: skip
    agent.answers.status = lambda: away  # type: ignore[method-assign]
    agent.push("status", **away)
    shown(window.banner, SiloDeskError(AWAY[0], next_step=AWAY[1]), qtbot)
    assert "Jobs go on" in words_of(window.banner)


@pytest.fixture
def sources(root: Path) -> Path:
    """A client's folder that can be built."""
    (root / "client").mkdir()
    (root / "client" / "torch_client.py").write_text("print('hello')\n")
    (root / "config").mkdir()
    (root / "config" / "fedml_config.yaml").write_text("train_args:\n  comm_round: 5\n")
    return root


def test_a_wrong_source_folder_is_said_at_its_field(make_agent, make_window, root, qtbot) -> None:
    window = make_window(make_agent("working").home).window
    window.navigate("build")
    page = window.page()
    error = raised(lambda: build_input.check_source(root / "nowhere"))
    page.source.source.set(str(root / "nowhere"))
    page.next.click()
    qtbot.waitUntil(lambda: bool(page.source.source.message), timeout=BOUND_MS)
    assert error.sentence in page.source.source.message
    assert page.step() == 0
    assert words_of(page.source.source)


def built(page: Any, sources: Path, qtbot) -> None:
    """Take the wizard to its second step."""
    page.source.source.set(str(sources / "client"))
    page.source.source.left.emit()
    qtbot.waitUntil(lambda: bool(page.source.dest.value()), timeout=BOUND_MS)
    qtbot.waitUntil(lambda: page.source.config.level == "ok", timeout=BOUND_MS)
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 1, timeout=BOUND_MS)


def test_a_requirement_that_cannot_be_had_is_said_in_the_preview(
    make_agent, make_window, sources, qtbot
) -> None:
    agent = make_agent("working")
    error = agent.errors["packages.resolve"] = not_installable(sources)
    window = make_window(agent.home).window
    window.navigate("build")
    page = window.page()
    built(page, sources, qtbot)
    shown(page.preview, error, qtbot)


def test_a_package_over_the_limit_is_said_in_the_upload(
    make_agent, make_window, sources, qtbot
) -> None:
    agent = make_agent("working")
    error = agent.errors["packages.upload"] = too_large(sources)
    window = make_window(agent.home).window
    window.navigate("build")
    page = window.page()
    built(page, sources, qtbot)
    page.sign.setChecked(False)
    page.next.click()
    qtbot.waitUntil(lambda: page.step() == 2, timeout=BOUND_MS)
    page.result.upload.button.click()
    dialog = window.findChild(UploadDialog)
    qtbot.waitUntil(lambda: bool(dialog.group.key()), timeout=BOUND_MS)
    other = sources / "server.zip"
    other.write_bytes(b"PK")
    dialog.partner.set(str(other))
    dialog.send.click()
    shown(dialog, error, qtbot)
    assert dialog.send.isEnabled()
