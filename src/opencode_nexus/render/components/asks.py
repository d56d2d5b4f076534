# SPDX-License-Identifier: MIT
"""What waits for the user: permissions and questions, each a card with a plain form."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.render import diff
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Leaf, key_of, leaf

_KINDS = {
    "bash": "Run a command",
    "edit": "Change a file",
    "write": "Write a file",
    "read": "Read a file",
    "external_directory": "Leave the project folder",
    "webfetch": "Fetch a web page",
    "websearch": "Search the web",
    "task": "Start a sub-agent",
    "doom_loop": "Go on although it repeats itself",
}


def permission(item: Permission, links: Links) -> Leaf:
    """Return the card of a permission: what is wanted, and Once, Always, Reject."""
    key = "a" + key_of(item.id)
    metadata = item.metadata
    wanted = str(metadata.get("command") or metadata.get("url") or "\n".join(item.patterns))
    body = Markup('<pre tabindex="0"><code>{}</code></pre>').format(wanted) if wanted else Markup("")
    if metadata.get("diff"):
        body += diff.view(str(metadata["diff"]))[0]
    always = (
        Markup('<p class="hint">“Always” allows {} until OpenCode stops.</p>').format(
            Markup(", ").join(Markup("<code>{}</code>").format(pattern) for pattern in item.always)
        )
        if item.always
        else Markup("")
    )
    child = (
        Markup('<p class="hint">Asked by a sub-agent of this chat.</p>')
        if item.session_id != links.session_id
        else Markup("")
    )
    return leaf(
        key,
        Markup(
            '<section class="card ask" aria-labelledby="{key}t"><header><h2 id="{key}t">{icon}{title}?</h2>'
            '<span class="badge warn">Waiting for you</span></header>{child}{body}{always}'
            '<form method="post" action="{action}" data-live class="stack tight">'
            '<div class="actions"><button class="btn primary" name="reply" value="once">Allow once</button>'
            '{forever}<button class="btn danger" name="reply" value="reject">Reject</button></div>'
            '<details class="fold"><summary>Say why you reject it</summary><div class="field">'
            '<label for="{key}m">Tell the agent what to do instead</label>'
            '<input class="input" id="{key}m" name="message" autocomplete="off"></div></details>'
            "</form></section>"
        ).format(
            key=key,
            icon=icon("key"),
            title=_KINDS.get(item.permission, one_line(item.permission)),
            child=child,
            body=body,
            always=always,
            action=links.permission(item.id),
            forever=Markup('<button class="btn" name="reply" value="always">Always allow</button>')
            if item.always
            else Markup(""),
        ),
    )


def question(item: Question, links: Links) -> Leaf:
    """Return the card of a question: its options, room for an own answer, Answer and Dismiss."""
    key = "a" + key_of(item.id)
    fields = Markup("").join(_field(key, index, asked) for index, asked in enumerate(item.questions))
    return leaf(
        key,
        Markup(
            '<section class="card ask" aria-labelledby="{key}t">'
            '<header><h2 id="{key}t">{icon}The agent asks</h2>'
            '<span class="badge warn">Waiting for you</span></header>'
            '<form method="post" action="{action}" data-live class="stack tight">{fields}'
            '<div class="actions"><button class="btn primary" name="reply" value="answer">Answer</button>'
            '<button class="btn quiet" name="reply" value="dismiss">Dismiss</button></div></form></section>'
        ).format(key=key, icon=icon("info"), action=links.question(item.id), fields=fields),
    )


def _field(key: str, index: int, asked: dict[str, Any]) -> Markup:
    kind = "checkbox" if asked.get("multiple") else "radio"
    options = Markup("").join(
        Markup(
            '<label class="choice"><input type="{}" name="q{}" value="{}"><span>{}</span>'
            '<span class="hint">{}</span></label>'
        ).format(kind, index, option.get("label", ""), option.get("label", ""), option.get("description") or "")
        for option in asked.get("options") or ()
    )
    return Markup(
        '<fieldset class="stack tight"><legend>{words}</legend><div class="choices">{options}</div>'
        '<div class="field"><label for="{key}q{index}">Your own answer</label>'
        '<input class="input" id="{key}q{index}" name="own{index}" autocomplete="off"></div></fieldset>'
    ).format(words=asked.get("question", ""), options=options, key=key, index=index)
