# How msgen is worked on; docs/work.md says more. `just` alone lists the recipes.
set positional-arguments

pytest := "python3 dev.py test"

_list:
    @just --list

# The tests that need Python and git alone; takes the flags of pytest
test *flags:
    {{ pytest }} "$@"

# Style
lint: _environment
    .venv/bin/ruff check
    .venv/bin/ruff format --check

# Repair the style
fix: _environment
    .venv/bin/ruff check --fix
    .venv/bin/ruff format

# Types
types: _environment
    .venv/bin/mypy

# Everything that CI checks, with servers; as root on Debian it installs what is missing
ci:
    .ci/run

# Write the golden files anew; look at the difference before you commit it
golden:
    {{ pytest }} tests/template/test_golden.py --renew-golden

# Cut a release: archive, index, changelog, commit, tag, next version
release version: _environment
    .venv/bin/python tools/release.py {{ version }}

# Build and run a service's image on a real Docker engine
docker:
    MSGEN_DOCKER=1 {{ pytest }} tests/docker

# Random answers with a new seed each time, and Docker; takes long
soak seed=`date +%s`: docker
    MSGEN_SOAK={{ seed }} {{ pytest }} --numprocesses auto --dist worksteal

_environment:
    @{{ pytest }} --version
