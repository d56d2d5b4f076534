# SPDX-License-Identifier: MIT
"""House rules that no linter knows: file length, licence line, file names, and nothing of one machine."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 400
CODE = {".py", ".js", ".css", ".html", ".sql", ".sh"}
LICENSED = {".py", ".js", ".css", ".sql", ".sh"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
# Put together here, so that this file passes its own rule.
HOSTS = ["/wo" + "rk/", "registry" + r"\.npmjs", "py" + r"pi\.org", "python" + "hosted"]
MACHINE = re.compile("|".join(HOSTS))


def tracked() -> list[Path]:
    """What git tracks, and what it would track: new files are checked before they are added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def faults(path: Path) -> Iterator[str]:
    """Each rule that the file breaks, in one sentence."""
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        return
    text = raw.decode("utf-8")
    first = text[:200]
    script = first.startswith("#!")
    if path.suffix in CODE and text.count("\n") > MOST_LINES:
        yield f"has {text.count(chr(10))} lines; {MOST_LINES} is the most (one noun a file)"
    if (path.suffix in LICENSED or script) and "SPDX-License-Identifier: MIT" not in first:
        yield "lacks its licence line: SPDX-License-Identifier: MIT"
    if path.stem in VAGUE:
        yield "has a name that says nothing; call it by its noun"
    if found := MACHINE.search(text):
        yield f"names a machine's path or a registry: {found[0]}"
    if path.name == "package-lock.json" and '"resolved"' in text:
        yield "holds registry addresses (resolved); run scripts/lock"


def main() -> int:
    wrong = [f"{path.relative_to(ROOT)} {fault}" for path in tracked() for fault in faults(path)]
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
