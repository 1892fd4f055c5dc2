"""Files, changes and calls stand where the diff view says they are."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

from agent_core.agent.approval_diff import diff
from app.widgets.code_view import spans
from app.widgets.diff_view_model import ADD, FILE, GAP, NOTE, build

OLD = "\n".join(f"x{n} = {n}" for n in range(1, 31))
NEW = OLD.replace("x15 = 15", "import socket\nx15 = 15")
RISK = {"path": "a.py", "line": 15, "kind": "network", "is_new": True}


def files() -> list[dict]:
    rows = [asdict(row) for row in diff(OLD, NEW)]
    return [
        {"path": "a.py", "rows": rows, "blocks": 1, "is_binary": False, "is_cut": False},
        {"path": "b.bin", "rows": [], "blocks": 0, "is_binary": True, "is_cut": False},
    ]


def test_rows_changes_and_files() -> None:
    model = build(files(), [RISK], first=False)

    kinds = [line.kind for line in model.lines]
    assert kinds == [
        FILE,
        GAP,
        "same",
        "same",
        "same",
        ADD,
        "same",
        "same",
        "same",
        GAP,
        FILE,
        NOTE,
    ]
    assert model.files == {"a.py": 0, "b.bin": 10}
    assert model.changes == [5]
    assert model.lines[0].note == "1 changed block · 1 new call to look at"
    assert model.lines[1].text == "11 unchanged lines"


def test_a_call_is_marked_at_its_line_and_found_by_it() -> None:
    model = build(files(), [RISK], first=False)

    at = model.place("a.py", 15)
    assert model.lines[at].text == "import socket"
    assert (model.lines[at].calls, model.lines[at].is_new_call) == (("network",), True)
    assert model.place("a.py", 3) == 0  # folded: its file's head
    assert model.place("nowhere.py") == -1


def test_the_first_version_counts_all_calls() -> None:
    rows = [asdict(row) for row in diff(None, "import socket")]
    shown = {"path": "a.py", "rows": rows, "blocks": 0, "is_binary": False, "is_cut": False}

    model = build([shown], [{**RISK, "line": 1, "is_new": False}], first=True)

    assert model.lines[0].note == "1 call to look at"
    assert model.changes == []


def test_colours_do_not_overlap() -> None:
    found = spans("a.py", "def load(x):  # 'why' 1")

    assert found[0] == (0, 3, "violet")
    assert found[-1] == (14, 23, "faint")
    assert all(first[1] <= second[0] for first, second in pairwise(found))


def test_what_is_left_out_is_said() -> None:
    cut = asdict(diff(None, "x" * 1001)[0])
    more = {**cut, "kind": "cut", "text": "", "count": 12, "new": None, "is_cut": False}
    rest = {**more, "text": "bytes", "count": 2_000_000}
    base = {"blocks": 0, "is_binary": False, "is_cut": True}
    model = build(
        [
            {**base, "path": "a.py", "rows": [cut, more, rest]},
            {**base, "path": "b.py", "rows": []},
            {**base, "path": "c.py", "is_changed": True,
             "rows": [asdict(row) for row in diff(OLD, OLD)]},
        ],
        [], first=False,
    )  # fmt: skip

    said = [line.text for line in model.lines]
    assert said[1].endswith("… the line goes on")
    assert said[2:4] == ["12 more lines are not shown", "2 MB more are not shown"]
    assert "choose it to see it" in said[5]
    assert said[-1] == "Its bytes changed where no line shows it."
    notes = [line.note for line in model.lines if line.kind == FILE]
    assert notes == ["unchanged · not shown whole"] * 2 + ["changed · not shown whole"]
