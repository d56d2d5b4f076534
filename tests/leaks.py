# SPDX-License-Identifier: MIT
"""The secrets that tests used, and a look at all that they wrote: none of it may hold one.

A test, or the double that it talks to, hands each secret to `remember`. From then on everything that a test writes is
searched for it: what pytest captured (stdout, stderr, log lines), and the logs of hubs below its tmp_path. A find fails
the test. Each worker knows the secrets of its own tests, which are the only ones that its output could hold.
"""

from collections.abc import Generator, Iterable
from pathlib import Path
from urllib.parse import quote

import pytest

SHORTEST = 8  # characters; anything shorter stands in ordinary text
LOGS = {".log", ".out", ".err"}

_known: set[str] = set()


def remember(secret: str) -> str:
    """Return the secret, and look for it in all output from now on."""
    assert len(secret) >= SHORTEST, "too short to be searched for"
    _known.add(secret)
    return secret


def found_in(text: str) -> list[str]:
    """The beginning of each known secret that the text holds, as it is or as an address would hold it."""
    return sorted(f"{secret[:4]}…" for secret in _known if secret in text or quote(secret, safe="") in text)


def in_logs(folder: Path) -> list[str]:
    """What log files below a folder hold: "<file>: <beginning of the secret>"."""
    found = []
    for path in folder.rglob("*"):
        if LOGS.intersection(path.suffixes) and path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode(errors="replace")
            found += [f"{path.relative_to(folder)}: {start}" for start in found_in(text)]
    return found


def refuse(places: Iterable[str]) -> None:
    """Fail when there are any."""
    if told := list(places):
        raise AssertionError(f"a secret was written out: {', '.join(told)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose output holds a secret."""
    report = yield
    found = [f"{name}: {start}" for name, text in report.sections for start in found_in(text)]
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.when == "teardown" and folder is not None and _known:
        found += in_logs(folder)
    if found and not report.failed:
        report.outcome = "failed"
        report.longrepr = f"a secret was written out: {', '.join(found)}"
    return report
