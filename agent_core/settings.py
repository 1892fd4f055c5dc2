"""Typed, versioned settings of one home, written atomically."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_core.errors import StorageError, UserInputError

VERSION = 1
CLOCK = r"^(([01]\d|2[0-3]):[0-5]\d)?$"
# MIGRATIONS[n] turns the content of version n into that of version n + 1.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


class Settings(BaseModel):
    """What a person may set; every field has a default that works."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = VERSION
    silo: str = Field(default="", description="The name of this site, as others see it")
    device_name: str = Field(default="", description="The name of this device, as others see it")
    hub_url: str = Field(default="", description="The hub this agent is bound to")
    data_dir: str = Field(default="", description="The folder jobs see read-only as /data")
    credentials: str = Field(default="", description="Path of a 0600 file instead of the keyring")
    prewarm: bool = Field(default=False, description="Keep one imported, idle worker ready")
    job_memory: int = Field(
        default=0, ge=0, description="Megabytes of memory that a job may use; 0 is no limit"
    )
    theme: str = Field(default="system", description="system, light or dark")
    language: str = Field(default="system", description="system, en or zh_CN")
    reduce_motion: bool = Field(default=False, description="Draw nothing that moves by itself")
    daily_egress_budget: int = Field(default=0, ge=0, description="Bytes a day; 0 is no budget")
    proxy: str = Field(
        default="", description="http://host:port, none, or empty for what the system says"
    )
    closing: Literal["", "tray", "minimise", "quit"] = Field(
        default="", description="What closing the window does; nothing asks the first time"
    )
    quiet_from: str = Field(
        default="", pattern=CLOCK, description="HH:MM from which nothing pops up; empty is never"
    )
    quiet_to: str = Field(default="", pattern=CLOCK, description="HH:MM until which it is quiet")


def load(path: Path) -> Settings:
    """Read settings, migrating older versions; a missing file means defaults."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        raise StorageError(
            f"The settings file {path} cannot be read: {error}.",
            next_step="Rename it; SiloDesk then starts with default settings.",
            code="storage.settings",
        ) from error
    while content.get("version", VERSION) < VERSION:
        content = MIGRATIONS[content["version"]](content)
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserInputError(
            f"The settings file {path} has a value that cannot be used: "
            f"{first['loc'][0]}: {first['msg']}.",
            next_step="Correct that line, or delete it to get the default.",
            code="input.settings",
        ) from error


def save(path: Path, settings: Settings) -> None:
    """Write settings so that a crash leaves the old or the new file, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(settings.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StorageError(
            f"The settings cannot be written to {path}: {error.strerror}.",
            next_step="Free some space or check the folder's permissions.",
        ) from error
