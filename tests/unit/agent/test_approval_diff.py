"""Differences are told line by line, with equal stretches folded."""

from __future__ import annotations

from agent_core.agent.approval_diff import counts, diff, fold

OLD = "\n".join(f"line {n}" for n in range(1, 41))


def test_a_changed_line_is_a_removed_and_an_added_one() -> None:
    """With three lines around it and the rest folded."""
    rows = diff(OLD, OLD.replace("line 20", "LINE 20"))

    assert [row.kind for row in rows] == [
        "gap", "same", "same", "same", "del", "add", "same", "same", "same", "gap",
    ]  # fmt: skip
    assert (rows[0].count, rows[-1].count) == (16, 17)
    assert (rows[4].old, rows[4].new, rows[4].text) == (20, None, "line 20")
    assert (rows[5].old, rows[5].new, rows[5].text) == (None, 20, "LINE 20")
    assert counts(rows) == (1, 1, 1)


def test_new_and_removed_files() -> None:
    """A new file has only added lines, a removed one only removed ones."""
    assert [row.kind for row in diff("", "a\nb\n")] == ["add", "add"]
    assert [row.kind for row in diff("a\nb\n", "")] == ["del", "del"]


def test_the_first_version_is_shown_as_it_is() -> None:
    """There is nothing to compare it with."""
    assert [(row.kind, row.new) for row in diff(None, "a\nb")] == [("same", 1), ("same", 2)]


def test_equal_texts_are_one_fold_and_the_whole_file_can_be_asked_for() -> None:
    """Nothing changed."""
    assert [(row.kind, row.count) for row in diff(OLD, OLD)] == [("gap", 40)]
    assert len(diff(OLD, OLD, context=None)) == 40


def test_a_short_stretch_is_not_folded() -> None:
    """A fold would take as much room."""
    changed = OLD.replace("line 10", "LINE 10").replace("line 18", "LINE 18")

    assert [row.kind for row in diff(OLD, changed)].count("gap") == 2
    assert fold([]) == []


def test_two_blocks_and_line_numbers_after_insertions() -> None:
    """Numbers follow each side."""
    new = OLD.replace("line 5\n", "line 5\nmore\n").replace("line 30\n", "")

    rows = diff(OLD, new, context=None)

    assert counts(rows) == (1, 1, 2)
    assert (rows[-1].old, rows[-1].new) == (40, 40)


def test_files_beyond_all_bounds_are_told_as_changed() -> None:
    """Line by line in bounds, so that the operator's window never waits for them."""
    rows = diff("a\n" * 30_000, "b\n" * 30_000)

    assert [row.kind for row in rows].count("del") == 20_000
    assert [row.kind for row in rows].count("add") == 20_000
    assert [row.count for row in rows if row.kind == "cut"] == [10_000, 10_000]
