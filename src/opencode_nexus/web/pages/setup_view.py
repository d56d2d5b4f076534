# SPDX-License-Identifier: MIT
"""What every page of the set-up is rendered with."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from opencode_nexus.core.errors import NexusError
from opencode_nexus.setup.state import STEP_OF, STEPS, Page, before

HEADINGS: dict[Page, str] = {
    "welcome": "Welcome",
    "check": "System check",
    "opencode": "OpenCode",
    "project": "Project folder",
    "owner": "Owner account",
    "remote": "Remote access",
    "finish": "Finish",
}


def words(error: NexusError) -> str:
    """Return an error as one paragraph: what happened, what was found, what to do."""
    return " ".join(part for part in (error.title, error.detail, error.hint) if part)


def output(error: NexusError) -> str:
    """Return the program's own words, or the last lines of a server that did not start; empty when there are
    none.
    """
    lines = error.data.get("last_lines")
    if isinstance(lines, list | tuple):
        return "\n".join(map(str, lines))
    return str(error.data.get("output") or "")


def step(request: Request, page: Page, status: int = 200, template: str = "", **values: Any) -> Response:
    """Return `page` of the set-up. `values` may hold `errors` (sentence by field name, "" for the whole
    form).
    """
    wizard = request.state.hub.wizard
    back = before(page)
    view: dict[str, Any] = {
        "steps": STEPS,
        "number": STEP_OF[page],
        "heading": HEADINGS[page],
        "page": page,
        "back": f"/setup/{back}" if back else "",
        "errors": {},
        "output": "",
        "plan": wizard.plan,
    }
    pages = request.state.hub.pages
    response: Response = pages.response(request, template or f"setup/{page}.html", status, **{**view, **values})
    return response
