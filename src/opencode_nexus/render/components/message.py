# SPDX-License-Identifier: MIT
"""One message: heading, parts, and a foot that says how it ended and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Message
from opencode_nexus.render.components.more import more
from opencode_nexus.render.components.words import count, money, provider_error
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.terminal import plain
from opencode_nexus.render.tree import Box, Node, key_of, leaf

ABORTED = "MessageAbortedError"
FIRST = 600  # characters of an error's first line that are not folded


@dataclass(frozen=True, slots=True)
class Place:
    """What a message takes from the ones around it.

    `busy`: it is being written. `follows`: the message before is by the same one, so the heading is not said
    again. The rest sums up the agent's messages that answer the same question so far.
    """

    busy: bool
    follows: bool
    steps: int
    spent: float
    read: float
    written: float
    changed: str = ""

    @classmethod
    def of(cls, turn: Sequence[Message], *, busy: bool, follows: bool, changed: str = "") -> "Place":
        """Sum up `turn`: US dollars, and tokens read and written. `changed` is what it did to the files, as HTML."""
        spent = read = written = 0.0
        for step in turn:
            tokens = step.info.get("tokens") or {}
            cache = tokens.get("cache") or {}
            spent += float(step.info.get("cost") or 0)
            read += sum(
                float(part.get(name) or 0) for part, name in ((tokens, "input"), (cache, "read"), (cache, "write"))
            )
            written += float(tokens.get("output") or 0) + float(tokens.get("reasoning") or 0)
        return cls(busy, follows, len(turn), spent, read, written, changed)


def message(item: Message, parts: Sequence[Node], place: Place) -> Box:
    """Return the node of a message."""
    key = key_of(item.id)
    kids: list[Node] = []
    if item.role == "user":
        kids.append(leaf(key + "h", Markup('<h2 class="sr">You, {}</h2>').format(time_tag(item.created))))
    elif not place.follows:
        kids.append(leaf(key + "h", Markup('<h2 class="sr">Agent, {}</h2>').format(time_tag(item.created))))
    if item.info.get("summary") is True:
        kids.append(
            leaf(key + "s", Markup('<p class="note-line">{}Summary of what was said so far</p>').format(icon("info")))
        )
    kids.append(body(item, parts))
    foot = _foot(item, place)
    if foot:
        kids.append(leaf(key + "f", Markup('<footer class="foot-line">{}</footer>').format(foot)))
    if link := more(item.id, item.info, created_ms(item)):
        kids.append(leaf(key + "m", link))
    attrs = {"class": f"msg {item.role}", "id": item.id, "data-at": str(created_ms(item))}
    if place.busy:
        attrs["aria-busy"] = "true"
    return Box(key, "article", attrs, kids)


# What OpenCode's names for errors mean; the name stands behind it.
_KINDS = {
    "ProviderAuthError": "The provider did not accept the key",
    "MessageOutputLengthError": "The answer became longer than the model may write",
    "ContextOverflowError": "The conversation no longer fits into the model’s context",
    "ContentFilterError": "The provider held the answer back",
    "StructuredOutputError": "The model did not answer in the form asked for",
}


def created_ms(item: Message) -> int:
    """Return when the message was made, in milliseconds, exactly as OpenCode has it."""
    told = (item.info.get("time") or {}).get("created")
    return int(told) if isinstance(told, int | float) else round(item.created * 1000)


def body(item: Message, parts: Sequence[Node]) -> Box:
    """Return the node that holds a message's parts: all that changes while it is written."""
    return Box(key_of(item.id) + "b", "div", {"class": "body"}, parts)


def with_body(whole: Box, fresh: Box) -> Box:
    """Return the message `whole` with `fresh` in the place of its body."""
    kids = [fresh if kid.key == fresh.key else kid for kid in whole.kids]
    return Box(whole.key, whole.tag, whole.attrs, kids)


def _foot(item: Message, place: Place) -> Markup:
    pieces: list[Markup] = []
    if item.error is not None:
        kind, words = provider_error(item.error)
        if kind == ABORTED:
            pieces.append(
                Markup('<p class="mark cut">{}Stopped. What was said before is kept.</p>').format(icon("stop"))
            )
        else:
            pieces.append(fault(kind, words, item.error))
    elif item.role == "assistant" and item.completed is None and not place.busy and not item.interrupted:
        pieces.append(Markup('<p class="mark cut">This answer was cut off before it was complete.</p>'))
    if place.changed and not place.busy:
        pieces.append(Markup(place.changed))
    if item.role == "assistant" and item.completed is not None and item.info.get("finish") != "tool-calls":
        pieces.append(_costs(item, place))
    return Markup("").join(pieces)


def fault(kind: str, words: str, error: dict[str, Any]) -> Markup:
    """Return an error of the provider or of OpenCode, in its own words: the first line, and the rest folded."""
    data = error.get("data") or {}
    status = data.get("statusCode")
    head = f"{kind}, HTTP {status}" if status else kind
    if kind in _KINDS:
        head = f"{_KINDS[kind]} ({head})"
    body = str(data.get("responseBody") or "")
    detail = Markup("")
    words = plain(words).strip()
    first, _, rest = words.partition("\n")
    if rest or len(first) > FIRST:
        detail += _fold("All that was said", words)
    if body and body.strip() != words:
        detail += _fold("The provider’s whole answer", body)
    return Markup('<div class="fault">{}<div><b>{}</b><p>{}</p>{}</div></div>').format(
        icon("warn"), head, first[:FIRST] or "No reason was given.", detail
    )


def _fold(title: str, text: str) -> Markup:
    return Markup(
        '<details class="fold"><summary>{}</summary><pre tabindex="0"><code>{}</code></pre></details>'
    ).format(title, text[:4000])


def _costs(item: Message, place: Place) -> Markup:
    words = [str(item.info.get("modelID") or "")]
    if place.steps > 1:
        words.append(f"{place.steps} steps")
    if place.read or place.written:
        words.append(f"{count(place.read)} tokens in, {count(place.written)} out")
    if place.spent:
        words.append(money(place.spent))
    return Markup('<p class="cost muted small">{} · {}</p>').format(
        time_tag(item.completed), " · ".join(word for word in words if word)
    )
