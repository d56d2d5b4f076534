# SPDX-License-Identifier: MIT
"""write, edit, multiedit, patch and apply_patch: what became of the files, as a diff."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.render import diff
from opencode_nexus.render.components.tools.call import Call, View, dicts, of, subject_of
from opencode_nexus.render.components.tools.pieces import changed, counts, cut_block, fields, output
from opencode_nexus.render.components.words import count, one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

FILES = 12  # files of one call that are shown
PLAIN = 200  # characters; an answer that is shorter says only that it went well

_WHAT = {"add": "new", "delete": "deleted", "move": "moved"}


def _diagnostics(call: Call) -> list[Leaf]:
    """What the language servers say of the files since."""
    found = [
        f"{call.short(str(path))}: {one_line(item.get('message', ''), 200)}"
        for path, items in of(call.metadata, "diagnostics").items()
        for item in dicts(items)
        if item.get("severity") == 1
    ]
    if not found:
        return []
    rows = Markup("").join(Markup("<li>{}</li>").format(shown(line)) for line in found[:8])
    words = Markup('<div class="hint">Errors that are there now:<ul>{}</ul></div>').format(rows)
    return [call.leaf("g", words)]


def _edited(call: Call) -> list[Leaf]:
    patch = call.metadata.get("diff") or of(call.metadata, "filediff").get("patch")
    if isinstance(patch, str) and patch:
        return [changed(call, patch), *_diagnostics(call)]
    made = [changed(call, patch, f"d{number}") for number, patch in enumerate(wanted(call.input)[:FILES])]
    return (made or fields(call)) + _long(call)


def wanted(entered: dict[str, Any]) -> list[str]:
    """Return what the input of an edit asks for, as diffs: before it is done there are no others."""
    out = []
    for pair in dicts(entered.get("edits")) or [entered]:
        before, after = pair.get("oldString"), pair.get("newString")
        if isinstance(before, str) and isinstance(after, str):
            gone = [f"-{line}" for line in before.split("\n")] if before else []
            come = [f"+{line}" for line in after.split("\n")] if after else []
            out.append("\n".join([diff.BARE, *gone, *come]))
    return out


def _written(call: Call) -> list[Leaf]:
    patch = call.metadata.get("diff")
    if isinstance(patch, str) and patch:
        return [changed(call, patch), *_diagnostics(call)]
    content = call.text("content")
    made = [call.leaf("i", cut_block(call, content, "Content"))] if content else fields(call)
    if not content and call.done and call.input.get("content") == "":
        made = [call.leaf("i", Markup('<p class="muted small">The file is empty.</p>'))]
    return made + _long(call) + _diagnostics(call)


def _long(call: Call) -> list[Leaf]:
    return output(call) if len(call.output) >= PLAIN or not call.done else []


def _written_note(call: Call) -> Markup:
    if call.metadata.get("diff"):
        return counts(call)
    content = call.text("content")
    if not content:
        return Markup("")
    lines = content.count("\n") + (not content.endswith("\n"))
    fresh = "new, " if call.metadata.get("exists") is False else ""
    words = "1 line" if lines == 1 else f"{count(lines)} lines"
    return Markup('<span class="num small muted">{}{}</span>').format(fresh, words)


def _patched(call: Call) -> list[Leaf]:
    made = []
    for number, file in enumerate(dicts(call.metadata.get("files"))[:FILES]):
        patch = file.get("patch")
        if not isinstance(patch, str):
            continue
        name = str(file.get("relativePath") or call.short(str(file.get("filePath") or "")))
        what = _WHAT.get(str(file.get("type")), "")
        head = Markup('<p class="small"><code>{}</code> <span class="muted">{}</span> {}</p>').format(
            shown(one_line(name)), what, diff.sum_line(*diff.counts(patch))
        )
        made += [call.leaf(f"n{number}", head), changed(call, patch, f"d{number}", diff.LINES // 2)]
    if made:
        return made + _diagnostics(call)
    patch = call.metadata.get("diff") or call.text("patchText") or call.text("patch")
    return [changed(call, str(patch)), *_long(call)] if patch else fields(call) + _long(call)


def _patched_subject(call: Call) -> str:
    names = [str(file.get("relativePath") or file.get("filePath") or "") for file in dicts(call.metadata.get("files"))]
    if names:
        return one_line(", ".join(call.short(name) for name in names[:FILES]))
    marks = ("*** Add File: ", "*** Update File: ", "*** Delete File: ")
    lines = (call.text("patchText") or call.text("patch"))[:20_000].split("\n")
    found = [line.partition(": ")[2] for line in lines if line.startswith(marks)]
    return one_line(", ".join(call.short(name) for name in found[:FILES]))


WRITE = View("pen", subject_of("filePath"), _written, _written_note)
EDIT = View("pen", subject_of("filePath"), _edited, counts)
PATCH = View("pen", _patched_subject, _patched, counts)
