"""Every hub test of this folder runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.hub_bench import Bench, Scene, moved
from helpers.postgres import Postgres, binaries

from agent_core.hub.migrate import migrate
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Store, sqlite_url

DATABASES = [
    "sqlite",
    pytest.param(
        "postgres",
        id="postgresql",
        marks=[
            pytest.mark.postgresql,
            pytest.mark.skipif(binaries() is None, reason="Debian's postgresql is not installed"),
        ],
    ),
]


class Template:
    """A database with the tables, and one with a scene in it, to be copied for each test."""

    def __init__(self, folder: Path, fresh: Callable[[], str], copy: Callable[[str], str]) -> None:
        self.copy = copy
        self.empty = fresh()
        store = Store(self.empty)
        migrate(store)
        store.close()
        self.played = copy(self.empty)
        bench = Bench(folder, self.played)
        self.scene = Scene(bench)
        bench.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("hub")
    numbers = itertools.count(1)

    def fresh() -> str:
        return sqlite_url(folder / f"{next(numbers)}.sqlite3")

    def copy(url: str) -> str:
        target = fresh()
        shutil.copy(url.removeprefix("sqlite:///"), target.removeprefix("sqlite:///"))
        return target

    return Template(folder, fresh, copy)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    cluster = Postgres()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Template:
    def copy(url: str) -> str:
        return postgres.url(postgres.database(url.rpartition("/")[2]))

    def fresh() -> str:
        return postgres.url(postgres.database())

    return Template(tmp_path_factory.mktemp("hub"), fresh, copy)


@pytest.fixture(params=DATABASES)
def template(request: pytest.FixtureRequest) -> Template:
    """Give the databases of one kind."""
    found: Template = request.getfixturevalue(f"{request.param}_template")
    return found


@pytest.fixture
def make_bench(template: Template, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(settings: HubSettings | None = None, url: str = "") -> Bench:
        made.append(Bench(tmp_path, url or template.copy(template.empty), settings))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


@pytest.fixture
def make_scene(template: Template, make_bench: Callable[..., Bench]) -> Callable[..., Scene]:
    def make(settings: HubSettings | None = None) -> Scene:
        return moved(template.scene, make_bench(settings, template.copy(template.played)))

    return make


@pytest.fixture
def scene(make_scene: Callable[..., Scene]) -> Scene:
    return make_scene()
