# SPDX-License-Identifier: MIT
"""The line above the composer: what the session does now, and Stop while it does something."""

from markupsafe import Markup

from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import ABORTED, fault
from opencode_nexus.render.components.words import provider_error
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.tree import Leaf, leaf

KEY = "status"


def status(state: SessionState, links: Links, *, reachable: bool = True) -> Leaf:
    """Return the node of the status line. `reachable`: OpenCode runs."""
    words = Markup("")
    stop = Markup("")
    if not reachable:
        words = Markup(
            '<span class="status" data-state="stopped">OpenCode is not running.</span> '
            '<span class="muted">What was said is kept. Start the server to go on.</span>'
        )
    elif state.deleted:
        words = Markup('<span class="status" data-state="stopped">This chat was deleted.</span>')
    elif state.permissions or state.questions:
        words = Markup('<span class="status" data-state="waiting">Waiting for your answer</span>')
        stop = _stop(links)
    elif state.status.kind == "retry":
        words, stop = _retry(state), _stop(links)
    elif state.status.kind == "busy":
        words = Markup(
            '<span class="status" data-state="busy">Working…</span>'
            '<noscript><a class="btn quiet" href="{}">Show what is new</a></noscript>'
        ).format(links.session)
        stop = _stop(links)
    elif state.error is not None and not _shown(state):
        kind, said = provider_error(state.error)
        if kind == ABORTED:
            words = Markup('<span class="status" data-state="stopped">Stopped</span>')
        else:
            words = fault(kind, said, state.error)
    elif state.interrupted:
        words = Markup(
            '<span class="status" data-state="failed">OpenCode stopped while the agent was working.</span> '
            '<span class="muted">Send a message to go on.</span>'
        )
        stop = Markup(
            '<form method="post" action="{}/continue" data-live><button class="btn">{}Continue</button></form>'
        ).format(links.session, icon("play"))
    return leaf(KEY, Markup('<div class="state-line">{}{}</div>').format(words, stop))


def _shown(state: SessionState) -> bool:
    """True when the last message already carries the error in its foot."""
    last = next(reversed(state.messages.values()), None)
    return last is not None and last.error is not None


def _stop(links: Links) -> Markup:
    return Markup(
        '<form method="post" action="{}" data-live><button class="btn danger" data-stop>{}Stop</button></form>'
    ).format(links.abort, icon("stop"))


def _retry(state: SessionState) -> Markup:
    now = state.status
    when = Markup("")
    if now.next is not None:
        when = Markup('Trying again at <span data-until="{}">{}</span>.').format(int(now.next), time_tag(now.next))
    return Markup(
        '<span class="status" data-state="waiting">The provider failed</span> '
        '<span>{}</span> <span class="muted">Attempt {}. {}</span>'
    ).format(now.message or "It gave no reason.", now.attempt, when)
