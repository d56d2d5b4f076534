# SPDX-License-Identifier: MIT
# Each target is one script in scripts/, which a person can call as well.
.DEFAULT_GOAL := help
.PHONY: run test check bench soak docs lock build build-twice clean help

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

docs: ## Write docs/reference anew from the code, and all of docs as a site in site/
	@scripts/docs

lock: ## Write the lock files anew
	@scripts/lock

build: ## Make wheel, sdist and bundle in dist (ARGS="wheel", "--keep 0")
	@scripts/build $(if $(filter-out -%,$(firstword $(ARGS))),,all) $(ARGS)

build-twice: ## Build wheel and sdist two times: the same bytes, and a tree no larger
	@scripts/build twice

clean: ## Remove what was made in this clone, but for what was installed (ARGS="--all", "--dry-run", "--help")
	@python3 scripts/clean $(ARGS)

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
