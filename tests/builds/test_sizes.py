# SPDX-License-Identifier: MIT
"""What is built now is not much larger than what bench/history.json says of the last time it was written."""

import json
import sys

import pytest

from bench import history
from tests.builds.conftest import Clone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of the build")


def test_wheel_and_sdist_are_as_large_as_recorded(clone: Clone) -> None:
    clone.build("wheel", "sdist")
    made = json.loads((clone.root / "dist/manifest.json").read_text())["artefacts"]
    sizes = {f"{entry['kind']}_bytes": float(entry["size"]) for entry in made}
    assert sizes.keys() == {"wheel_bytes", "sdist_bytes"}
    risen = history.grown(sizes, history.read()[-1])
    assert not risen, f"{list(risen.values())}: run scripts/bench --history, and explain it there"
