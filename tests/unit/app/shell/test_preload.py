"""What is imported beforehand exists, and is imported away from the caller's thread."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable

from app.shell import preload


class Recorded:
    """Run what is handed over on a thread and note which one."""

    thread = ""

    def run(self, op: Callable[[], object], **_: object) -> None:
        def work() -> None:
            op()
            self.thread = threading.current_thread().name

        other = threading.Thread(target=work, name="other")
        other.start()
        other.join(60)


def test_modules_exist_and_are_imported_elsewhere() -> None:
    assert all(importlib.util.find_spec(name) for name in preload.MODULES)
    tasks = Recorded()
    preload.preload(tasks)  # type: ignore[arg-type]
    assert tasks.thread == "other"
