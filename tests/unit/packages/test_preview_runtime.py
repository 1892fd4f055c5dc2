"""What a package imports from elsewhere, and what the job runtime's answer means."""

from __future__ import annotations

from agent_core.packages.imports import modules_wanted
from agent_core.packages.preview_runtime import runtime_checks

TRIED = {"sandbox": "bubblewrap", "seconds": 2.81, "failed": {}, "is_late": False}
ANSWER = {"runtime": "base-1", "brought": [], "installed": [], "missing": [], "problem": "",
          "next_step": "", "is_sure": True,
          "tried": TRIED}  # fmt: skip


def test_only_what_neither_python_nor_the_package_brings_is_wanted() -> None:
    texts = {
        "fedml/main.py": "import os, torch.nn\nfrom mine import x\nfrom .near import y\n"
        "from sklearn.svm import SVC\nimport silodesk_job\n",
        "fedml/mine/__init__.py": "",
        "fedml/broken.py": "def (",
        "notes.txt": "import nothing",
    }
    assert modules_wanted(texts, texts) == ["sklearn", "torch"]


def test_a_requirement_that_nobody_offers_fails_and_a_silent_network_does_not() -> None:
    fault = {**ANSWER, "problem": "No wheel.", "next_step": "Correct it."}
    assert runtime_checks(fault, ["x"])[0].state == "fail"
    assert runtime_checks({**fault, "is_sure": False}, ["x"])[0].state == "note"


def test_missing_imports_are_named() -> None:
    checks = runtime_checks({**ANSWER, "missing": ["monai"]}, [])
    assert [check.state for check in checks] == ["pass", "note", "pass"]
    assert "monai" in checks[1].text


def test_without_a_runtime_nothing_is_claimed() -> None:
    checks = runtime_checks({**ANSWER, "runtime": "", "next_step": "Make it."}, [])
    assert [check.state for check in checks] == ["note"]


def test_what_the_sandbox_was_used_for_is_said_as_it_was() -> None:
    def start(**tried: object) -> tuple[str, str]:
        check = runtime_checks({**ANSWER, "tried": {**TRIED, **tried}}, [])[2]
        return check.state, check.text

    assert start() == (
        "pass", "sandbox bubblewrap, 2.8 s; the package's own code was not run"
    )  # fmt: skip
    assert start(failed={"torch": "ImportError: x", "numpy": "y"}) == (
        "note", "torch: ImportError: x, and 1 more"
    )  # fmt: skip
    assert start(is_late=True)[0] == "note"
    state, text = start(sandbox="")
    assert state == "note"
    assert "no sandbox" in text
    assert start(seconds=0.0)[0] == "pass"
