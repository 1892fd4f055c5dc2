"""The house rules on disk: their own versioned file, written atomically."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent_core.errors import StorageError, UserInputError
from agent_core.protocol.records_rules import RULES_VERSION, HouseRules

# MIGRATIONS[n] turns the content of version n into that of version n + 1.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


class RulesFile:
    """Load, change and keep the rules of one home."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rules = self._load()

    def change(self, **fields: Any) -> HouseRules:
        """Check, keep and return changed rules."""
        unknown = set(fields) - set(HouseRules.model_fields) | ({"version"} & set(fields))
        if unknown:
            raise UserInputError(
                f"There is no house rule called {min(unknown)[:100]}.",
                next_step="See `silodesk rules show` for their names.",
                code="input.rules",
            )
        try:
            changed = HouseRules.model_validate({**self.rules.model_dump(), **fields})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise UserInputError(
                f"The house rule {first['loc'][0]} cannot be set so: {first['msg'].lower()}.",
                next_step="Correct the value and try again; the rules stay as they were.",
                code="input.rules",
                field=str(first["loc"][0]),
            ) from error
        if changed != self.rules:
            self._save(changed)
            self.rules = changed
        return changed

    def _load(self) -> HouseRules:
        try:
            content = json.loads(self._path.read_text("utf-8"))
            while content.get("version", RULES_VERSION) < RULES_VERSION:
                content = MIGRATIONS[content["version"]](content)
            return HouseRules.model_validate(content)
        except FileNotFoundError:
            return HouseRules()
        except (OSError, ValueError, AttributeError, KeyError) as error:
            # To go on without them would let jobs run that the operator forbade.
            raise StorageError(
                f"The house rules {self._path} cannot be read: {type(error).__name__}.",
                next_step="Correct the file, or rename it to begin without rules.",
                code="storage.rules",
            ) from error

    def _save(self, rules: HouseRules) -> None:
        part = self._path.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(rules.model_dump_json(indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise StorageError(
                f"The house rules cannot be written to {self._path}: {error.strerror}.",
                next_step="Free some space or check the folder's permissions.",
                code="storage.rules",
            ) from error
