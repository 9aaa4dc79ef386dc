# make demo     sets up and runs every role on this machine        make demo WALK=1   tells the whole story and ends
# make test     sets up and passes every test                      make test-fast     the quick ones
# make check    style and types      make bench   speed, beside bare cryptography and other libraries
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check bench lock
BIN := .venv/bin

help:
	@sed -n '1,3s/^# //p' Makefile

demo:
	@tools/setup run
	@$(BIN)/zegel demo $(if $(WALK),--walk) $(if $(PROFILE),--profile $(PROFILE)) $(if $(TLS),--tls)

test:
	@tools/setup test
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n auto --cov --durations=10

test-fast:
	@tools/setup test
	@$(BIN)/python -m pytest -n auto -m "not slow"

check:
	@tools/setup test
	@$(BIN)/ruff check src tests bench tools
	@$(BIN)/ruff format --check src tests bench tools
	@$(BIN)/mypy

bench:
	@tools/setup bench
	@$(BIN)/python bench/run.py

# Pins what pyproject.toml asks for; needs uv.
lock:
	uv pip compile pyproject.toml --extra demo --generate-hashes --universal --python-version 3.11 -q -o requirements/run.txt
	uv pip compile pyproject.toml --extra demo --group test --group check --no-strip-extras --generate-hashes --universal --python-version 3.11 -q -o requirements/dev.txt
	printf 'editables\nhatchling\n' | uv pip compile - --generate-hashes --universal --python-version 3.11 -q -o requirements/build.txt
	uv pip compile --group bench --generate-hashes --universal --python-version 3.11 -q -o requirements/bench.txt
