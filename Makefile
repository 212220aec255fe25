# Two commands are enough: `make run` and `make test`. Everything that is needed is set up on the way.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do command -v $$p && break; done)
BIN := .venv/bin
STACK := $(BIN)/python -m litemaas.stack
LINTED := accounts apikeys catalog jobs litellm_sync litemaas notifications portal subscriptions teams usage tests bootstrap.py frontend manage.py
# `check` must not depend on a running stack or on what is set for one.
PRODUCTION := SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
  ENCRYPTION_KEYS=check:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ENVIRONMENT=production DEBUG=false \
  DATABASE_URL=postgresql://nobody@127.0.0.1:9/none REDIS_URL=redis://127.0.0.1:9/0 LITELLM_API_KEY=sk-check \
  PUBLIC_URL=https://litemaas.example ALLOWED_HOSTS=litemaas.example
# Each for itself, so that `make -j 2 check` does two at once.
CHECKS := check-style check-types check-layers check-migrations check-settings check-templates check-locks

.PHONY: help run test check $(CHECKS) bench bench-usage bench-outbox bench-freeze chaos fuzz shell manage reset assets messages lock setup

help: ## This list
	@echo "LiteMaaS: make TARGET"
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 12

setup:
	@test -n "$(PYTHON)" || { echo "LiteMaaS needs Python 3.11 or newer, and no Python is here." >&2; exit 1; }
	@$(PYTHON) bootstrap.py

run: setup ## Start everything on http://127.0.0.1:8000 (PORT, GATEWAY_PORT, DEMO_PASSWORD, DATABASE_URL, … change it)
	@exec $(STACK) run

test: setup ## All tests; ARGS="tests/apikeys -k revoke" for some, COVERAGE=1 to measure
	@exec $(BIN)/pytest -n 3 $(if $(COVERAGE),--cov --cov-report=term --cov-fail-under=85) $(ARGS)

check: $(CHECKS) ## Style, types, layers, migrations, settings for production, templates, lock files
	@echo "All checks passed."

check-style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: setup
	@$(PRODUCTION) $(BIN)/mypy $(LINTED)

check-layers: setup
	$(BIN)/lint-imports --no-cache

check-migrations: setup
	@# No database is asked here, and Django would warn that it could not ask one.
	@$(PRODUCTION) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

check-settings: setup
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

check-templates: setup
	$(BIN)/djlint --lint --quiet templates

check-locks:
	@! grep -nE '"(resolved|funding)"|--(extra-)?index-url|--find-links|(https?|file)://[^ "]*(\.tgz|\.whl|\.tar\.gz|/simple)' \
	  package-lock.json tests/identity_provider/package-lock.json tests/walk/package-lock.json requirements/*.txt .npmrc || { echo "A lock file holds a download address." >&2; exit 1; }

bench: setup ## Requests per second on a seeded data set (docs/performance.md)
	@exec $(BIN)/python -m bench $(ARGS)

bench-outbox: setup ## How fast a queue of 20,000 drains, and what comparing 20,000 keys takes (docs/reliability.md)
	@exec $(BIN)/python -m bench.outbox $(ARGS)

bench-freeze: setup ## What 200 people notice of a gateway that hangs for two minutes (docs/reliability.md)
	@exec $(BIN)/python -m bench.freeze $(ARGS)

chaos: setup ## Random steps, kills and outages until portal and gateway agree; CHAOS_STEPS, CHAOS_SEED, CHAOS_FREEZE (seconds)
	@CHAOS_SEED=$${CHAOS_SEED:-$$$$} CHAOS_STEPS=$${CHAOS_STEPS:-20000} CHAOS_FREEZE=$${CHAOS_FREEZE:-20} exec $(BIN)/pytest -q -p no:randomly tests/chaos $(ARGS)

fuzz: setup ## Schemathesis against a running portal, as each role; ARGS="--seconds 60 --roles user"
	@exec $(BIN)/python -m tests.fuzz $(ARGS)

bench-usage: setup ## Ingestion, disk and questions of the usage ledger (docs/performance.md); ARGS=--ask asks about raw calls
	@$(BIN)/python -m bench.ledger $(ARGS)
	@exec $(BIN)/python -m bench.ledger.asking

shell: setup ## Django's shell with the settings of the running stack, or with its servers started for it
	@exec $(STACK) manage shell

manage: setup ## Any manage.py command, in the same way: make manage ARGS="sync_models --dry-run"
	@exec $(STACK) manage $(ARGS)

reset: setup ## Delete the data of the embedded default (asks first; YES=1 agrees)
	@YES=$(YES) exec $(STACK) reset

assets: ## Renew frontend/assets.json after a change of package.json or frontend/
	@$(BIN)/python frontend/assets.py renew

messages: ## Bring the catalogues of translations up to the sources (needs gettext)
	@$(BIN)/python frontend/translations.py renew

lock: ## Compile the requirement files again
	@for name in app dev bootstrap node; do $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-strip-extras \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  requirements/$$name.in -o requirements/$$name.txt; done
