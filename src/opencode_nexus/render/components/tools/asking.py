# SPDX-License-Identifier: MIT
"""question: what the agent asked, and what was answered."""

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View, dicts
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

LONG = 1000  # characters of a question or of an answer


def _body(call: Call) -> list[Leaf]:
    given = call.metadata.get("answers")
    answers = given if isinstance(given, list) else []
    rows = []
    for number, asked in enumerate(dicts(call.input.get("questions"))):
        labels = [one_line(option.get("label", ""), 80) for option in dicts(asked.get("options"))]
        if number < len(answers) and isinstance(answers[number], list):
            said = ", ".join(one_line(answer, LONG) for answer in answers[number]) or "no answer"
            words = Markup("<b>{}</b>").format(shown(said))
        elif call.done or call.status == "error":
            words = Markup('<span class="muted">not answered</span>')
        else:
            words = Markup('<span class="muted">waits: {}</span>').format(shown(", ".join(labels)))
        rows.append(Markup("<dt>{}</dt><dd>{}</dd>").format(shown(one_line(asked.get("question", ""), LONG)), words))
    return [call.leaf("i", Markup('<dl class="asked">{}</dl>').format(Markup("").join(rows)))] if rows else []


def _subject(call: Call) -> str:
    asked = dicts(call.input.get("questions"))
    return one_line(asked[0].get("question", "")) if asked else ""


QUESTION = View("info", _subject, _body)
