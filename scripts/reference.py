# SPDX-License-Identifier: MIT
"""Writes docs/reference from the code; `--check` only says what has changed."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

import opencode_nexus
from opencode_nexus.access.who import SCOPES
from opencode_nexus.cli.commands import app as command_line
from opencode_nexus.core.errors import all_errors
from opencode_nexus.core.kinds import GROUPS, KINDS, LEVELS
from opencode_nexus.core.settings import SETTINGS
from opencode_nexus.observe.metrics import METRICS
from opencode_nexus.web.api.application import application
from opencode_nexus.web.api.events import TOPICS
from opencode_nexus.web.shortcuts import by_place
from scripts.actions import ACTIONS

REFERENCE = Path(__file__).resolve().parent.parent / "docs/reference"
MADE = "<!-- Made by scripts/docs from the code; change it there. -->\n"


def load_everything() -> None:
    """Imports every module of the package, so that every error class is known."""
    for module in pkgutil.walk_packages(opencode_nexus.__path__, "opencode_nexus."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def settings_page() -> str:
    lines = [
        "# Settings",
        MADE,
        "A setting comes from its flag, else from its environment variable, else from the settings page, else",
        "from its default. Those that the page can change say so.",
    ]
    for setting in SETTINGS:
        default = "none" if setting.default in (None, "") else f"`{str(setting.default).lower()}`"
        lines += ["", f"## {setting.name}", "", setting.help, ""]
        lines.append(f"- Flag: `{setting.flag}`")
        lines.append(f"- Environment: `{setting.env}`")
        lines.append(f"- Default: {default}")
        if setting.choices:
            lines.append(f"- One of: {', '.join(f'`{choice}`' for choice in setting.choices)}")
        if setting.editable:
            when = "takes effect at the next start" if setting.restart else "takes effect at once"
            lines.append(f"- On the settings page: yes; {when}")
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    lines = [
        "# Metrics",
        MADE,
        "`/metrics` answers in Prometheus' text format, to a token with the scope `metrics`:",
        "",
        "    opencode-nexus token create --name prometheus --scope metrics",
        "",
        "Names and labels are kept stable. Each value of a label that says a state or kind is there from the start.",
        "A figure that is not known is left out, never 0. `examples/grafana-dashboard.json` shows them.",
        "",
        "| metric | kind | labels | |",
        "|---|---|---|---|",
    ]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.full_name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join(lines) + "\n"


def commands(group: Any, words: str) -> Iterator[tuple[str, Any]]:
    """Each command below `group` with its full name, in the order of --help."""
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from commands(command, f"{words} {name}")
        else:
            # A module with one command is that command.
            yield f"{words} {name}", command


def parameter_row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.metavar or parameter.name).upper()}`"
    about = (getattr(parameter, "help", None) or "").replace("|", "\\|")
    return f"| {names} | {'required' if parameter.required else ''} | {about} |"


def commands_page() -> str:
    lines = [
        "# Commands",
        MADE,
        "`opencode-nexus` without a command starts the hub and opens a browser. Exit status: 0 done, 1 failed,",
        "2 wrong usage. Commands talk to the running hub of the same home folder; `setup`, `token` and `user` also",
        "work without one.",
    ]
    for name, command in commands(typer.main.get_command(command_line), "opencode-nexus"):
        lines += ["", f"## {name}", "", (command.help or "").strip()]
        if command.params:
            lines += ["", "| flag | | what |", "|---|---|---|"]
            lines += [parameter_row(parameter) for parameter in command.params]
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    load_everything()
    lines = [
        "# Errors",
        MADE,
        "Each error has a code, one sentence and a next step; they are the same in the page, the command and the",
        "API, where an error is a problem document (RFC 9457) with the members `code`, `title`, `detail`, `hint`.",
    ]
    seen: set[str] = set()
    for error in all_errors():
        if error.code in seen:
            continue
        seen.add(error.code)
        lines += ["", f"## {error.code}", "", f"**{error.title}** HTTP status {error.status}.", "", error.hint]
    return "\n".join(lines) + "\n"


def schema_text(schema: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[1]}`"
    if "anyOf" in schema:
        return " or ".join(schema_text(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f'`"{one}"`' for one in schema["enum"])
    if "const" in schema:
        return f'`"{schema["const"]}"`'
    if schema.get("type") == "array":
        return f"list of {schema_text(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def operation(method: str, path: str, told: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### {method.upper()} {path}", "", (told.get("description") or told.get("summary", "")).strip())
    rows = [
        f"- `{parameter['name']}` ({parameter['in']}): {schema_text(parameter['schema'])}"
        + (f". {parameter['description']}" if parameter.get("description") else "")
        for parameter in told.get("parameters", [])
    ]
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        rows.append(f"- body: {schema_text(body)}")
    for status, answer in told["responses"].items():
        if status.startswith("2"):
            kinds = answer.get("content", {})
            given = " or ".join(
                schema_text(kind["schema"]) if kind.get("schema") else f"`{name}`" for name, kind in kinds.items()
            )
            rows.append(f"- answer: {status} {given}".rstrip())
    yield from ("", *rows)


def api_page() -> str:
    document = application().openapi()
    lines = [
        "# API",
        MADE,
        "Under `/api/v1`, for programs. Send `Authorization: Bearer <token>`; `opencode-nexus token create` makes a",
        "token. Lists are `{\"items\": [...], \"next\": …}`: send `next` as `before` for the page after. An error is a",
        "problem document, see [errors](errors.md). The document for machines is at `/api/v1/openapi.json`.",
        "",
        "## Scopes of a token",
        "",
        *(f"- `{name}`: {what}" for name, what in SCOPES.items()),
        "",
        "## Routes",
    ]  # fmt: skip
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            lines += operation(method, path, told)
    lines += ["", "## Objects"]
    for name, schema in sorted(document["components"]["schemas"].items()):
        if name in ("HTTPValidationError", "ValidationError"):
            continue
        lines += ["", f"### {name}", "", *filter(None, [schema.get("description", "").strip()]), ""]
        if "enum" in schema:
            lines.append(schema_text(schema))
        for field, kind in schema.get("properties", {}).items():
            about = f". {kind['description']}" if kind.get("description") else ""
            lines.append(f"- `{field}`: {schema_text(kind)}{about}")
    return "\n".join(lines) + "\n"


def keyboard_page() -> str:
    lines = ["# Keyboard", MADE, "The same list is in every page under `?`, and at `/help/shortcuts`."]
    for place, shortcuts in by_place().items():
        lines += ["", f"## {place}", "", "| keys | what they do |", "|---|---|"]
        lines += [f"| {' or '.join(f'`{keys}`' for keys in one.keys)} | {one.what} |" for one in shortcuts]
    return "\n".join(lines) + "\n"


def events_page() -> str:
    lines = [
        "# Events",
        MADE,
        "What the timeline holds (`/events`, `opencode-nexus events`, `GET /api/v1/events`), by group. A line has a",
        f"kind, a level ({', '.join(LEVELS)}), words, and the server or tunnel that it is about. It is kept 30 days.",
    ]
    for group, words in GROUPS.items():
        lines += ["", f"## {words}", "", "| kind | what happened |", "|---|---|"]
        lines += [f"| `{name}` | {kind.words} |" for name, kind in KINDS.items() if kind.group == group]
    lines += [
        "",
        "## The stream",
        "",
        "`POST /api/v1/events` follows what happens, and resumes from `Last-Event-ID`. Its topics:",
        f"{', '.join(f'`{topic}`' for topic in TOPICS)}.",
    ]
    return "\n".join(lines) + "\n"


def actions_page() -> str:
    lines = [
        "# Actions",
        MADE,
        "What the forms of the pages do, and how a program (see [API](api.md)) or a terminal (see",
        "[commands](commands.md)) does the same.",
        "",
        "| form | what it does | API | command | |",
        "|---|---|---|---|---|",
    ]
    for action in ACTIONS:
        routes = ", ".join(f"`{route}`" for route in action.routes)
        words = ", ".join(f"`{command}`" for command in action.commands)
        lines.append(f"| `{action.page}` | {action.what} | {routes} | {words} | {action.why} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """The whole reference: file name → text."""
    return {
        "settings.md": settings_page(),
        "metrics.md": metrics_page(),
        "events.md": events_page(),
        "commands.md": commands_page(),
        "errors.md": errors_page(),
        "api.md": api_page(),
        "keyboard.md": keyboard_page(),
        "actions.md": actions_page(),
    }


def main(check: bool) -> int:
    stale = [name for name, text in pages().items() if _differs(REFERENCE / name, text, write=not check)]
    if check and stale:
        print(f"run scripts/docs: {', '.join(stale)} no longer say what the code does", file=sys.stderr)
    return 1 if check and stale else 0


def _differs(file: Path, text: str, *, write: bool) -> bool:
    if file.is_file() and file.read_text() == text:
        return False
    if write:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return True


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
