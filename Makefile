# make demo     sets up and runs every role on this machine        make demo WALK=1   tells the whole story and ends
# make test     sets up and passes every test                      make test-fast     the quick ones
# make check    style and types      make bench   speed, beside bare cryptography and other libraries
# make wheel    the package          make sbom    what it is made of      make audit   known weaknesses of that
# make fuzz     a minute on each parser and endpoint; MINUTES=30 for longer, TARGETS='*.parse_jw? issuer/*' for some
# make mutants  faults in the lines that hold a check, and which of them no test sees; MODULES='zegel/trust' for some
# make drill    kills each role at each commit, fills disks, locks databases, sets clocks; ONLY=wallet for some
# make load     roles at a rising rate, in a flood, and with thousands who wait, for three minutes; SECONDS=60 for less
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check bench wheel sbom audit fuzz mutants drill load lock
BIN := .venv/bin
QUICK := $(addprefix tests/,unit spec refusals properties architecture)
unexport PYTHONDONTWRITEBYTECODE # a test starts hundreds of processes, and each would compile what it imports
EPOCH := 1577836800 # 2020-01-01: a time that every format of archives can hold

help:
	@sed -n '1,8s/^# //p' Makefile

demo:
	@tools/setup run
	@$(BIN)/zegel demo $(if $(WALK),--walk) $(if $(PROFILE),--profile $(PROFILE)) $(if $(TLS),--tls)

test:
	@tools/setup test
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --durations=10

# Each module by itself, the documents' clauses, and the architecture: what is run after every change.
test-fast:
	@tools/setup test
	@$(BIN)/python -m pytest -n logical --dist worksteal -m "not slow" --hypothesis-profile=quick $(QUICK)

check:
	@tools/setup test
	@$(BIN)/ruff check src tests bench tools
	@$(BIN)/ruff format --check src tests bench tools
	@$(BIN)/mypy

bench:
	@tools/setup bench
	@$(BIN)/python bench/run.py

# The same bytes from the same sources, whenever and wherever they are built.
wheel:
	@tools/setup test
	@SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m hatchling build -t wheel -d dist

sbom:
	@tools/setup test
	@mkdir -p dist
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements/run.txt --pyproject pyproject.toml \
		--output-reproducible --short-PURLs -o dist/zegel.cdx.json
	@echo dist/zegel.cdx.json

audit:
	@tools/setup audit
	@tools/audit

fuzz:
	@tools/setup fuzz
	@PYTHONPATH=tests/support $(BIN)/python -m zegel_fuzz run --minutes $(if $(MINUTES),$(MINUTES),1) -- $(foreach target,$(TARGETS),'$(target)')

drill:
	@tools/setup test
	@PYTHONPATH=tests/support $(BIN)/python -m zegel_drill $(if $(ONLY),'$(ONLY)')

load:
	@tools/setup test
	@$(BIN)/python bench/load_drill.py $(or $(SECONDS),180)

# Goes on where it was ended; rm -r .mutants to begin again.
mutants:
	@tools/setup test
	@PYTHONPATH=tools nice $(BIN)/python -m zegel_mutants $(if $(MINUTES),--minutes $(MINUTES)) $(MODULES)

# Pins what pyproject.toml asks for; needs uv.
lock:
	uv pip compile pyproject.toml --extra demo --generate-hashes --universal --python-version 3.11 -q -o requirements/run.txt
	uv pip compile pyproject.toml --extra demo --group test --group check --group supply --group fuzz --group mutants --no-strip-extras --generate-hashes --universal --python-version 3.11 -q -o requirements/dev.txt
	printf 'editables\nhatchling\n' | uv pip compile - --generate-hashes --universal --python-version 3.11 -q -o requirements/build.txt
	uv pip compile --group bench --generate-hashes --universal --python-version 3.11 -q -o requirements/bench.txt
	uv pip compile --group audit --generate-hashes --universal --python-version 3.11 -q -o requirements/audit.txt
