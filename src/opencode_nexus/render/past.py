# SPDX-License-Identifier: MIT
"""What is shown of a session's past: a piece of it, the ways to what is before and after, and the way to the newest.

Made once and never patched. static/past.js puts pieces together and lets go of what is far off the screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from opencode_nexus.opencode.state import Message, SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import created_ms
from opencode_nexus.render.conversation import Colours, Conversation, older_link

AROUND = 15  # messages of a piece: some 400 to 800 elements


@dataclass(frozen=True, slots=True)
class Past:
    """A piece: `before` and `after` say whether there is more, `joins` that its last message is on the live page."""

    messages: Sequence[Message]
    before: bool
    after: bool
    joins: bool = False


def past_html(state: SessionState, past: Past, links: Links, colours: Colours | None = None) -> str:
    """Return a piece as HTML: the way to what is older, the messages, the way to what is newer."""
    held = {item.id: item for item in past.messages}
    window = SessionState(state.id, directory=state.directory, messages=held)
    page = Conversation(window, links, colours, size=len(held))
    first = past.messages[0] if past.before and past.messages else None
    last = past.messages[-1] if past.after and past.messages else None
    return (
        f'{older_link(links, first)}<div class="past">{page.messages_html()}</div>'
        f"{_newer(links, last, joins=past.joins)}"
    )


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
