# SPDX-License-Identifier: MIT
# Each target is one script in scripts/, which a person can call as well.
.DEFAULT_GOAL := help
.PHONY: run test check bench soak docs lock clean help

run: ## Set up what running needs, then start OpenCode Nexus (ARGS="serve --no-open")
	@scripts/setup run
	@exec .venv/bin/opencode-nexus $(ARGS)

test: ## Set up what the tests need, then check and test everything (ARGS="tests/unit -k bus")
	@scripts/test $(ARGS)

check: ## Lint, format, house rules, import floors and types
	@scripts/check

bench: ## Measure, beside OpenCode's own page in the same run (ARGS="--help")
	@scripts/bench $(ARGS)

soak: ## The fault tests at their full counts (ARGS="--minutes 60")
	@scripts/soak $(ARGS)

docs: ## Write docs/reference anew from the code
	@scripts/docs

lock: ## Write the lock files anew
	@scripts/lock

clean: ## Remove what the scripts made in this clone
	@python3 scripts/clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
