# Two commands do everything: `make demo` and `make test`.
PY := .venv/bin/python
# Processes race: a test that fails is tried once more, and the end of the output names it (RERUN).
PYTEST := $(PY) -m pytest -q --reruns 1 -rfER

.PHONY: demo test setup setup-test lint types layers budget unit contract ui e2e bench screenshots clean

demo: setup  ## open the desktop on a live three-hospital federation (headless without a display)
	$(PY) -m agent_core.cli demo

test: setup-test lint types layers budget unit contract ui e2e  ## the whole gate

setup:
	@bash packaging/setup.sh

setup-test:
	@bash packaging/setup.sh test

lint:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types:
	$(PY) -m mypy
	$(PY) -m mypy --python-executable "$$($(PY) -m agent_core.cli runtime path)" agent_core/worker/engines/*.py

layers:
	.venv/bin/lint-imports --no-cache

budget:
	$(PY) tests/tools/budget.py

unit:  ## two files at a time: most of their time is waiting
	$(PYTEST) -n 2 --dist loadfile tests/unit

contract:  ## likewise
	$(PYTEST) -n 2 --dist loadfile tests/contract

ui:  ## likewise, but for the tests that share one federation
	QT_QPA_PLATFORM=offscreen $(PYTEST) -n 2 --dist loadfile tests/ui --ignore tests/ui/real
	QT_QPA_PLATFORM=offscreen $(PYTEST) tests/ui/real
	$(PY) tests/tools/under_xvfb.py $(PYTEST) tests/ui -m xvfb

e2e:
	$(PYTEST) tests/e2e

bench: setup-test  ## every figure of the README, as JSON and tables
	$(PY) tests/bench/all.py

screenshots: setup-test
	$(PY) tests/tools/screenshots.py

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache
