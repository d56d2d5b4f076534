# SPDX-License-Identifier: MIT
"""What of the home folder goes with a backup, and what does not: one table."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["database", "folder", "secrets", "sessions"]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing: `name` in the archive, `place` in the home folder; `always` or only when asked for or sealed."""

    name: str
    kind: Kind
    place: str
    about: str


PARTS: tuple[Part, ...] = (
    Part("nexus.db", "database", "nexus.db", "accounts, servers, tunnels, drafts, inbox, audit, usage, settings"),
    Part("search.db", "database", "search.db", "the search index"),
    Part("attachments", "folder", "attachments", "files of drafts that are not sent yet"),
    Part("secrets.json", "secrets", "", "tokens and keys; only with a passphrase"),
    Part("sessions", "sessions", "", "OpenCode's own database of chats; only when asked for"),
)

# Of this machine and this run: what a restored hub would take for its own, and must not.
FORGOTTEN = ("DELETE FROM server_runs", "DELETE FROM server_restarts", "DELETE FROM tunnel_runs")

LEFT_OUT = {
    "logs": "logs and crash reports: the bundle of /logs has them",
    "opencode, cloudflared, bin": "programs: they are brought again",
    "backups": "backups of backups",
    "hub.lock, hub.json, tunnel.sock": "of the running hub alone",
}
"""Place in the home folder → why it does not go with a backup."""
