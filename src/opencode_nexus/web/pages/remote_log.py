# SPDX-License-Identifier: MIT
"""cloudflared's log for people: it writes JSON, one object a line, and now and then plain text."""

import json
from datetime import datetime

_SAID = ("time", "level", "message")


def readable(line: str) -> str:
    """Return a line as "28 Nov 13:15:01 info Registered tunnel connection, location lhr01"; other text as it is."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    if not isinstance(said, dict):
        return line
    try:
        at = f"{datetime.fromisoformat(str(said['time'])).astimezone():%d %b %H:%M:%S} "
    except (KeyError, ValueError):
        at = ""
    more = "".join(f", {name} {value}" for name, value in said.items() if name not in _SAID)
    return f"{at}{said.get('level', '')} {said.get('message', '')}{more}".strip()
