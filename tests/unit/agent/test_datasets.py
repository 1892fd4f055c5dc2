"""Datasets are registered once, versioned by content, limited to groups, and removed with undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.agent.datasets import Datasets, shown_to_hub
from agent_core.agent.datasets_scan import scan
from agent_core.agent.journal import Journal
from agent_core.errors import ConflictError, ForbiddenError, NotFoundError, UserInputError
from agent_core.protocol.records_data import DatasetShown


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with one table."""
    root = tmp_path / "patients"
    root.mkdir()
    (root / "t.csv").write_text("age,sex\n1,f\n2,m\n")
    return root


@pytest.fixture
def datasets(journal: Journal) -> Datasets:
    """An empty list."""
    return Datasets(journal, lambda: None)


def test_a_place_and_a_name_are_there_once(datasets: Datasets, place: Path) -> None:
    """The second time says under which name."""
    datasets.add("Patients", place, "csv")

    with pytest.raises(ConflictError, match="'Patients'"):
        datasets.add("Others", place, "csv")
    with pytest.raises(ConflictError, match="called 'Patients'"):
        datasets.add("Patients", place / "t.csv", "csv")
    with pytest.raises(UserInputError):
        datasets.add("", place / "t.csv", "csv")
    assert datasets.find("Patients").id == datasets.find("1").id


def test_changed_content_is_a_new_version_with_history(datasets: Datasets, place: Path) -> None:
    """The same content again is the same version."""
    one = datasets.add("Patients", place, "csv")
    first = datasets.keep_version(one.id, scan(place, "csv"))
    again = datasets.keep_version(one.id, scan(place, "csv"))
    (place / "t.csv").write_text("age,sex\n1,f\n2,m\n3,f\n")
    second = datasets.keep_version(one.id, scan(place, "csv"))

    assert (first.number, again.number, second.number) == (1, 1, 2)
    assert first.hash == again.hash != second.hash
    assert [(v.number, v.rows) for v in datasets.versions(one.id)] == [(2, 3), (1, 2)]


def test_only_its_groups_may_use_it(datasets: Datasets, place: Path) -> None:
    """And nobody before it was read."""
    one = datasets.add("Patients", place, "csv")
    with pytest.raises(ConflictError, match="not read yet"):
        datasets.use(one, 1)
    datasets.keep_version(one.id, scan(place, "csv"))

    limited = datasets.change(one.id, groups=[2, 3])

    assert datasets.use(limited, 2).rows == 2
    with pytest.raises(ForbiddenError, match="group of this run"):
        datasets.use(limited, 1)
    assert datasets.change(one.id, every_group=True).groups is None


def test_removing_can_be_undone(datasets: Datasets, place: Path) -> None:
    """Its versions come back with it."""
    one = datasets.add("Patients", place, "csv")
    datasets.keep_version(one.id, scan(place, "csv"))

    datasets.remove(one.id)
    assert datasets.all() == []
    with pytest.raises(NotFoundError):
        datasets.get(one.id)

    back = datasets.restore(one.id)
    assert back.version is not None
    assert datasets.restore(one.id) == back


def test_the_folder_of_the_settings_is_a_dataset(journal: Journal, place: Path) -> None:
    """Named after it, beside another of that name, and not removable while it is set."""
    datasets = Datasets(journal, lambda: place)
    other = place / "patients"
    other.mkdir()
    datasets.add("patients", other, "any")

    made = datasets.register_default(place, "csv")

    assert made.name == "patients 2"
    assert datasets.default() == made == datasets.register_default(place, "csv")
    with pytest.raises(ConflictError, match="data_dir"):
        datasets.remove(made.id)


def test_the_hub_is_told_nothing_unless_shown(
    datasets: Datasets, journal: Journal, place: Path
) -> None:
    """Not even the hash."""
    one = datasets.add("Patients", place, "csv")
    version = datasets.keep_version(one.id, scan(place, "csv"))
    datasets.give("run-1-1-2", datasets.use(datasets.get(one.id), 1))

    hidden = shown_to_hub(journal, "run-1-1-2")
    datasets.change(one.id, shown=True)
    shown = shown_to_hub(journal, "run-1-1-2")

    assert hidden == DatasetShown()
    assert shown == DatasetShown(name="Patients", version=version.hash, rows=2, columns=2)
    assert shown_to_hub(journal, "run-2-1-2") is None
