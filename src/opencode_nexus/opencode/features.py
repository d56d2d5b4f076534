# SPDX-License-Identifier: MIT
"""What a server can be used for, told by its own document (GET /doc): for one that we did not start ourselves."""

import re
from collections.abc import Mapping
from typing import Any

# What each feature asks for, as OpenCode 1.18.33 names it. What is in no feature's words is in BASE: without it there
# is no chat at all.
BASE = "chats"
FEATURES: Mapping[str, tuple[str, ...]] = {
    BASE: (
        "GET /global/event", "GET /session", "POST /session", "GET /session/{}", "PATCH /session/{}",
        "DELETE /session/{}", "GET /session/status", "GET /session/{}/message", "GET /session/{}/message/{}",
        "POST /session/{}/prompt_async", "POST /session/{}/abort",
    ),
    "lists of all chats, and search": ("GET /experimental/session",),
    "answering permissions": ("GET /permission", "POST /permission/{}/reply"),
    "answering questions": ("GET /question", "POST /question/{}/reply", "POST /question/{}/reject"),
    "sub-agents": ("GET /session/{}/children",),
    "plans": ("GET /session/{}/todo",),
    "what changed in files": ("GET /session/{}/diff",),
    "undo and restore": ("POST /session/{}/revert", "POST /session/{}/unrevert", "GET /project/current"),
    "forks": ("POST /session/{}/fork",),
    "summing up": ("POST /session/{}/summarize",),
    "commands and the shell": ("GET /command", "POST /session/{}/command", "POST /session/{}/shell"),
    "naming files in messages": ("GET /find/file", "GET /find/symbol", "GET /file"),
    "choosing models and agents": ("GET /config/providers", "GET /provider", "GET /config", "GET /agent"),
    "keys and own model servers": (
        "PUT /auth/{}", "DELETE /auth/{}", "GET /global/config", "PATCH /global/config", "POST /global/dispose",
    ),
    "closing idle folders": ("POST /instance/dispose",),
}  # fmt: skip


def missing(document: Any) -> tuple[str, ...]:
    """Return the features for which the OpenAPI `document` has not every route; all when it is no such document."""
    paths = document.get("paths") if isinstance(document, dict) else None
    told = {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"
        for path, methods in (paths.items() if isinstance(paths, dict) else ())
        for method in (methods if isinstance(methods, dict) else ())
    }
    return tuple(feature for feature, routes in FEATURES.items() if not told.issuperset(routes))
