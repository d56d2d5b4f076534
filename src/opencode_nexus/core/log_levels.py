# SPDX-License-Identifier: MIT
"""How much is logged: the levels, and the parts of the hub that may have a level of their own."""

from collections.abc import Mapping

LEVELS = ("debug", "info", "warning", "error")

PARTS: Mapping[str, str] = {
    "access": "Logins, tokens, locks.",
    "app": "Start and stop of the hub.",
    "chat": "Chats, inbox, search, usage.",
    "cli": "Commands.",
    "core": "Background work that failed.",
    "fleet": "OpenCode servers: start, stop, health.",
    "install": "Bringing OpenCode and cloudflared.",
    "live": "Live pages.",
    "notify": "Notifications.",
    "observe": "Figures, logs, alerts, backup.",
    "opencode": "Talking to OpenCode.",
    "page": "Errors that scripts met in a browser.",
    "practice": "The practice model.",
    "processes": "Processes of the machine.",
    "render": "Making pages.",
    "secrets": "Kept secrets, the keyring.",
    "setup": "The set-up.",
    "store": "The database.",
    "tunnels": "Tunnels.",
    "web": "Pages and API.",
    "libraries": "The libraries that the hub is made with; at warning unless you say otherwise.",
}
"""Part → what it logs. All but `page` and `libraries` are packages of ours (a test compares)."""


def parse_levels(text: str) -> dict[str, str]:
    """Return level by part of `fleet=debug,chat=warning`; raises ValueError saying which piece is wrong."""
    found: dict[str, str] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        part, equals, level = (word.strip().lower() for word in piece.partition("="))
        if not equals or level not in LEVELS:
            raise ValueError(f"{piece!r} must be part=level, and the level one of {', '.join(LEVELS)}")
        if part not in PARTS:
            raise ValueError(f"there is no part {part!r}; the parts are {', '.join(PARTS)}")
        found[part] = level
    return found
