"""What `silodesk approval show` prints for people: facts, calls to look at, changes."""

from __future__ import annotations

from helpers import fake_approvals

from agent_core.cli.approval import approval_text, diff_line, review_text


def test_facts_calls_and_changes_are_readable() -> None:
    one = fake_approvals.approval(8, asked_again="the dataset changed", data_wanted=["age"])
    value = {**one, "review": fake_approvals.review(one), "diff": fake_approvals.diffs(one)}

    text = f"{approval_text(value)}\n{review_text(value)}"

    assert "asked again  the dataset changed" in text
    assert "; wants age" in text
    assert "new network    wdbc/data/loader.py:4  import requests" in text
    assert "  1 WDBC tumour features: may be used" in text
    assert "--- wdbc/data/loader.py" in text
    assert "\n+import requests\n" in text


def test_nothing_to_look_at_is_said() -> None:
    one = fake_approvals.approval(9, first_time=True)
    found = {**fake_approvals.review(one), "risks": [], "datasets": []}

    assert review_text({**one, "review": found}) == "\nno calls to look at"


def test_a_fold_says_how_much_it_hides() -> None:
    assert diff_line({"kind": "gap", "count": 16, "text": ""}) == "@@ 16 unchanged lines"
    assert diff_line({"kind": "del", "text": "x = 1"}) == "-x = 1"
