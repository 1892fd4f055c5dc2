"""Records about datasets: what the operator registered, its versions, and what others may see."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent_core.protocol.record import Record

Kind = Literal["csv", "parquet", "images", "any"]


class DatasetColumn(Record):
    """A column of a table as it was guessed from its values."""

    name: str
    type: Literal["number", "whole", "yes/no", "date", "text", "empty"] = "text"
    missing: int = 0  # of the rows that were looked at
    examples: list[str] = Field(default_factory=list)


class DatasetClass(Record):
    """A class of an image folder."""

    name: str
    count: int
    size: int


class DatasetVersion(Record):
    """The content of a dataset at one moment, named by its hash."""

    number: int
    hash: str
    scanned_at: float
    files: int
    size: int
    rows: int | None = None
    rows_exact: bool = True
    columns: list[DatasetColumn] = Field(default_factory=list)
    classes: list[DatasetClass] = Field(default_factory=list)
    notice: str = ""  # what a person should know about how it was read


class Dataset(Record):
    """A file or folder that jobs may be given; lives at the agent."""

    id: int
    name: str
    path: str
    kind: Kind
    note: str = ""
    groups: list[int] | None = None  # None: every group
    shown: bool = False  # name, version, rows and columns are told to its groups
    is_default: bool = False  # the one that the setting data_dir names
    is_there: bool = True
    added_at: float
    added_by: str = ""
    version: DatasetVersion | None = None  # None: not read yet
    versions: int = 0
    scanning: bool = False
    problem: str = ""


class DatasetUse(Record):
    """Which data a job is given: the part that an approval locks and a run remembers."""

    dataset_id: int
    name: str
    number: int  # of the version, as this machine counts
    hash: str
    rows: int | None = None
    columns: int = 0


class DatasetShown(Record):
    """What the hub is told of a dataset; without a name its silo keeps even that to itself."""

    name: str = ""
    version: str = ""  # the content's hash
    rows: int | None = None
    columns: int = 0


class SharedDataset(DatasetShown):
    """A device's dataset that its operator shows to groups (all of them where none is named)."""

    groups: list[int] | None = None


class Preview(Record):
    """A first look into a dataset."""

    kind: Kind
    file: str = ""  # the table that is shown, below the dataset's folder
    files: list[str] = Field(default_factory=list)  # the tables there are
    columns: list[DatasetColumn] = Field(default_factory=list)
    rows: list[list[str]] = Field(default_factory=list)
    looked_at: int = 0  # rows that types and missing counts come from
    is_whole: bool = True
    encoding: str = ""
    delimiter: str = ""
    broken: int = 0  # rows with another number of values than the head
    classes: list[DatasetClass] = Field(default_factory=list)
    samples: list[str] = Field(default_factory=list)  # absolute paths of images, for thumbnails
    notice: str = ""
