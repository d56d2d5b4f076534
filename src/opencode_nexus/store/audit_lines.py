# SPDX-License-Identifier: MIT
"""What of the audit log stands in the timeline, too, and in which words: who did it and from where, no secret."""

from collections.abc import Mapping
from typing import Literal

Level = Literal["info", "success", "warning", "error"]

# Left out on purpose: what a rule or auto-accept answers may come by the hundred and stands in the inbox's history;
# "device-paired" is told by the pairing itself.
LINES: Mapping[str, tuple[str, Level]] = {
    "owner-created": ("The account {user} was made{source}.", "info"),
    "login": ("{user} signed in{source}.", "info"),
    "login-failed": ("A sign-in failed{source}.", "warning"),
    "confirm-failed": ("{user} gave a wrong password when asked again{source}.", "warning"),
    "logout": ("{user} signed out{source}.", "info"),
    "login-revoked": ("A device of {user} was signed out{source}.", "info"),
    "logins-revoked": ("The other devices of {user} were signed out{source}.", "info"),
    "remote-ended": ("The logins through tunnels were ended{source}.", "info"),
    "password-changed": ("The password of {user} was changed{source}.", "info"),
    "password-change-failed": ("{user} gave a wrong current password{source}.", "warning"),
    "unlocked": ("The locks of {user} were ended{source}.", "info"),
    "pairing-made": ("{user} made a link to connect {device}{source}.", "info"),
    "token-created": ("The API token {token} was made{source}.", "info"),
    "token-revoked": ("The API token {token} was revoked{source}.", "info"),
    "permission-once": ("{user} allowed once: {asked}", "info"),
    "permission-always": ("{user} allowed from now on: {asked}", "info"),
    "permission-reject": ("{user} refused: {asked}", "info"),
    "question-answered": ("{user} answered: {asked}", "info"),
    "question-dismissed": ("{user} turned down: {asked}", "info"),
    "rule-removed": ("{user} took a rule back: {asked}", "info"),
    "accepting-began": ("{user} lets “{chat}” do all that it asks.", "warning"),
    "accepting-ended": ("{user} lets “{chat}” ask again.", "info"),
}


def line_of(kind: str, user: str, source: str, detail: Mapping[str, object]) -> tuple[str, Level] | None:
    """Return the words and the level of a line, None for what does not stand in the timeline."""
    if kind not in LINES:
        return None
    words, level = LINES[kind]
    where = {"": "", "command": " on the command line"}.get(source, f", from {source}")
    told = {name: str(detail.get(name) or "") for name in ("device", "token", "asked", "chat")}
    told["chat"] = told["chat"] or "New chat"
    return words.format(user=user or "Somebody", source=where, **told), level
