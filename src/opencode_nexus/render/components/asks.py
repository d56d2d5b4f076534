# SPDX-License-Identifier: MIT
"""What waits for the user: permissions and questions, each a card with a plain form."""

import json
from typing import Any

from markupsafe import Markup

from opencode_nexus.core.unseen import mixed
from opencode_nexus.opencode.patterns import words
from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.render import diff
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.tools.call import dicts
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Leaf, key_of, leaf
from opencode_nexus.render.unseen import shown

ASKED = 500  # lines of a change that a permission shows
# what a request says besides, and is shown by itself or is no part of what is asked
SAID = frozenset({"command", "url", "diff", "patterns", "directories", "filepath", "files", "description", "input"})
GIVEN = 20_000  # characters of one thing that a tool is given

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
    body = asked_for(item)
    always = (
        Markup('<p class="hint">“Always” lets it {} in this folder, until you take that back in the inbox.</p>').format(
            shown(words(item.permission, item.always))
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
            '<article class="card ask" aria-labelledby="{key}t"><header><h2 id="{key}t">{icon}{title}?</h2>'
            '<span class="badge warn">Waiting for you</span></header>{child}{body}{always}'
            '<form method="post" action="{action}" data-live class="stack tight">'
            '<div class="actions"><button class="btn primary" name="reply" value="once">Allow once</button>'
            '{forever}<button class="btn danger" name="reply" value="reject">Reject</button></div>'
            '<details class="fold"><summary>Say why you reject it</summary><div class="field">'
            '<label for="{key}m">Tell the agent what to do instead</label>'
            '<input class="input" id="{key}m" name="message" autocomplete="off"></div></details>'
            "</form></article>"
        ).format(
            key=key,
            icon=icon("key"),
            title=title_of(item.permission),
            child=child,
            body=body,
            always=always,
            action=links.permission(item.id),
            forever=Markup('<button class="btn" name="reply" value="always">Always allow</button>')
            if item.always
            else Markup(""),
        ),
    )


def title_of(kind: str) -> Markup:
    """Return what a permission of a kind is for."""
    return shown(_KINDS.get(kind) or one_line(kind))


def asked_for(item: Permission) -> Markup:
    """Return what exactly is to be allowed: the command, the address, the files, and the change to them.

    Nothing of it is left out but the end of a diff, and what a reader would not see is shown as a token.
    """
    metadata = item.metadata
    wanted = str(metadata.get("command") or metadata.get("url") or "\n".join(item.patterns))
    body = Markup('<pre tabindex="0"><code>{}</code></pre>').format(shown(wanted)) if wanted else Markup("")
    reach = [str(pattern) for pattern in item.patterns if item.permission == "external_directory"]
    if reach and wanted != "\n".join(reach):
        body += Markup('<p class="hint">It reaches {}</p>').format(
            Markup(", ").join(Markup("<code>{}</code>").format(shown(pattern)) for pattern in reach[:20])
        )
    if alike := mixed(wanted):
        body += Markup('<p class="hint warn">{}Letters of several alphabets are mixed here: {}</p>').format(
            icon("warn"), Markup(", ").join(Markup("<code>{}</code>").format(word) for word in alike[:8])
        )
    body += _facts(item, wanted)
    patch = metadata.get("diff")
    if isinstance(patch, str) and patch:
        made, left_out = diff.view(patch, ASKED)
        body += made
        if left_out:
            body += Markup('<p class="hint">Only the first {} lines of the change are shown.</p>').format(ASKED)
    return body


def _facts(item: Permission, wanted: str) -> Markup:
    """Return what else the request says: where is looked, what a tool or a sub-agent is given."""
    given = item.metadata.get("input")
    given = given if isinstance(given, dict) else {}
    rows = [(name, value) for name, value in item.metadata.items() if name not in (*SAID, *given)]
    made = Markup("")
    for name, value in (*rows, *given.items()):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if text not in ("", "null", wanted):
            text = text if len(text) <= GIVEN else f"{text[:GIVEN]}\n… and {len(text) - GIVEN:,} characters more"
            block = (
                Markup('<pre tabindex="0"><code>{}</code></pre>') if len(text) > 80 or "\n" in text else Markup("{}")
            )
            made += Markup("<dt>{}</dt><dd>{}</dd>").format(shown(name), block.format(shown(text)))
    return Markup('<dl class="fields">{}</dl>').format(made) if made else Markup("")


def question(item: Question, links: Links) -> Leaf:
    """Return the card of a question: its options, room for an own answer, Answer and Dismiss."""
    key = "a" + key_of(item.id)
    fields = Markup("").join(_field(key, index, asked) for index, asked in enumerate(item.questions))
    return leaf(
        key,
        Markup(
            '<article class="card ask" aria-labelledby="{key}t">'
            '<header><h2 id="{key}t">{icon}The agent asks</h2>'
            '<span class="badge warn">Waiting for you</span></header>'
            '<form method="post" action="{action}" data-live class="stack tight">{fields}'
            '<div class="actions"><button class="btn primary" name="reply" value="answer">Answer</button>'
            '<button class="btn quiet" name="reply" value="dismiss">Dismiss</button></div></form></article>'
        ).format(key=key, icon=icon("info"), action=links.question(item.id), fields=fields),
    )


def _field(key: str, index: int, asked: dict[str, Any]) -> Markup:
    kind = "checkbox" if asked.get("multiple") else "radio"
    options = Markup("").join(
        Markup(
            '<label class="choice"><input type="{}" name="q{}" value="{}"><span>{}</span>'
            '<span class="hint">{}</span></label>'
        ).format(
            kind, index, option.get("label", ""), shown(option.get("label", "")), shown(option.get("description") or "")
        )
        for option in dicts(asked.get("options"))
    )
    # the form's handler lets own words win where one answer may be given
    words = "Your own answer, instead of these" if options and kind == "radio" else "Your own answer"
    own = Markup(
        '<div class="field"><label for="{key}q{index}">{words}</label>'
        '<input class="input" id="{key}q{index}" name="own{index}" autocomplete="off"></div>'
    ).format(key=key, index=index, words=words)
    if options and asked.get("custom") is False:  # OpenCode 1.18.33 can ask for one of its options alone
        own = Markup("")
    return Markup('<fieldset class="stack tight"><legend>{}</legend><div class="choices">{}</div>{}</fieldset>').format(
        shown(asked.get("question", "")), options, own
    )
