# SPDX-License-Identifier: MIT
"""A unified diff as HTML, in one column or in two: a line is told apart by its sign and by its element, never by
colour alone. Lines of one kind that follow each other are one element: a page holds few nodes so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from opencode_nexus.render.unseen import shown

LINES = 80  # lines of a diff that a chat shows
RUNS = 24  # runs of lines of one kind that it shows; each is an element
WIDE = 600  # characters of a line that it shows
ROOM = 200_000  # characters of a patch that are looked at, unless all of it is wanted

BARE = "@@ @@"  # begins lines of which nobody knows where they stand

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_NAMED = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?([^\t\n]+)", re.MULTILINE)
_LETTERS = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `sign` is "+", "-", " ", "@" (where a hunk begins) or "f" (a file's name)."""

    sign: str
    text: str


def rows(patch: str) -> list[Row]:
    """Return the lines of a patch, of one file or several; the files are named when there are several."""
    out = list(_rows(patch))
    files = {row.text for row in out if row.sign == "f"}
    return out if len(files) > 1 else [row for row in out if row.sign != "f"]


def _rows(patch: str) -> Iterator[Row]:
    old = new = 0
    counted = False
    for line in patch.rstrip("\n").split("\n"):
        if old > 0 or new > 0:
            sign = line[:1] or " "
            if sign in " +-":
                old, new = old - (sign != "+"), new - (sign != "-")
                yield Row(sign, line[1:])
                continue
            if sign == "\\":
                continue
        if line.startswith("@@"):
            found = _HUNK.match(line)
            counted = True
            # without numbers (as models write it) all that follows belongs to it
            old, new = (int(found[1] or 1), int(found[2] or 1)) if found else (1 << 30, 1 << 30)
            if line != BARE:
                yield Row("@", line)
        elif line.startswith("+++ "):
            old = new = 0
            yield Row("f", line[4:].split("\t")[0])
        elif not counted and line and not line.startswith(("---", "Index:", "===", "diff ")):
            yield Row(line[0] if line[0] in "+-" else " ", line[1:] if line[0] in "+- " else line)


def counts(patch: str) -> tuple[int, int]:
    """Return (lines added, lines taken away) of a patch."""
    added = removed = 0
    for row in _rows(patch):
        added += row.sign == "+"
        removed += row.sign == "-"
    return added, removed


def _lineless(patch: str) -> Markup:
    """Return in words what a patch without a line tells: an empty box would tell nothing."""
    names = [found[1] for found in _NAMED.finditer(patch[:ROOM])]
    moved = len(names) == 2 and names[0] != names[1] and "/dev/null" not in names
    words = "Only its name changed." if moved else "The file is empty."
    return Markup('<p class="muted small lineless">{}</p>').format(words)


def view(patch: str, lines: int | None = LINES) -> tuple[Markup, bool]:
    """Return (the diff in one column, as one <pre>, whether lines were left out). `lines` None shows all."""
    cut = lines is not None and len(patch) > ROOM
    runs = _runs(rows(patch[:ROOM] if cut else patch))
    if not runs:
        return _lineless(patch), cut
    out: list[str] = []
    used = 0
    for index, run in enumerate(runs):
        room = len(run) if lines is None else min(len(run), lines - used)
        if room <= 0 or (lines is not None and lines <= LINES and index >= RUNS):
            cut = True
            break
        cut = cut or room < len(run)
        used += room
        partner = _partner(runs, index)
        out.append(_run(run[:room], partner, None if lines is None else WIDE))
    return Markup('<pre class="diff" tabindex="0"><code>{}</code></pre>').format(Markup("".join(out))), cut


def columns(patch: str, lines: int | None = None) -> tuple[Markup, bool]:
    """Return (the diff in two columns, before and after, whether lines were left out).

    On a narrow page the style puts the cells below each other, which reads as `view` does.
    """
    cut = lines is not None and len(patch) > ROOM
    runs = _runs(rows(patch[:ROOM] if cut else patch))
    if not runs:
        return _lineless(patch), cut
    cells: list[str] = []
    used = index = 0
    while index < len(runs):
        if lines is not None and used >= lines:
            cut = True
            break
        run = runs[index]
        after = runs[index + 1] if index + 1 < len(runs) else []
        if run[0].sign == "-" and after and after[0].sign == "+":
            cells += _pairs(run, after)
            used += max(len(run), len(after))
            index += 2
            continue
        words = "\n".join(f"{shown(_line(row))}" for row in run)
        if run[0].sign == "-":
            cells += [f"<del>{words}</del><span></span>"]
        elif run[0].sign == "+":
            cells += [f"<span></span><ins>{words}</ins>"]
        elif run[0].sign == " ":  # the second is the same again: it is not read, and not shown on a narrow page
            cells += [f"<span>{words}</span><span aria-hidden=true>{words}</span>"]
        else:
            cells += [f"<b>{words}</b>"]
        used += len(run)
        index += 1
    return Markup('<div class="diff two">{}</div>').format(Markup("".join(cells))), cut


def _runs(every: list[Row]) -> list[list[Row]]:
    runs: list[list[Row]] = []
    for row in every:
        if runs and runs[-1][0].sign == row.sign and row.sign in " +-":
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _partner(runs: list[list[Row]], index: int) -> list[Row]:
    """The run that `runs[index]` stands against: as many lines after lines taken away, or the other way round."""
    sign = runs[index][0].sign
    if sign not in "+-":
        return []
    other = index + 1 if sign == "-" else index - 1
    if not 0 <= other < len(runs) or runs[other][0].sign != ("+" if sign == "-" else "-"):
        return []
    return runs[other] if len(runs[other]) == len(runs[index]) <= 4 else []


def _line(row: Row, wide: int | None = None) -> str:
    if row.sign == "f":
        return row.text
    text = row.text if wide is None or len(row.text) <= wide else row.text[:wide] + "…"
    return text if row.sign == "@" else row.sign + text


def _run(run: list[Row], partner: list[Row], wide: int | None) -> str:
    sign = run[0].sign
    lines = []
    for number, row in enumerate(run):
        if partner:
            lines.append(f"{sign}{_marked(row.text, partner[number].text, wide)}\n")
        else:
            lines.append(f"{shown(_line(row, wide))}\n")
    words = "".join(lines)
    if sign == " ":
        return words
    tag = {"+": "ins", "-": "del"}.get(sign, "b")
    return f"<{tag}>{words}</{tag}>"


def _pairs(gone: list[Row], come: list[Row]) -> list[str]:
    out = []
    for number in range(max(len(gone), len(come))):
        left = gone[number].text if number < len(gone) else None
        right = come[number].text if number < len(come) else None
        if left is not None and right is not None:
            out.append(f"<del>-{_marked(left, right, None)}</del><ins>+{_marked(right, left, None)}</ins>")
        elif left is not None:
            out.append(f"<del>-{shown(left)}</del><span></span>")
        else:
            out.append(f"<span></span><ins>+{shown(right)}</ins>")
    return out


def _marked(text: str, other: str, wide: int | None) -> str:
    """Return a line with what differs from `other` marked: from the first word that differs to the last."""
    if wide is not None and len(text) > wide:
        return str(shown(text[:wide] + "…"))
    start, end = _common(text, other)
    if start + end < min(len(text), len(other)) * 0.3 or start + end >= len(text):
        return str(shown(text))
    stop = len(text) - end
    return f"{shown(text[:start])}<mark>{shown(text[start:stop])}</mark>{shown(text[stop:])}"


def _common(text: str, other: str) -> tuple[int, int]:
    """Return how many characters at the start and at the end are the same, in whole words."""
    most = min(len(text), len(other))
    start = 0
    while start < most and text[start] == other[start]:
        start += 1
    while start and start < len(text) and _LETTERS.match(text[start - 1]) and _LETTERS.match(text[start]):
        start -= 1
    end = 0
    while end < most - start and text[-1 - end] == other[-1 - end]:
        end += 1
    while end and end < len(text) and _LETTERS.match(text[-end]) and _LETTERS.match(text[-end - 1]):
        end -= 1
    return start, end


def sum_line(added: int, removed: int) -> Markup:
    """Return the counts as words, such as "+10 −2"."""
    return Markup('<span class="num small muted">+{} −{}</span>').format(escape(added), escape(removed))
