# SPDX-License-Identifier: MIT
"""A session's state as the tree of its page: the newest messages, what waits, and what it does now.

Only what changed is made again; everything else is the same object as before, which is how `live.view`
knows that it need not look at it.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from markupsafe import Markup

from opencode_nexus.opencode.state import Change, Message, Part, SessionState
from opencode_nexus.opencode.state import Permission as PermissionAsked
from opencode_nexus.render.components.after import after
from opencode_nexus.render.components.asks import permission, question
from opencode_nexus.render.components.changes import changed_by
from opencode_nexus.render.components.head import HeadFacts, head
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import Place, body, created_ms, message, with_body
from opencode_nexus.render.components.plan import plan
from opencode_nexus.render.components.small import small
from opencode_nexus.render.components.status import status
from opencode_nexus.render.components.text import Text, added_text, user_text
from opencode_nexus.render.components.tool import tool
from opencode_nexus.render.components.untaken import untaken
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Box, Leaf, Node, Still, elements, leaf

WINDOW = 30  # messages on a page when it is opened
KEPT = 60  # messages that an open chat may grow to before the oldest are let go
MOST = 2000  # elements of the messages on a page before the oldest are let go: page and list have some 300 more
ROOM = 1300  # elements that then stay, and those of the newest message in any case
LOOK = 64  # frames of words after which the elements are counted again


class Colours(Protocol):
    """Colours for finished code (`render.highlight.Highlighter`)."""

    def spans(self, code: str, language: str) -> str | None: ...
    def listen(self, listener: Callable[[], None]) -> Callable[[], None]: ...


class Conversation:
    """The tree of one session. `change` says what differs, `tree` gives the present tree."""

    def __init__(self, state: SessionState, links: Links, colours: Colours | None = None, size: int = WINDOW) -> None:
        """`size`: how many of the newest messages are shown at first."""
        self._state, self._links, self._size = state, links, size
        self._colour = colours.spans if colours is not None else None
        self._texts: dict[str, Text] = {}
        self._parts: dict[str, Node | None] = {}
        self._messages: dict[str, Box] = {}
        self._sizes: dict[str, tuple[Box, int]] = {}
        self._frames = 0
        self._window: list[str] = []
        self._stale: set[str] = set()
        self._grown: set[str] = set()
        self._moved = True
        self._places: dict[str, Place] = {}
        self._status: Leaf | None = None
        self._asks: Box | None = None
        self._told: dict[str, PermissionAsked] = {}
        self._untaken: Box | None = None
        self._head: Box | None = None
        self._after: Leaf | None = None
        self._plan: Node | None = None
        self._log: Box | None = None
        self.chats: Node = leaf("chats", Markup("<div></div>"))
        self.reachable = True
        self._facts = HeadFacts()
        self._open_window()

    def _open_window(self) -> None:
        self._window = self._shown_ids()[-self._size :]
        self._stale = set(self._window)
        self._grown.clear()
        self._moved = True
        self._places.clear()
        self._texts.clear()
        self._parts.clear()
        self._messages.clear()
        self._sizes.clear()
        self._status = self._asks = self._untaken = self._head = self._after = self._log = self._plan = None

    def _shown_ids(self) -> list[str]:
        """The messages that are not undone, oldest first."""
        ids, undone = list(self._state.messages), self._state.revert_from
        if undone in self._state.messages:
            return ids[: ids.index(undone)]
        return [] if ids and undone and undone < ids[0] else ids  # all of the window is undone

    def change(self, changes: Iterable[Change]) -> None:
        """Take note of what differs in the state."""
        for item in changes:
            match item.kind:
                case "reset":
                    self._open_window()
                case "delta":
                    self._parts.pop(item.part_id, None)
                    self._grown.add(item.message_id)
                case "part" | "part-removed":
                    self._parts.pop(item.part_id, None)
                    if item.kind == "part-removed":
                        self._texts.pop(item.part_id, None)
                    self._stale.add(item.message_id)
                case "message" | "message-removed":
                    self._stale.add(item.message_id)
                    self._moved = True
                case "permission" | "question":
                    self._asks = self._status = None
                case "untaken":
                    self._untaken = None
                case "todos":
                    self._plan = None
                case "session":
                    self._head = self._after = self._status = self._log = None
                    self._stale.update(self._window)
                    self._moved = True  # what is undone is hidden, or shown again where nothing was
                case "status" | "error":
                    self._status = None
                    self._moved = True

    def recolour(self) -> bool:
        """Some colours are ready: render the texts that wait for them again; True when there were any."""
        waiting = [part_id for part_id, text in self._texts.items() if text.plain]
        for part_id in waiting:
            self._texts[part_id].refresh()
            self._parts.pop(part_id, None)
        for message_id in self._window:
            held = self._state.messages.get(message_id)
            if held is not None and any(part_id in held.parts for part_id in waiting):
                self._stale.add(message_id)
        return bool(waiting)

    def told(self, asked: PermissionAsked) -> None:
        """Take a request that waits with more than OpenCode's words of it: what its tool is given."""
        if self._told.get(asked.id) != asked:
            self._told = {name: one for name, one in self._told.items() if name in self._state.permissions}
            self._told[asked.id] = asked
            self._asks = self._log = None

    def unreachable(self, reachable: bool) -> None:
        """OpenCode has stopped (False) or runs again (True)."""
        if reachable != self.reachable:
            self.reachable = reachable
            self._status = None

    def set_chats(self, chats: Node) -> None:
        """Take the list of the server's sessions, made by the page."""
        self.chats = chats

    def set_facts(self, facts: HeadFacts) -> None:
        """Take what the hub knows of the session beside OpenCode's state."""
        if facts != self._facts:
            self._facts, self._head, self._after = facts, None, None

    def tree(self) -> Box:
        """Return the page's live region."""
        if self._stale or self._grown or self._moved:
            self._make_messages()
            self._log = None
        if self._asks is None:
            self._asks = self._make_asks()
            self._log = None
        if self._untaken is None:
            items = self._state.untaken
            self._untaken = Box("untaken", "div", {"class": "untaken"}, [untaken(item, self._links) for item in items])
            self._log = None
        if self._log is None:
            self._log = self._make_log()
        if self._status is None:
            self._status = status(self._state, self._links, reachable=self.reachable)
        if self._head is None:
            self._head = head(self._state, self._facts, self._links)
        if self._after is None:
            self._after = after(self._state, self._facts, self._links)
        if self._plan is None:
            self._plan = plan(self._state.todos)
        kids = [self.chats, self._head, self._log, self._plan, self._after, self._status]
        return Box("live", "div", {"class": "live"}, kids)

    def messages(self) -> list[Box]:
        """Return the messages alone, all that there is room for at first, however many elements they are."""
        self._make(self._window)
        self._stale.clear()
        return [self._messages[message_id] for message_id in self._window]

    def _make_asks(self) -> Box:
        waits = self._state.permissions.values()
        cards = [permission(self._told.get(item.id, item), self._links) for item in waits]
        cards += [question(item, self._links) for item in self._state.questions.values()]
        return Box("asks", "div", {"class": "asks"}, cards)

    def _make_log(self) -> Box:
        assert self._asks is not None and self._untaken is not None
        boxes = [self._messages[message_id] for message_id in self._window]
        held = self._state.messages
        first = held[self._window[0]] if self._window else next(iter(held.values()), None)
        older = first is not None and (self._state.has_older or first.id != next(iter(self._state.messages)))
        more = older_link(self._links, first if older else None)
        attrs = {
            "class": "talk", "data-follow": "1", "role": "log", "aria-live": "off",
            "aria-label": "Conversation", "tabindex": "0",
        }  # fmt: skip
        empty = [] if boxes or self._untaken.kids or self._state.revert_from else [leaf("hello", _hello())]
        inner = Box("msgs", "div", {"class": "msgs"}, [*empty, *boxes])
        below = Markup('<div class="below"><a class="btn" href="{}" data-newest>{}Jump to the newest</a></div>').format(
            self._links.session, icon("down")
        )
        # static/past.js puts what is older and newer beside `inner`, and decides when the way down is shown
        kids: list[Node] = [Still("older", str(more)), inner, self._untaken, self._asks, Still("below", str(below))]
        return Box("log", "div", attrs, [Box("flow", "div", {"class": "flow"}, kids)])

    def _make_messages(self) -> None:
        ids = self._shown_ids()
        first = self._window[0] if self._window and self._window[0] in self._state.messages else None
        start = ids.index(first) if first in ids else max(0, len(ids) - self._size)
        window = ids[start:]
        if len(window) > max(KEPT, self._size):
            window = window[-self._size :]
        if window != self._window:
            self._let_go(window)
            self._stale.update(set(window) - set(self._messages))
        self._frames += 1
        count = bool(self._stale or self._moved) or self._frames % LOOK == 0
        self._make(window)
        for message_id in self._grown - self._stale:
            if message_id in self._messages:
                item = self._state.messages[message_id]
                fresh = body(item, self._nodes(item))
                self._messages[message_id] = with_body(self._messages[message_id], fresh)
        if count and (fitting := self._fitting()) != window:
            self._let_go(fitting)
            self._stale.clear()
            self._moved = True  # the first one that is left follows no other any more
            self._make(fitting)
        self._stale.clear()
        self._grown.clear()
        self._moved = False
        if len(self._parts) > 64 * KEPT:
            self._forget()

    def _make(self, window: list[str]) -> None:
        """Make the messages that are stale, or have another place among the others."""
        if self._stale or self._moved:
            self._place(window)
            for message_id in window:
                if message_id in self._stale:
                    item = self._state.messages[message_id]
                    self._messages[message_id] = message(item, self._nodes(item), self._places[message_id])

    def _let_go(self, window: list[str]) -> None:
        """Show no more than these messages."""
        for message_id in set(self._window) - set(window):
            self._messages.pop(message_id, None)
            self._sizes.pop(message_id, None)
        self._window = window

    def _fitting(self) -> list[str]:
        """The messages on the page, without the oldest ones when they are too many elements."""
        sizes = [self._size_of(message_id) for message_id in self._window]
        left = sum(sizes)
        if left <= MOST:
            return self._window
        first = 0
        while left > ROOM and first < len(sizes) - 1:
            left -= sizes[first]
            first += 1
        return self._window[first:]

    def _size_of(self, message_id: str) -> int:
        made = self._messages[message_id]
        found = self._sizes.get(message_id)
        if found is None or found[0] is not made:
            found = self._sizes[message_id] = (made, elements(made))
        return found[1]

    def _forget(self) -> None:
        """Let go of parts that are no longer in the window."""
        held = {part_id for message_id in self._window for part_id in self._state.messages[message_id].parts}
        self._parts = {part_id: node for part_id, node in self._parts.items() if part_id in held}
        self._texts = {part_id: text for part_id, text in self._texts.items() if part_id in held}

    def _nodes(self, item: Message) -> list[Node]:
        nodes = []
        for part in item.parts.values():
            if part.id not in self._parts:
                self._parts[part.id] = self._part(part, item)
            node = self._parts[part.id]
            if node is not None:
                nodes.append(node)
        return nodes

    def _place(self, window: list[str]) -> None:
        """Find what each message takes from the others; those for which it changed are stale."""
        state = self._state
        answers = [item for item in state.messages.values() if item.role == "assistant"]
        turns: dict[object, list[Message]] = {}
        for item in answers:
            turns.setdefault(item.info.get("parentID") or item.id, []).append(item)
        # the newest answer, not the newest message: a person may have written more while it is being given
        newest = answers[-1] if answers else None
        before = ""
        for message_id in window:
            item = state.messages[message_id]
            runs = item is newest and item.completed is None and item.error is None
            turn = turns.get(item.info.get("parentID") or item.id, []) if item.role == "assistant" else []
            # what a turn changed is told by the message that it answers, and shown below its last one
            asked = state.messages.get(str(item.info.get("parentID"))) if turn and turn[-1] is item else None
            changed = changed_by(asked, self._links) if asked is not None else Markup("")
            place = Place.of(
                turn, busy=runs and state.status.kind != "idle", follows=before == item.role, changed=changed
            )
            if self._places.get(message_id) != place:
                self._places[message_id] = place
                self._stale.add(message_id)
            before = item.role

    def _part(self, part: Part, item: Message) -> Node | None:
        if part.kind in ("text", "reasoning"):
            if item.role == "user":
                whole = self._links.part(item.id, part.id, created_ms(item))
                return added_text(part, whole) if part.data.get("synthetic") else user_text(part, whole)
            if not part.text and part.closed and not part.interrupted:
                return None
            text = self._texts.get(part.id)
            if text is None:
                whole = self._links.part(item.id, part.id, created_ms(item))
                text = self._texts[part.id] = Text(part.id, self._colour, whole)
            return text.text(part) if part.kind == "text" else text.reasoning(part)
        if part.kind == "tool":
            return tool(part, self._links, created_ms(item), self._state.directory)
        return small(part, self._links, created_ms(item), self._state.directory)


def _hello() -> Markup:
    return Markup(
        '<div class="empty"><h2>Nothing said yet</h2>'
        "<p>Write below what you want done. The agent works in the project’s folder.</p></div>"
    )


def older_link(links: Links, first: Message | None) -> Markup:
    """Return the way to what was said before `first`; empty without one."""
    link = Markup("")
    if first is not None:
        link = Markup('<a class="btn quiet" href="{}" data-older>Show older messages</a>').format(
            links.older(first.id, created_ms(first))
        )
    return Markup('<div class="older">{}</div>').format(link)
