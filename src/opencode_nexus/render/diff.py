# SPDX-License-Identifier: MIT
"""A unified diff as HTML: a line is told apart by its sign and by its element, never by colour alone."""

from markupsafe import Markup, escape

LINES = 80


def counts(patch: str) -> tuple[int, int]:
    """Return (lines added, lines taken away) of a unified diff."""
    added = removed = 0
    for line in _body(patch):
        added += line.startswith("+")
        removed += line.startswith("-")
    return added, removed


def _body(patch: str) -> list[str]:
    """The lines from the first hunk on: the file names above are shown by the caller."""
    lines = patch.rstrip("\n").split("\n")
    for index, line in enumerate(lines):
        if line.startswith("@@"):
            return lines[index:]
    return [line for line in lines if not line.startswith(("---", "+++", "Index:", "===", "diff "))]


def view(patch: str, lines: int | None = LINES) -> tuple[Markup, bool]:
    """Return (the diff as one <pre>, whether lines were left out). `lines` None shows all."""
    body = _body(patch)
    shown = body if lines is None else body[:lines]
    out: list[str] = []
    for line in shown:
        words = escape(line)
        if line.startswith("+"):
            out.append(f"<ins>{words}</ins>")
        elif line.startswith("-"):
            out.append(f"<del>{words}</del>")
        elif line.startswith("@@"):
            out.append(f"<b>{words}</b>")
        else:
            out.append(f"<span>{words}</span>")
    made = '<pre class="diff" tabindex="0"><code>' + "\n".join(out) + "</code></pre>"
    return Markup(made), len(shown) < len(body)
