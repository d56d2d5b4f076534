# SPDX-License-Identifier: MIT
"""The table of what the timeline may hold: page, API, command and reference are made from it."""

from collections.abc import Mapping
from dataclasses import dataclass

GROUPS: Mapping[str, str] = {
    "server": "Servers",
    "chat": "Chats",
    "inbox": "Inbox",
    "login": "Sign-ins",
    "tunnel": "Tunnels",
    "alert": "Alerts",
    "backup": "Backups",
    "hub": "Hub",
}
"""Group of kinds → its words, in the order in which they are offered."""

LEVELS = ("info", "success", "warning", "error")
AT_LEAST: Mapping[str, tuple[str, ...]] = {
    "info": LEVELS,
    "warning": ("warning", "error"),
    "error": ("error",),
}
"""Level that is asked for → those that are shown."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a line of the timeline is about: `group` is one of GROUPS, `words` say what happened, for people."""

    group: str
    words: str


KINDS: Mapping[str, Kind] = {
    "server-added": Kind("server", "Server added"),
    "server-edited": Kind("server", "Server changed"),
    "server-removed": Kind("server", "Server removed"),
    "server-started": Kind("server", "Server started"),
    "server-stopped": Kind("server", "Server stopped"),
    "server-adopted": Kind("server", "Running server taken up"),
    "server-crashed": Kind("server", "Server crashed"),
    "server-hangs": Kind("server", "Server hangs"),
    "server-answers": Kind("server", "Server answers again"),
    "server-connected": Kind("server", "Server elsewhere connected"),
    "server-unreachable": Kind("server", "Server elsewhere out of reach"),
    "server-left": Kind("server", "Server elsewhere let go"),
    "server-failed": Kind("server", "Server did not start"),
    "server-given-up": Kind("server", "Server given up"),
    "server-recycled": Kind("server", "Server restarted when idle"),
    "server-restart-planned": Kind("server", "Restart planned"),
    "leftovers-ended": Kind("server", "Leftovers ended"),
    "limit-warned": Kind("server", "Near a limit"),
    "limit-stopped": Kind("server", "Stopped at a limit"),
    "limit-too-low": Kind("server", "Limit too low"),
    "runaway-ended": Kind("server", "Processes ended"),
    "project-added": Kind("server", "Folder added"),
    "project-left": Kind("server", "Folder taken away"),
    "project-moved": Kind("server", "Folder moved"),
    "project-closed": Kind("server", "Folder closed"),
    "session-interrupted": Kind("chat", "Chat cut off"),
    "budget-warned": Kind("chat", "Budget nearly used up"),
    "budget-reached": Kind("chat", "Budget used up"),
    "turn-failed": Kind("chat", "Turn failed"),
    "permission-asked": Kind("inbox", "Permission asked for"),
    "question-asked": Kind("inbox", "Question asked"),
    "permission-once": Kind("inbox", "Permission given once"),
    "permission-always": Kind("inbox", "Permission given for good"),
    "permission-reject": Kind("inbox", "Permission refused"),
    "question-answered": Kind("inbox", "Question answered"),
    "question-dismissed": Kind("inbox", "Question turned down"),
    "rule-removed": Kind("inbox", "Rule taken back"),
    "accepting-began": Kind("inbox", "Auto-accept begun"),
    "accepting-ended": Kind("inbox", "Auto-accept stopped"),
    "owner-created": Kind("login", "Owner account made"),
    "login": Kind("login", "Signed in"),
    "login-failed": Kind("login", "Sign-in failed"),
    "login-locked": Kind("login", "Sign-in locked"),
    "confirm-failed": Kind("login", "Wrong password when asked again"),
    "logout": Kind("login", "Signed out"),
    "login-revoked": Kind("login", "Device signed out"),
    "logins-revoked": Kind("login", "Other devices signed out"),
    "remote-ended": Kind("login", "Logins through tunnels ended"),
    "password-changed": Kind("login", "Password changed"),
    "password-change-failed": Kind("login", "Wrong current password"),
    "unlocked": Kind("login", "Locks ended"),
    "device-paired": Kind("login", "Device connected"),
    "pairing-made": Kind("login", "Link to connect a device made"),
    "token-created": Kind("login", "API token made"),
    "token-revoked": Kind("login", "API token revoked"),
    "tunnel-added": Kind("tunnel", "Tunnel added"),
    "tunnel-removed": Kind("tunnel", "Tunnel removed"),
    "tunnel-ready": Kind("tunnel", "Tunnel open"),
    "tunnel-back": Kind("tunnel", "Tunnel open again"),
    "tunnel-adopted": Kind("tunnel", "Open tunnel taken up"),
    "tunnel-troubled": Kind("tunnel", "Tunnel in trouble"),
    "tunnel-stopped": Kind("tunnel", "Tunnel closed"),
    "tunnel-failed": Kind("tunnel", "Tunnel failed"),
    "tunnel-not-started": Kind("tunnel", "Tunnel did not start"),
    "alert-opened": Kind("alert", "Alert"),
    "alert-closed": Kind("alert", "Alert over"),
    "backup-made": Kind("backup", "Backup made"),
    "backup-failed": Kind("backup", "Backup failed"),
    "backup-removed": Kind("backup", "Backup removed"),
    "hub-crashed": Kind("hub", "Hub crashed"),
}
"""Kind → group and words; a test holds every kind that the code adds against it."""


def kinds_of(group: str) -> tuple[str, ...]:
    """Return the kinds of a group."""
    return tuple(name for name, kind in KINDS.items() if kind.group == group)


def group_of(kind: str) -> str:
    """Return the group of a kind; "" for one that an older version kept."""
    return KINDS[kind].group if kind in KINDS else ""


def words_of(kind: str) -> str:
    """Return what happened in words; the kind itself when it is not known any more."""
    return KINDS[kind].words if kind in KINDS else kind
