"""The pages of the desktop: where each stands in the rail and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.context import AppContext
from app.i18n import mark
from app.widgets.page import Page

SILO, FEDERATION, TOOLS = mark("This silo"), mark("Federation"), mark("Tools")


@dataclass(frozen=True)
class Entry:
    """A page; one without a section is reached from other pages only."""

    key: str
    title: str  # marked: translated where it is shown
    icon: str
    section: str
    make: Callable[[AppContext], Page]
    under: str = ""  # the rail's entry that is lit while this page is shown


# Pages are imported when they are first shown, so that the first window paints quickly.
def _home(context: AppContext) -> Page:
    from app.pages.home.page import HomePage

    return HomePage(context)


def _approvals(context: AppContext) -> Page:
    from app.pages.approvals.page import ApprovalsPage

    return ApprovalsPage(context)


def _datasets(context: AppContext) -> Page:
    from app.pages.datasets.page import DatasetsPage

    return DatasetsPage(context)


def _build(context: AppContext) -> Page:
    from app.pages.build.page import BuildPage

    return BuildPage(context)


def _doctor(context: AppContext) -> Page:
    from app.pages.doctor.page import DoctorPage

    return DoctorPage(context)


def _hub(context: AppContext) -> Page:
    from app.pages.hub.page import HubPage

    return HubPage(context)


def _settings(context: AppContext) -> Page:
    from app.pages.settings.page import SettingsPage

    return SettingsPage(context)


def _sign_in(context: AppContext) -> Page:
    from app.pages.sign_in.page import SignInPage

    return SignInPage(context)


def _devices(context: AppContext) -> Page:
    from app.pages.devices.page import DevicesPage

    return DevicesPage(context)


def _groups(context: AppContext) -> Page:
    from app.pages.groups.list_page import GroupsPage

    return GroupsPage(context)


def _group(context: AppContext) -> Page:
    from app.pages.groups.page import GroupPage

    return GroupPage(context)


def _projects(context: AppContext) -> Page:
    from app.pages.projects.page import ProjectsPage

    return ProjectsPage(context)


def _project(context: AppContext) -> Page:
    from app.pages.runs.project import ProjectPage

    return ProjectPage(context)


def _applications(context: AppContext) -> Page:
    from app.pages.applications.page import ApplicationsPage

    return ApplicationsPage(context)


def _models(context: AppContext) -> Page:
    from app.pages.models.page import ModelsPage

    return ModelsPage(context)


def _run(context: AppContext) -> Page:
    from app.pages.runs.page import RunPage

    return RunPage(context)


def _log_file(context: AppContext) -> Page:
    from app.pages.runs.log_file import LogFilePage

    return LogFilePage(context)


def _compare(context: AppContext) -> Page:
    from app.pages.runs.compare import ComparePage

    return ComparePage(context)


PAGES: tuple[Entry, ...] = (
    Entry("home", mark("Home"), "house", SILO, _home),
    Entry("approvals", mark("Approvals"), "shield-check", SILO, _approvals),
    Entry("datasets", mark("Datasets"), "database", SILO, _datasets),
    Entry("devices", mark("Devices"), "server", FEDERATION, _devices),
    Entry("groups", mark("Groups"), "network", FEDERATION, _groups),
    Entry("projects", mark("Projects"), "folder-git-2", FEDERATION, _projects),
    Entry("applications", mark("Applications"), "package", FEDERATION, _applications),
    Entry("models", mark("Models"), "boxes", FEDERATION, _models),
    Entry("build", mark("Build package"), "wand-sparkles", TOOLS, _build),
    Entry("doctor", mark("Connection doctor"), "stethoscope", TOOLS, _doctor),
    Entry("hub", mark("Hub"), "waypoints", TOOLS, _hub),
    Entry("settings", mark("Settings"), "settings", TOOLS, _settings),
    Entry("group", mark("Group"), "network", "", _group, under="groups"),
    Entry("project", mark("Project"), "folder-git-2", "", _project, under="projects"),
    Entry("log_file", mark("Log file"), "scroll-text", "", _log_file, under="projects"),
    Entry("compare", mark("Compare runs"), "folder-git-2", "", _compare, under="projects"),
    Entry("run", mark("Run"), "folder-git-2", "", _run, under="projects"),
    Entry("sign_in", mark("Welcome"), "log-in", "", _sign_in),
)
# Made before they are asked for; the log's file is rarely seen, the doors are the first or never.
AHEAD = tuple(one.key for one in PAGES if one.key not in ("log_file", "sign_in"))
SECTIONS = (SILO, FEDERATION, TOOLS)


def entry(key: str) -> Entry:
    """Return a page's entry; raises KeyError."""
    for one in PAGES:
        if one.key == key:
            return one
    raise KeyError(key)


def is_known(key: str) -> bool:
    """Return whether there is such a page."""
    return any(one.key == key for one in PAGES)
