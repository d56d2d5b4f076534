# SPDX-License-Identifier: MIT
"""What stands between a conversation and its composer: what is undone, what a stop did, a deletion to take back."""

from markupsafe import Markup

from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.head import HeadFacts
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.tree import Leaf, leaf

ICONS = {"ok": "check", "bad": "warn", "busy": "info"}


def after(state: SessionState, facts: HeadFacts, links: Links) -> Leaf:
    """Return the node; empty when there is nothing to tell."""
    rows = Markup("")
    if facts.deleted is not None:
        session_id, title = facts.deleted
        rows += _row(
            "",
            "trash",
            Markup("“{}” was deleted.").format(title or "New chat"),
            f"{links.of(session_id)}/undelete",
            "Undo",
        )
    if facts.due is not None:
        rows += _row(
            "warn",
            "trash",
            Markup("This chat was deleted. It goes for good at {}.").format(time_tag(facts.due)),
            f"{links.session}/undelete",
            "Undo",
        )
    elif facts.archived:
        rows += _row(
            "", "archive", Markup("This chat is in the archive."), f"{links.session}/unarchive", "Bring it back"
        )
    if state.revert_from:
        rows += _undone(state, facts, links)
    if facts.notice is not None:
        kind, words = facts.notice
        mark = Markup('<span class="status" data-state="busy"></span>') if kind == "busy" else icon(ICONS[kind])
        shut = Markup("") if kind == "busy" else _button(f"{links.session}/notice", "Close", "quiet")
        rows += Markup('<div class="note {}">{}<div>{}</div>{}</div>').format(kind, mark, words, shut)
    return leaf("after", Markup('<div class="after">{}</div>').format(rows))


def _row(kind: str, name: str, words: Markup, address: str, button: str) -> Markup:
    return Markup('<div class="note {}">{}<div>{}</div>{}</div>').format(
        kind, icon(name), words, _button(address, button)
    )


def _button(address: str, words: str, kind: str = "") -> Markup:
    return Markup('<form method="post" action="{}" data-live><button class="btn {}">{}</button></form>').format(
        address, kind, words
    )


def _undone(state: SessionState, facts: HeadFacts, links: Links) -> Markup:
    from_id = state.revert_from or ""
    mine = sum(1 for item in state.messages.values() if item.role == "user" and item.id >= from_id)
    what = (
        "Your last message and its answer are undone."
        if mine == 1
        else f"Your last {mine} messages and their answers are undone."
    )
    if from_id not in state.messages:
        what = "The newest messages are undone."  # from before what is loaded here
    files = ""
    if facts.put_back:
        files = (
            " One file was put back." if len(facts.put_back) == 1 else f" {len(facts.put_back)} files were put back."
        )
    elif facts.put_back is not None:
        files = " No file was changed by that."
    link = Markup('<a class="btn" href="{}" data-nav>Restore…</a>').format(f"{links.session}/restore")
    return Markup('<div class="note warn">{}<div>{} They go for good with your next message.{}</div>{}</div>').format(
        icon("undo"), what, files, link
    )
