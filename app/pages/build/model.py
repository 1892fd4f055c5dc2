"""The build page's state beside the wizard: choices, config shown, signing, uploading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent_core import keys, settings
from agent_core.packages.builder import OUTPUT_FOLDER, BuildResult, Progress
from agent_core.packages.wizard import BuildWizard, FieldNote, Fields
from agent_core.paths import Home
from app.i18n import mark, tr

TYPES = (
    ("client", "monitor", mark("Client"), mark("Trains at each silo")),
    ("server", "server", mark("Server"), mark("Combines the updates")),
    ("flower", "package", mark("Flower app"), mark("Both parts in one")),
)
SHOWN_LIMIT = 200_000


@dataclass(frozen=True)
class Shown:
    """A text beside the form: the config that goes into the package."""

    name: str
    text: str


def note(fields: Fields, name: str) -> FieldNote:
    """Check one field; reads the disk, so call it off the GUI thread."""
    return BuildWizard(fields).check(name)


def config_shown(fields: Fields) -> Shown:
    """Return the config that the package will carry, or what is missing for one."""
    if fields.type == "flower":
        path = Path(fields.source_folder) / "pyproject.toml" if fields.source_folder else None
        missing = tr("The app's pyproject.toml is shown here.")
    else:
        path = Path(fields.config_folder) / "fedml_config.yaml" if fields.config_folder else None
        missing = tr("The config folder's fedml_config.yaml is shown here.")
    name = path.name if path else ("pyproject.toml" if fields.type == "flower" else tr("Config"))
    if path is None or not path.is_file():
        return Shown(name, f"# {missing}")
    try:
        return Shown(name, path.read_text("utf-8", "replace")[:SHOWN_LIMIT])
    except OSError as error:
        return Shown(name, tr("# It cannot be read: {strerror}.", strerror=error.strerror))


def proposals(fields: Fields) -> dict[str, str]:
    """Return values for empty fields that follow from the source folder."""
    source = Path(fields.source_folder) if fields.source_folder else None
    if source is None or not source.is_dir():
        return {}
    found: dict[str, str] = {}
    if not fields.dest_folder:
        found["dest_folder"] = str(source.parent / "mlops")
    if fields.type != "flower":
        if not fields.entry_point:
            found |= _entry_of(fields)
        config = next(
            (c for c in (source / "config", source.parent / "config") if c.is_dir()), None
        )
        if not fields.config_folder and config is not None:
            found["config_folder"] = str(config)
    return found


def _entry_of(fields: Fields) -> dict[str, str]:
    choices = BuildWizard(fields).entry_choices()
    for wanted in (f"{fields.type}_app.py", f"torch_{fields.type}.py", f"{fields.type}.py"):
        if wanted in choices:
            return {"entry_point": wanted}
    likely = [choice for choice in choices if fields.type in choice]
    return {"entry_point": likely[0]} if len(likely) == 1 else {}


def type_of(folder: str) -> str:
    """Return the type a folder speaks for, or an empty text."""
    return "flower" if folder and (Path(folder) / "pyproject.toml").is_file() else ""


def build(
    wizard: BuildWizard, home: Home, sign: bool, progress: Progress | None = None
) -> BuildResult:
    """Build what the preview showed, signed with this person's key where wanted."""
    if not sign:
        return wizard.build(None, progress)
    named = home.credentials if home.credentials.is_file() else None
    store = keys.open_store(home, settings.load(home.settings), named)
    return wizard.build(keys.owner_key(store), progress)


def words_of(digest: str) -> str:
    """Return a content digest as words to read aloud."""
    return keys.fingerprint_words(digest)


def partner_path(result: BuildResult) -> str:
    """Return where the other half of an application would lie, if it is there."""
    other = {"client": "server", "server": "client"}.get(result.manifest.type)
    if other is None:
        return ""
    path = result.package_path.with_name(f"{other}-package.zip")
    return str(path) if path.is_file() else ""


def destination(fields: Fields) -> str:
    """Return the folder in which packages appear."""
    return str(Path(fields.dest_folder or ".") / OUTPUT_FOLDER)
