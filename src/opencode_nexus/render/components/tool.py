# SPDX-License-Identifier: MIT
"""A tool call: folded to one line with its name, what it works on and its state; inside is what its view shows."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.components.attached import picture
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.tools.call import Call, View, dicts
from opencode_nexus.render.components.tools.pieces import cut_by_opencode
from opencode_nexus.render.components.tools.views import title_of, view_of
from opencode_nexus.render.components.words import mark, seconds
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Box, key_of
from opencode_nexus.render.unseen import shown

STATES = {"pending": "Preparing", "running": "Running", "completed": "Done", "error": "Failed"}
FAULT = 4000  # characters of an error that are shown
PICTURES = 8


def tool(part: Part, links: Links, created: int, directory: str = "") -> Box:
    """Return the node of a tool call. `created` is its message's time in milliseconds, `directory` the
    session's folder: paths below it are shown short."""
    call = Call(part, links, created, directory)
    view = view_of(call.name)
    kids = [call.leaf("h", _head(call, view)), *view.body(call)]
    if call.name != "bash":
        kids += cut_by_opencode(call)
    for number, file in enumerate(dicts(call.state.get("attachments"))[:PICTURES]):
        if (made := picture(file)) is not None:
            kids.append(call.leaf(f"p{number}", made))
    if call.state.get("status") == "error":
        words = str(call.state.get("error") or "The tool failed.")[:FAULT]
        kids.append(call.leaf("e", Markup('<p class="fault">{}<span>{}</span></p>').format(icon("warn"), shown(words))))
    if part.interrupted:
        kids.append(call.leaf("x", mark("OpenCode stopped while this was running. How far it came is not known.")))
    # a page's `error` is a line of a form
    kind = "fails" if call.status == "error" else call.status if call.status in STATES else "other"
    return Box(key_of(part.id), "details", {"class": f"part tool {kind}"}, kids)


def subject(name: str, state: dict[str, Any], directory: str = "") -> str:
    """Return what a call works on, as one line: a command, a path, a pattern."""
    part = Part("", "", "tool", data={"tool": name, "state": state})
    return view_of(name).subject(Call(part, Links("", "", ""), 0, directory))


def _head(call: Call, view: View) -> Markup:
    words = "Interrupted" if call.part.interrupted else STATES.get(call.status, call.status)
    time = call.state.get("time")
    start, end = (time.get("start"), time.get("end")) if isinstance(time, dict) else (None, None)
    if call.done and isinstance(start, int | float) and isinstance(end, int | float) and end - start >= 1000:
        words = f"{words} in {seconds((end - start) / 1000)}"
    dot = {"completed": "ok", "error": "bad"}.get(call.status, "")
    if call.done and call.name == "invalid":
        words, dot = "Not done", "warn"
    code = call.metadata.get("exit")
    if call.done and call.name == "bash" and "exit" in call.metadata and code != 0:
        words, dot = (f"Exit code {code}", "warn") if code is not None else ("Stopped", "warn")
    return Markup(
        '<summary>{icon}<b>{name}</b> <code class="clip grow">{subject}</code>{note}'
        '<span class="status {dot}"{state}>{words}</span></summary>'
    ).format(
        icon=icon(view.icon),
        name=shown(title_of(call.name)[:80]),
        subject=shown(view.subject(call)),
        note=view.note(call),
        dot=dot,
        state=Markup(' data-state="busy"') if call.status in ("pending", "running") else Markup(""),
        words=words,
    )
