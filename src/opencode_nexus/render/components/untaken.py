# SPDX-License-Identifier: MIT
"""A message that OpenCode did not take: its whole text, and a plain form to send it again or to drop it."""

from markupsafe import Markup

from opencode_nexus.opencode.state import Untaken
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.tree import Leaf, key_of, leaf


def untaken(item: Untaken, links: Links) -> Leaf:
    """Return the node of such a message; while nobody can be asked whether OpenCode has it, without the form."""
    key = "u" + key_of(item.id)
    words = "OpenCode did not take this message."
    if not item.sure:
        words = "OpenCode stopped before it said that it has this message."
    rest = _form(links.sent(item.id)) if item.sure else _UNSURE
    return leaf(
        key,
        Markup(
            '<section class="msg user" aria-labelledby="{key}t"><h2 class="sr">You, {when}</h2>'
            '<div class="body"><div class="part typed">{text}</div></div>'
            '<div class="foot-line"><p class="mark cut" id="{key}t">{icon}{words}</p>{rest}</div></section>'
        ).format(key=key, when=time_tag(item.at), text=item.text, icon=icon("warn"), words=words, rest=rest),
    )


_UNSURE = Markup('<p class="hint">If OpenCode has it all the same, it shows when OpenCode runs again.</p>')


def _form(action: str) -> Markup:
    return Markup(
        '<p class="hint">The agent has not seen it, and nothing sends it by itself.</p>'
        '<form class="actions" method="post" action="{}" data-live>'
        '<button class="btn primary" name="do" value="again">{}Send again</button>'
        '<button class="btn" name="do" value="drop">Drop it</button></form>'
    ).format(action, icon("send"))
