"""`silodesk rehearse` and `silodesk demo`: a whole federation of real processes on this machine."""

from __future__ import annotations

import _thread
import os
import platform
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_core.cli.asking import parameters
from agent_core.cli.output import ParentOption, emit, error_border

if TYPE_CHECKING:
    from agent_core.rehearsal.federation import Federation
    from agent_core.rehearsal.run import RunWish


PICTURES_BOUND_S = 180.0
WINDOW_END_BOUND_S = 10.0
WATCHED_ROUNDS = 600  # a minute or more of small rounds: long enough to look around


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(rehearse)
    app.command()(demo)


@error_border
def rehearse(
    paths: Annotated[list[Path], typer.Argument(help="Package files, or a Flower app folder")],
    silos: Annotated[int, typer.Option(min=1, max=50, help="How many silos")] = 3,
    rounds: Annotated[int | None, typer.Option(min=1, help="How many rounds")] = None,
    param: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, repeatable")] = None,
    data: Annotated[Path | None, typer.Option(help="DIR; silo k gets DIR/silo-k if there")] = None,
    deadline: Annotated[float, typer.Option(help="Seconds a round may last")] = 120.0,
    keep: Annotated[Path | None, typer.Option(help="Keep homes and logs in this folder")] = None,
    prewarm: Annotated[bool, typer.Option(help="Keep an imported worker ready")] = False,
    with_parent: ParentOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Run any package on a throw-away local federation of real processes."""
    from agent_core.rehearsal.federation import Federation
    from agent_core.rehearsal.packing import check_paths, packages_of
    from agent_core.rehearsal.run import RunWish

    check_paths(paths)
    say = _speaker(as_json)
    _end_on_terminate(with_parent)
    with Federation(
        silos=silos, data=_folder(data), root=keep, prewarm=prewarm, say=say
    ) as federation:
        packages = packages_of(paths, federation.folder / "build")
        wish = RunWish(
            packages=packages, name=paths[0].stem, rounds=rounds, parameters=parameters(param),
            round_deadline_s=deadline,
        )  # fmt: skip
        _run_and_print(federation, wish, as_json)


@error_border
def demo(
    sample: Annotated[str, typer.Option(help="breast-cancer or mnist")] = "breast-cancer",
    rounds: Annotated[int | None, typer.Option(min=1, help="How many rounds")] = None,
    silos: Annotated[int | None, typer.Option(min=1, max=50, help="How many silos")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder with the sample's data")] = None,
    headless: Annotated[bool, typer.Option(help="No window; progress in the terminal")] = False,
    keep: Annotated[Path | None, typer.Option(help="Keep homes and logs in this folder")] = None,
    prewarm: Annotated[bool, typer.Option(help="Keep an imported worker ready")] = False,
    with_parent: ParentOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Show a live federation: hospitals, a hub, a run, and the desktop on top of it."""
    from agent_core.rehearsal.federation import Federation
    from agent_core.rehearsal.run import RunWish

    chosen = _sample(sample)
    data = _folder(data) or chosen.data
    if data is None:
        from agent_core.errors import UserInputError

        raise UserInputError(
            f"The sample {sample} reads files that do not come with SiloDesk.",
            next_step="Name their folder: --data DIR (MNIST in IDX form, gzip).",
            code="input.data",
        )
    is_windowed = not headless and not as_json and has_display()
    say = _speaker(as_json)
    _end_on_terminate(with_parent)
    takes_pictures = not headless and not as_json and not is_windowed
    if takes_pictures:
        say("no display here: running without a window, with pictures of it at the end")
    with Federation(
        silos=silos or chosen.silos, data=data, root=keep, prewarm=prewarm or is_windowed, say=say
    ) as federation:
        wish = RunWish(
            packages=chosen.packages(federation.folder / "build"),
            name=chosen.title,
            rounds=rounds or (WATCHED_ROUNDS if is_windowed else chosen.rounds),
        )
        if is_windowed:
            _show(federation, wish)
        else:
            _run_and_print(federation, wish, as_json)
        if takes_pictures:
            _take_pictures(federation, Path.cwd() / "screenshots")


def _take_pictures(federation: Federation, folder: Path) -> None:
    """Draw every page of the coordinator's desktop without a display, into a folder."""
    federation.say(f"drawing the desktop's pages into {folder}")
    window = federation.family.open_window(
        federation.coordinator.home.root, "--screenshot", str(folder),
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stderr=subprocess.DEVNULL,  # Qt's remarks about the platform without a display
    )  # fmt: skip
    try:
        window.wait(PICTURES_BOUND_S)
    except subprocess.TimeoutExpired:
        federation.say(f"the pictures were not ready after {PICTURES_BOUND_S:.0f} s")
    finally:
        _end(window)
    pictures = sorted(folder.glob("*.png"))
    if window.returncode or not pictures:
        federation.say("the pictures could not be drawn: Qt's system libraries may be missing")
        return
    federation.say(f"{len(pictures)} pictures: {', '.join(one.name for one in pictures)}")


def _show(federation: Federation, wish: RunWish) -> None:
    """Open the desktop on a run as the coordinating scientist, stay until it closes."""
    from agent_core.rehearsal.run import prepare, start

    run = prepare(federation, wish)
    home = federation.coordinator.home.root
    page = f"run:{run['id']}:curves"
    window = federation.family.open_window(home, "--page", page, "--no-tray")
    try:
        start(federation, run["id"])
        federation.say("the window is open; closing it ends the demo")
        window.wait()
    finally:
        _end(window)


def _end(window: subprocess.Popen[Any]) -> None:
    """End a window that still stands."""
    if window.poll() is None:
        window.terminate()
        try:
            window.wait(WINDOW_END_BOUND_S)
        except subprocess.TimeoutExpired:
            window.kill()
            window.wait()


def _run_and_print(federation: Federation, wish: RunWish, as_json: bool) -> None:
    from agent_core.rehearsal.run import explain, run_once

    last: list[Any] = []

    def on_change(run: dict[str, Any]) -> None:
        if not as_json and last != [run["state"], run["round"]]:
            last[:] = [run["state"], run["round"]]
            figures = "  ".join(f"{key} {value:.4f}" for key, value in run["headline"].items())
            typer.echo(f"{run['state']:<17} round {run['round']:>3} of {run['rounds']}  {figures}")

    report = run_once(federation, wish, on_change)
    emit(report.to_json(), as_json, _text(report.to_json()))
    error = explain(report)
    if error is not None:
        raise error


def _text(report: dict[str, Any]) -> str:
    accuracy = report["test_accuracy"]
    lines = [
        f"state           {report['state']}",
        f"test accuracy   {accuracy:.4f}"
        if accuracy is not None
        else "test accuracy   not reported",
        f"first round     {report['first_round_s']} s after start",
        f"median round    {report['median_round_s']} s of {len(report['rounds'])}",
        "peak memory     "
        + ", ".join(f"{name} {peak:.0f} MB" for name, peak in report["peak_rss_mb"].items()),
    ]
    return "\n".join(lines)


def _speaker(as_json: bool) -> Any:
    return lambda text: typer.echo(f"  {text}", err=as_json)


def _end_on_terminate(with_parent: bool) -> None:
    """Let SIGTERM, or a parent's death, end a federation as Ctrl+C does, with all its processes."""

    def end(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the end short
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    if with_parent:
        from agent_core import lifeline

        lifeline.watch(lifeline.take(), _interrupt)


def _interrupt() -> None:
    """Interrupt the main thread, whatever it waits for."""
    if os.name == "posix":
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        _thread.interrupt_main()


def _sample(name: str) -> Any:
    from agent_core.errors import UserInputError
    from agent_core.rehearsal.packing import samples

    known = samples()
    if name not in known:
        raise UserInputError(
            f"There is no sample called {name}.",
            next_step=f"Choose one of {', '.join(known)}.",
            code="input.sample",
        )
    return known[name]


def _folder(path: Path | None) -> Path | None:
    from agent_core.errors import UserInputError

    if path is not None and not path.is_dir():
        raise UserInputError(
            f"The data folder {path} does not exist.",
            next_step="Name a folder that exists.",
            code="input.data",
        )
    return path.resolve() if path else None


def has_display() -> bool:
    """Return whether a window can be shown on this machine."""
    is_linux = platform.system() == "Linux"
    return not is_linux or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
