"""`silodesk hub`: run a hub on this machine, back it up, restore it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_core.cli import hub_backup
from agent_core.cli.output import (
    HomeOption,
    JsonOption,
    ParentOption,
    chosen_home,
    error_border,
    settled,
)

if TYPE_CHECKING:
    from agent_core.hub.main import HubOptions

DATABASE = "SILODESK_DATABASE"


def register(app: typer.Typer) -> None:
    """Add the command with those below it."""
    group = typer.Typer(help="Run a hub with its broker and object store, until Ctrl+C.")
    group.callback(invoke_without_command=True)(hub)
    hub_backup.register(group)
    app.add_typer(group, name="hub")


@error_border
def hub(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Default: as last time, else 8750")
    ] = None,
    host: Annotated[str, typer.Option(help="Loopback only, until the hub speaks TLS")] = (
        "127.0.0.1"
    ),
    name: Annotated[str, typer.Option(help="How others see this hub")] = "",
    database: Annotated[
        str, typer.Option(help="postgresql://… instead of SQLite; see --services for passwords")
    ] = "",
    mqtt: Annotated[str, typer.Option(help="mqtts://… instead of the embedded broker")] = "",
    s3: Annotated[str, typer.Option(help="https://… instead of the embedded object store")] = "",
    services: Annotated[
        Path | None,
        typer.Option(
            help="A file that only you may read: JSON with database, mqtt and s3 addresses "
            f"(passwords in options are seen by everyone on this machine; {DATABASE}, "
            "SILODESK_MQTT_PASSWORD, SILODESK_S3_ACCESS_KEY and SILODESK_S3_SECRET_KEY work too)"
        ),
    ] = None,
    with_parent: ParentOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Run a hub with its broker and object store, until Ctrl+C."""
    if context.invoked_subcommand:
        context.with_resource(settled(home, as_json))
        return
    from dataclasses import replace

    from agent_core import lifeline
    from agent_core.hub.main import run_hub

    options = _options(port, host, name, database, mqtt, s3, services)
    if with_parent:
        options = replace(options, lifeline=lifeline.take())

    def on_ready(url: str) -> None:
        if as_json:
            typer.echo(json.dumps({"ready": True, "url": url}))
        else:
            typer.echo(f"The hub is ready at {url}. Ctrl+C ends it.")

    _log_to(options.home.hub / "logs" / "hub.log")
    run_hub(options, on_ready)


def _options(
    port: int | None,
    host: str,
    name: str,
    database: str,
    mqtt: str,
    s3: str,
    services: Path | None,
) -> HubOptions:
    import os

    from agent_core.hub.external import ExternalServices
    from agent_core.hub.main import HubOptions
    from agent_core.hub.settings import HubSettings

    named = _read(services) if services else {}
    return HubOptions(
        home=chosen_home(),
        host=host,
        port=port,
        database=database or named.get("database", "") or os.environ.get(DATABASE, ""),
        services=ExternalServices(mqtt=mqtt or named.get("mqtt", ""), s3=s3 or named.get("s3", "")),
        settings=HubSettings(name=name.strip()[:100]),
    )


def _read(path: Path) -> dict[str, str]:
    import os
    import stat

    from agent_core.errors import UserInputError

    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UserInputError(
                f"Others may read {path}, which holds passwords.",
                next_step=f"Run: chmod 600 {path}",
                code="input.services",
            )
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserInputError(
            f"The services file {path} cannot be read: {getattr(error, 'strerror', '') or error}.",
            next_step='Write it as {"database": "…", "mqtt": "…", "s3": "…"}.',
            code="input.services",
        ) from error
    known = {"database", "mqtt", "s3"}
    if not isinstance(content, dict) or not all(
        key in known and isinstance(value, str) for key, value in content.items()
    ):
        raise UserInputError(
            f"The services file {path} may name database, mqtt and s3 only, as text.",
            next_step='Write it as {"database": "…", "mqtt": "…", "s3": "…"}.',
            code="input.services",
        )
    return content


def _log_to(path: Path) -> None:
    import logging
    import logging.handlers

    import structlog

    from agent_core.telemetry.clean_log import CleanFormatter

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=10 * 1024 * 1024, backupCount=3, encoding="utf-8"
        )
    except OSError:
        handler = logging.StreamHandler()  # the start itself will say what is wrong with the folder
    handler.setFormatter(CleanFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        logger_factory=structlog.stdlib.LoggerFactory(),
        processors=[structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer()],
    )
