# SPDX-License-Identifier: MIT
"""The one table of what is made in a clone and may go again: `scripts/clean` touches nothing else.

A test holds it against .gitignore: each place is ignored there, and each line there is a place here.
"""

from __future__ import annotations

from typing import NamedTuple

DEV, RELEASE, CACHE, DEPS = "dev", "release", "cache", "deps"


class Place(NamedTuple):
    """`pattern` is as in .gitignore: from the clone's root when it begins with /, else a name in any folder.

    `inside` says that the folder's entries are looked at one by one, each with its own age.
    """

    kind: str
    pattern: str
    inside: bool = False


PLACES = (
    # what working in the clone leaves
    Place(DEV, "/build/"),  # the intermediates of a build, there only while it runs or when it was killed
    Place(DEV, "/site/"),
    Place(DEV, "/bench/results/", inside=True),
    Place(DEV, "/tests/browser/screenshots/", inside=True),
    Place(DEV, "/.soak/", inside=True),
    Place(DEV, "/tests/faults/soak.json"),
    Place(DEV, "/tests/faults/hub_kills.json"),
    Place(DEV, "/tests/tunnels/soak.json"),
    Place(DEV, ".coverage"),
    Place(DEV, ".coverage.*"),
    Place(DEV, "*.egg-info/"),
    Place(DEV, ".DS_Store"),
    # what builds made
    Place(RELEASE, "/dist/", inside=True),
    # what tools keep to be quicker the next time
    Place(CACHE, "__pycache__/"),
    Place(CACHE, "*.py[cod]"),
    Place(CACHE, ".hypothesis/"),
    Place(CACHE, ".import_linter_cache/"),
    Place(CACHE, ".mypy_cache/"),
    Place(CACHE, ".pytest_cache/"),
    Place(CACHE, ".ruff_cache/"),
    # what was brought from elsewhere
    Place(DEPS, "/.venv/"),
    Place(DEPS, "/.venv-desktop/"),
    Place(DEPS, "/node_modules/"),
    Place(DEPS, "/bench/lighthouse/node_modules/"),
    Place(DEPS, "/src/opencode_nexus/web/static/vendor/"),
)
