# SPDX-License-Identifier: MIT
"""Which modules of the API answer an address, so that only those are loaded: all of them take 11 MB, the share of the
servers 3 MB.
"""

# Every module with routes, in the order in which they are tried and documented.
MODULES = (
    "status",
    "setup",
    "settings",
    "attached",  # before the servers, whose ids could be “found”
    "servers",
    "session_actions",
    "sessions",
    "messages",
    "queue",
    "providers",
    "search",
    "inbox",
    "rules",
    "notifications",
    "usage",
    "events",
    "alerts",
    "logs",
    "resources",
    "tunnels",
    "visitors",
    "devices",
    "pairings",
    "cloudflared",
    "backups",
    "doctor",
    "tokens",
    "logins",
)
_SERVER = ("attached", "servers")
_SESSION = ("session_actions", "sessions", "messages", "queue", "rules", "usage")
# By an address's first word, and for what belongs to a server by its third.
_SHARES: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "setup": ("setup",),
    "settings": ("settings",),
    "servers": _SERVER,
    **{
        f"servers/{word}": _SERVER
        for word in ("address", "duplicate", "keep-running", "logs", "projects", "restart", "start", "stop")
    },
    **{f"servers/{word}": _SESSION for word in ("sessions", "deleted-sessions", "interrupted")},
    "servers/models": ("providers",),
    "servers/waiting": ("inbox",),
    "servers/resources": ("resources",),
    "machine": ("resources",),
    "providers": ("providers",),
    "model-servers": ("providers",),
    "practice": ("providers",),
    "search": ("search",),
    "inbox": ("inbox", "rules"),
    "notifications": ("notifications",),
    "usage": ("usage",),
    "budgets": ("usage",),
    "events": ("events",),
    "alerts": ("alerts",),
    "logs": ("logs",),
    "tunnels": ("tunnels",),
    "visitors": ("visitors",),
    "devices": ("devices",),
    "pairings": ("pairings",),
    "cloudflared": ("cloudflared",),
    "backups": ("backups",),
    "doctor": ("doctor",),
    "tokens": ("tokens",),
    "logins": ("logins",),
}


def share(path: str) -> tuple[str, ...]:
    """Return the modules with all routes that `path` (below /api/v1) could be; all for a path that is none of ours,
    and for the document of the whole.
    """
    first, _, rest = path.lstrip("/").partition("/")
    if first == "servers" and "/" in rest:
        first = f"servers/{rest.split('/')[1]}"
    return _SHARES.get(first, MODULES)
