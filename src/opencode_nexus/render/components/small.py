# SPDX-License-Identifier: MIT
"""The parts that are one line or a few: files, changed files, costs of a step, summaries, and kinds not known yet."""

import json
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.components.attached import named, picture
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.tools.call import of
from opencode_nexus.render.components.words import count, cut, money, one_line, provider_error
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Leaf, key_of, leaf
from opencode_nexus.render.unseen import shown

FILES = 20  # names of changed files


def small(part: Part, links: Links, created: int, directory: str = "") -> Leaf | None:
    """Return the node of a part that is neither text, reasoning nor tool; None when it says nothing to a reader.

    `created` is its message's time in milliseconds, `directory` the session's folder.
    """
    if part.kind == "file":
        address = links.file(part.message_id, part.id, created)
        return leaf(key_of(part.id), picture(part.data) or named(part.data, address))
    if part.kind == "patch":
        made = _patch(part, directory)
    else:
        made = _KINDS.get(part.kind, _unknown)(part)
    return leaf(key_of(part.id), made) if made else None


def _line(picture: str, words: Markup) -> Markup:
    return Markup('<p class="part note-line">{}<span>{}</span></p>').format(icon(picture), words)


def _nothing(part: Part) -> None:
    return None


def _code(name: str) -> Markup:
    return Markup("<code>{}</code>").format(shown(one_line(name)))


def _patch(part: Part, directory: str) -> Markup | None:
    files = part.data.get("files")
    prefix = directory.rstrip("/") + "/"
    names = [str(name).removeprefix(prefix) for name in files] if isinstance(files, list) else []
    if not names:
        return None
    more = f" and {len(names) - FILES} more" if len(names) > FILES else ""
    return _line("pen", Markup("Changed {}{}").format(Markup(", ").join(map(_code, names[:FILES])), more))


def _step(part: Part) -> Markup | None:
    """What a step cost that another one follows; the last one's stands in the message's foot."""
    if part.data.get("reason") != "tool-calls":
        return None
    tokens = part.data.get("tokens")
    words = []
    if isinstance(tokens, dict):
        cache = of(tokens, "cache")
        read = _number(tokens.get("input")) + _number(cache.get("read")) + _number(cache.get("write"))
        written = _number(tokens.get("output")) + _number(tokens.get("reasoning"))
        if read or written:
            words.append(f"{count(read)} tokens in, {count(written)} out")
    if cost := _number(part.data.get("cost")):
        words.append(money(cost))
    return Markup('<p class="part cost muted">{}</p>').format(" · ".join(["Step", *words])) if words else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _snapshot(part: Part) -> Markup:
    return _line(
        "copy",
        Markup("The files were kept as they were, as {}").format(_code(str(part.data.get("snapshot") or "")[:12])),
    )


def _compaction(part: Part) -> Markup:
    why = "because it had grown too long " if part.data.get("auto") or part.data.get("overflow") else ""
    return Markup(
        '<p class="part note-line split">{}<span>The conversation so far was summarised here {}</span></p>'
    ).format(icon("info"), why.strip())


def _agent(part: Part) -> Markup:
    return _line("person", Markup("Agent <b>{}</b>").format(shown(one_line(part.data.get("name", ""), 80))))


def _subtask(part: Part) -> Markup:
    words = one_line(part.data.get("description") or part.data.get("command") or "")
    agent = one_line(part.data.get("agent") or "", 60)
    prompt = str(part.data.get("prompt") or "")
    head = Markup("<span>Task for a sub-agent {}{}</span>").format(
        Markup("<b>{}</b>").format(shown(agent)) if agent else "", shown(f": {words}" if words else "")
    )
    if not prompt:
        return _line("person", head)
    return Markup(
        '<details class="part fold"><summary>{}</summary><pre tabindex="0"><code>{}</code></pre></details>'
    ).format(head, shown(cut(prompt)[0]))


def _retry(part: Part) -> Markup:
    error = part.data.get("error")
    said = provider_error(error)[1] if isinstance(error, dict) else ""
    attempt = part.data.get("attempt")
    words = (
        f"The provider was asked again (attempt {attempt})"
        if isinstance(attempt, int)
        else "The provider was asked again"
    )
    return _line("restart", shown(f"{words}: {one_line(said, 300)}" if said else f"{words}."))


def _unknown(part: Part) -> Markup:
    """A kind that is not known here: its name, and what it holds, folded."""
    held = {name: value for name, value in part.data.items() if name not in ("id", "messageID", "sessionID", "type")}
    text = part.text
    try:
        text = text or (json.dumps(held, ensure_ascii=False, indent=1) if held else "")
    except (TypeError, ValueError):
        text = str(held)
    kind = shown(one_line(part.kind or "unknown", 60))
    if not text:
        return _line("info", Markup("A part of the kind {}").format(kind))
    return Markup(
        '<details class="part fold"><summary>A part of the kind {}</summary>'
        '<pre tabindex="0"><code>{}</code></pre></details>'
    ).format(kind, shown(cut(text)[0]))


_KINDS: dict[str, Callable[[Part], Markup | None]] = {
    "step-start": _nothing,  # the protocol's own
    "step-finish": _step,
    "snapshot": _snapshot,
    "compaction": _compaction,
    "agent": _agent,
    "subtask": _subtask,
    "retry": _retry,
}
