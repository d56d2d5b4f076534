# SPDX-License-Identifier: MIT
"""What is shown of a session's past: a piece of it, the ways to what is before and after, and the way to the newest.

Made once and never patched. static/past.js puts pieces together and lets go of what is far off the screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from opencode_nexus.opencode.state import Message, SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import created_ms
from opencode_nexus.render.conversation import Colours, Conversation, older_link
from opencode_nexus.render.tree import elements

AROUND = 15  # messages of a piece: some 400 to 800 elements
MOST = 1300  # elements of a piece from which on it has fewer messages


@dataclass(frozen=True, slots=True)
class Past:
    """A piece: `before` and `after` say whether there is more, `joins` that its last message is on the live page.

    `around` is the message that it begins from, which is on it however much that is; the newest, when it is not there.
    """

    messages: Sequence[Message]
    before: bool
    after: bool
    joins: bool = False
    around: str = ""


def past_html(state: SessionState, past: Past, links: Links, colours: Colours | None = None) -> str:
    """Return a piece as HTML: the way to what is older, the messages, the way to what is newer."""
    held = {item.id: item for item in past.messages}
    window = SessionState(state.id, directory=state.directory, messages=held)
    page = Conversation(window, links, colours, size=len(held))
    html, past = _bounded(page, past)
    first = past.messages[0] if past.before and past.messages else None
    last = past.messages[-1] if past.after and past.messages else None
    return f'{older_link(links, first)}<div class="past">{html}</div>{_newer(links, last, joins=past.joins)}'


def _bounded(page: Conversation, past: Past) -> tuple[str, Past]:
    """Return a piece's messages as HTML, and it without those farthest from its beginning when they are too many."""
    made = page.messages()
    sizes = [elements(box) for box in made]
    here = next((at for at, item in enumerate(past.messages) if item.id == past.around), len(made) - 1)
    first, last, left = 0, len(made), sum(sizes)
    while left > MOST and last - first > 1:
        if here - first >= last - 1 - here:
            left -= sizes[first]
            first += 1
        else:
            last -= 1
            left -= sizes[last]
    whole = last == len(made)
    kept = replace(
        past,
        messages=past.messages[first:last],
        before=past.before or first > 0,
        after=past.after or not whole,
        joins=past.joins and whole,
    )
    return "".join(box.html() for box in made[first:last]), kept


def _newer(links: Links, last: Message | None, *, joins: bool) -> Markup:
    link = Markup("")
    if last is not None:
        link = Markup('<a class="btn quiet" href="{}" data-newer>Show newer messages</a>').format(
            links.newer(last.id, created_ms(last))
        )
    return Markup('<div class="newer"{}>{}</div>').format(Markup(" data-joins") if joins else "", link)


def in_the_past(region: str, piece: str) -> str:
    """Return a live region (`Conversation.tree` as HTML) that shows a piece of the past instead of the newest.

    Its messages are left out: a page takes them again when it comes back to the newest. The rest of it is live.
    Text cannot stand for the marks looked for, as it holds no "<".
    """
    return region[: region.index('<div data-k="older"')] + piece + region[region.index('<div data-k="untaken"') :]
