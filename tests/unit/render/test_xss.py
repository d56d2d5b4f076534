# SPDX-License-Identifier: MIT
"""Whatever stands in a conversation stays words: no tag, attribute or address of its own gets into the page."""

import re
from functools import cache
from html.parser import HTMLParser

import pytest

from opencode_nexus.opencode.state import Message, Part, Permission, Question, SessionState, Status, Untaken
from opencode_nexus.render.components.changes import by_file, change, changed_by, named
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.whole import whole
from opencode_nexus.render.conversation import Conversation
from tests.unit.render.xss import VECTORS, parts, states

LINKS = Links("/base", "srv_1", "ses_1")
TAGS = set(
    "a article aside b blockquote br button circle code dd del details div dl dt em fieldset figure footer form h1 h2"
    " h3 h4 h5 h6 header hr img input ins kbd label legend li main mark meter nav noscript ol p path pre rect section"
    " small span strong sub summary sup svg table tbody td th thead time tr ul".split()
)
ATTRIBUTES = re.compile(
    r"data-[a-z-]+|aria-[a-z]+|class|id|role|tabindex|title|href|target|rel|src|alt|loading|for|type|name|value|method"
    r"|action|autocomplete|datetime|popover|popovertarget|popovertargetaction|start|open|hidden|download|required|maxlength|min|max|low|high"
    r"|viewbox|width|height|fill|stroke|stroke-(?:width|linecap|linejoin)|d|cx|cy|r|x|y|rx"
)
OWN = re.compile(r"/base/chat/srv_1[/\w?=&;.%~#-]*|[?#][\w=&%-]*")
WEB = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=]+")


class Checker(HTMLParser):
    """Notes what must not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.keys: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if ATTRIBUTES.fullmatch(name) is None:
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if name == "href" and not (OWN.fullmatch(value or "") or WEB.match(value or "")):
                self.wrong.append(f"<{tag} href={value!r}>")
            if name in ("action", "formaction") and not OWN.fullmatch(value or ""):
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if name == "src" and not PICTURE.fullmatch(value or ""):
                self.wrong.append(f"<{tag} src={value!r}>")
            if name == "data-k" and "." not in (value or ""):
                self.keys.append(value or "")

    handle_startendtag = handle_starttag

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}")


def session(text: str) -> SessionState:
    """A session in which `text` stands wherever it can."""
    user = Message("msg_1", "user", 1.0e9, 1.0e9, info={"summary": {"diffs": diffs(text)}})
    user.parts["prt_u1"] = Part("prt_u1", user.id, "text", text)
    user.parts["prt_u2"] = Part("prt_u2", user.id, "text", text, data={"synthetic": True})
    error = {"name": text, "data": {"message": f"{text}\n{text}", "responseBody": text, "statusCode": text}}
    info = {"modelID": text, "parentID": user.id, "summary": True, "finish": text}
    answer = Message("msg_2", "assistant", 1.0e9 + 1, 1.0e9 + 2, error=error, info=info)
    answer.parts["prt_t"] = Part("prt_t", answer.id, "text", text)
    answer.parts["prt_g"] = Part("prt_g", answer.id, "text", text, gaps=[1], closed=False)
    answer.parts["prt_r"] = Part("prt_r", answer.id, "reasoning", text, interrupted=True)
    for number, (kind, data) in enumerate(parts(text)):
        answer.parts[f"prt_p{number}"] = Part(f"prt_p{number}", answer.id, kind, text, data=data)
    for number, (name, state) in enumerate(states(text)):
        made = Part(f"prt_s{number}", answer.id, "tool", data={"tool": name, "state": state})
        answer.parts[made.id] = made
    wanted = {"command": text, "diff": f"@@ -1 +1 @@\n-{text}\n+{text}"}
    permissions = [
        Permission("per_1", text, text, (text,), (text,), wanted),
        Permission("per_2", "ses_1", "external_directory", (text,), (text,), {"url": text}),
    ]
    asked = {"question": text, "options": [{"label": text, "description": text}], "multiple": text}
    return SessionState(
        "ses_1", text, text, status=Status("retry", 1, text, 1.0e9), messages={user.id: user, answer.id: answer},
        permissions={item.id: item for item in permissions}, questions={"q": Question("que_1", "ses_1", (asked,))},
        todos=[{"content": text, "status": "pending"}], error=error,
        untaken=[Untaken("prt_1", text, 1.0e9, None, None, sure=True)],
    )  # fmt: skip


def diffs(text: str) -> list[dict[str, object]]:
    patch = f"--- {text}\n+++ {text}\n@@ -1,2 +1,2 @@\n {text}\n-{text}\n+{text} x\n"
    return [{"file": text, "patch": patch, "additions": 1, "deletions": 1, "status": text}]


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    return checker


@cache
def page_of_words() -> Checker:
    return checked(Conversation(session("word"), LINKS).tree().html())


def test_the_corpus_is_a_corpus() -> None:
    assert len(VECTORS) >= 60
    assert len(set(VECTORS)) == len(VECTORS)


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_of_it_gets_into_the_page(vector: str) -> None:
    page = checked(Conversation(session(vector), LINKS).tree().html())
    harmless = page_of_words()
    assert page.wrong == harmless.wrong, "what is not allowed here is our own"
    assert [key for key in page.keys if key in harmless.keys] == harmless.keys, "every block is there, in its place"


@pytest.mark.parametrize("vector", VECTORS)
def test_nor_into_the_pages_of_parts_and_changes(vector: str) -> None:
    state = session(vector)
    made = []
    for message in state.messages.values():
        for item in message.parts.values():
            made += [whole(item), whole(item, two=True)]
    message = state.messages["msg_1"]
    files = by_file([(message, diffs(vector)), (message, diffs(vector))])
    made += [change(file, LINKS, two=two) for file in files for two in (False, True)]
    made += [named(file, "/base/chat/srv_1") for file in files]
    made.append(changed_by(message, LINKS))
    assert checked("".join(made)).wrong == []


def test_the_check_itself_finds_what_it_looks_for() -> None:
    bad = '<script></script><a href="javascript:1"></a><b onclick="1"></b><img src="//x"><form action="//x"><!--x-->'
    assert len(checked(bad).wrong) == 6
