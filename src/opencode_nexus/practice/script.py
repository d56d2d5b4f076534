# SPDX-License-Identifier: MIT
"""What the practice model says and does: request body in, steps out. Pure, and open about being a script."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTE_COMMAND = "touch practice-note.txt"
REJECTED = "rejected permission"  # in "The user rejected permission to use …" (measured on OpenCode 1.18.33)
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
_TITLE_LENGTH = 40
_QUOTE_LENGTH = 300
_LONG_PARAGRAPHS = 40


@dataclass(frozen=True, slots=True)
class Think:
    """Reasoning, shown apart from the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Say:
    """Text of the answer, as Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to run, with its arguments."""

    tool: str
    arguments: Mapping[str, object]


Step = Think | Say | Call


@dataclass(frozen=True, slots=True)
class Result:
    """A tool call of this turn and what came back."""

    tool: str
    arguments: str
    output: str

    @property
    def is_note(self) -> bool:
        return NOTE_COMMAND in self.arguments


@dataclass(frozen=True, slots=True)
class Turn:
    """What a request tells: the user's last words, the tools on offer, and what was done since."""

    asked: str
    first: bool
    tools: frozenset[str]
    done: tuple[Result, ...]
    rejected_before: bool


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a chat message, whose content is a string or a list of typed parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _spoken(message: Mapping[str, Any]) -> str:
    return _REMINDER.sub("", text_of(message)).strip()


def _results(messages: list[Mapping[str, Any]]) -> tuple[Result, ...]:
    outputs = {str(m.get("tool_call_id")): text_of(m) for m in messages if m.get("role") == "tool"}
    found = []
    for message in messages:
        for call in message.get("tool_calls") or ():
            function = call.get("function") or {}
            output = outputs.get(str(call.get("id")), "")
            found.append(Result(str(function.get("name")), str(function.get("arguments")), output))
    return tuple(found)


def read_turn(body: Mapping[str, Any]) -> Turn:
    """Return the turn that a chat-completions request belongs to. `body["messages"]` is a list of objects."""
    messages: list[Mapping[str, Any]] = list(body["messages"])
    users = [i for i, m in enumerate(messages) if m.get("role") == "user" and _spoken(m)]
    last = users[-1] if users else -1
    tools = (tool.get("function", {}).get("name") for tool in body.get("tools") or ())
    before = messages[: max(last, 0)]
    return Turn(
        asked=_spoken(messages[last]) if users else "",
        first=not any(m.get("role") == "assistant" for m in before),
        tools=frozenset(str(name) for name in tools if name),
        done=_results(messages[last + 1 :]),
        rejected_before=bool(before) and before[-1].get("role") == "tool" and REJECTED in text_of(before[-1]),
    )


def plan(body: Mapping[str, Any]) -> list[Step]:
    """Return what the practice model does with one request.

    OpenCode asks again after each tool call, with its result: what was done tells where in the turn we are.
    """
    system = "\n".join(text_of(m) for m in body["messages"] if m.get("role") == "system").lower()
    turn = read_turn(body)
    if "title generator" in system:  # OpenCode's title agent
        return [Say(_title(turn.asked))]
    if not turn.tools:  # its summary and compaction agents offer none
        honest = "This is the practice model: a script that cannot summarise. The last message was:"
        return [Say(f"{honest}\n\n{_quote(turn)}")]
    word = turn.asked.lower()
    if re.search(r"\blong\b", word) and not turn.done:
        return [Think("The message holds the word “long”, so this is the long answer."), Say(_long())]
    if turn.first or turn.done or re.search(r"\b(tour|files?|permission)\b", word):
        return _tour(turn)
    return _later(turn)


def _title(asked: str) -> str:
    # the title agent's request carries an instruction first and the user's words last
    words = " ".join(asked.split())
    short = words if len(words) <= _TITLE_LENGTH else words[:_TITLE_LENGTH].rsplit(" ", 1)[0] + "…"
    return f"Practice: {short}" if short else "Practice"


def _quote(turn: Turn) -> str:
    text = turn.asked if len(turn.asked) <= _QUOTE_LENGTH else turn.asked[:_QUOTE_LENGTH] + "…"
    return "\n".join(f"> {line}" for line in text.splitlines())


def _listing(tools: frozenset[str]) -> Call | None:
    if "list" in tools:
        return Call("list", {})
    if "bash" in tools:
        return Call("bash", {"command": "ls -A", "description": "Lists the files of the project folder"})
    if "glob" in tools:
        return Call("glob", {"pattern": "*"})
    return None


def _tour(turn: Turn) -> list[Step]:
    listing = _listing(turn.tools)
    listed = next((r for r in turn.done if not r.is_note), None)
    note = next((r for r in turn.done if r.is_note), None)
    if listing and not turn.done:
        return [
            Think(
                "I am a script, so this is not real thinking: it shows how reasoning looks. "
                "First I list the files of the project folder. Then I ask to create one small file, "
                "so that you see a permission prompt. Then I answer."
            ),
            Say(
                "Hello! I am the **practice model**: a script, not an AI. "
                "I do the same few things whatever you write.\n\nFirst I look at what is in this folder."
            ),
            listing,
        ]
    if "bash" in turn.tools and note is None:
        command = {"command": NOTE_COMMAND, "description": "Creates an empty file named practice-note.txt"}
        return [
            Say(
                f"{_found(listed)} Next I would like to create an empty file, `practice-note.txt`. "
                "OpenCode asks you first: allow it or reject it, both are fine."
            ),
            Call("bash", command),
        ]
    return [Say(_ending(note))]


def _found(listed: Result | None) -> str:
    if listed is None:
        return ""
    if REJECTED in listed.output:
        return "You did not let me list the files, so I don't know what is here."
    lines = [line for line in listed.output.splitlines() if line.strip()]
    if lines in ([], ["(no output)"]):
        return "The folder is empty."
    length = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    return f"The listing has {length}; open the tool call above to see it."


def _what_became(note: Result | None) -> str:
    if note is None:
        return "No command was offered to me, so I created nothing."
    if REJECTED in note.output:
        return "You **rejected** the command, so no file was created. Nothing runs without you."
    if note.output.strip() in ("", "(no output)"):
        return "The command ran without complaint, so `practice-note.txt` is there now. You can delete it."
    return f"The command answered:\n\n```text\n{note.output.strip()[:_QUOTE_LENGTH]}\n```"


def _ending(note: Result | None) -> str:
    return f"""{_what_became(note)}

## What you have just seen

1. An answer that comes **word by word**
2. Reasoning, folded away until you open it
3. A tool call with its input and output
4. A permission prompt, answered by you

A real model writes code, too. This is what it looks like:

```python
def greet(name: str) -> str:
    \"\"\"Return a greeting for `name`.\"\"\"
    return f"Hello, {{name}}!"


print(greet("world"))
```

| Write a message with the word | and I |
|---|---|
| `tour` | do all of this again |
| `long` | write a long answer, so that you can try Stop |
| anything else | repeat what you wrote |

For real work, choose a real model in the model picker. A provider key or a compatible address will do.
"""


def _later(turn: Turn) -> list[Step]:
    opening = "You rejected the command last time, so it was not run.\n\n" if turn.rejected_before else ""
    return [
        Think("A script does not think. It repeats the message and names the words that it knows."),
        Say(
            f"{opening}I am the practice model, a script, so I cannot answer this. You wrote:\n\n"
            f"{_quote(turn)}\n\nI know two words: `tour` shows the files and a permission prompt again, "
            "`long` gives a long answer. For real answers, choose a real model in the model picker."
        ),
    ]


def _long() -> str:
    paragraphs = [
        f"**Paragraph {n} of {_LONG_PARAGRAPHS}.** This text is long on purpose and means nothing. "
        "Press Stop and the answer ends here; reload the page, and it goes on where it is by then."
        for n in range(1, _LONG_PARAGRAPHS + 1)
    ]
    return "A long answer, so that you can try Stop, scrolling and reloading.\n\n" + "\n\n".join(paragraphs)


def pieces(text: str) -> list[str]:
    """Cut `text` into words, each with the white space that follows it; joined they are `text` again."""
    return re.findall(r"\s*\S+\s*|\s+", text)
