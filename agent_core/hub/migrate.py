"""Bring the hub's database to the newest shape at every start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError

from agent_core.errors import StorageError
from agent_core.hub.store import Store, translated

FOLDER = Path(__file__).parent / "migrations"


def migrate(store: Store) -> None:
    """Apply the migrations that the database does not have yet, in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with store.engine.connect() as conn:
            conn = conn.execution_options(silodesk_write=True)
            with conn.begin():
                config.attributes["connection"] = conn
                command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise translated(error) from error
    except CommandError as error:
        raise StorageError(
            f"The hub's database was made by another version of SiloDesk: {error}.",
            next_step="Start the newer version, or name another home with --home.",
            code="storage.version",
        ) from error


def newest() -> str:
    """Return the number of the newest migration."""
    head = ScriptDirectory(str(FOLDER)).get_current_head()
    return head or ""
