# SPDX-License-Identifier: MIT
"""Who sent a request, as the inbox and the audit log name them."""

from starlette.requests import Request

from opencode_nexus.chat.by import By
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.settings_view import browser_name


def by(request: Request) -> By:
    """Return the account or token, its device in words, and the address that the request came from."""
    hub: Hub = request.state.hub
    who = request.state.who
    if who.via != "session":
        return By(who.name, "API token" if who.via == "token" else "command", request.state.sender.address)
    login = next((row for row in hub.access.logins(who.user_id) if row.id == who.key), None)
    device = "" if login is None else login.device or browser_name(login.agent)
    return By(who.name, device, request.state.sender.address)
