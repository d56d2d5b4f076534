# SPDX-License-Identifier: MIT
"""What a tool was given that asks to be allowed: OpenCode 1.18.33 says of an MCP tool only that it is to run, with the
pattern `*`, of a sub-agent only its name, and of a list of things to do nothing.
"""

import logging
from dataclasses import replace

from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.state import Permission
from opencode_nexus.opencode.wire import child

log = logging.getLogger(__name__)

GIVEN = "input"  # the member of a permission's metadata that holds it; OpenCode's own for a tool that runs in circles
TELLS = frozenset({"command", "url", "diff", "query", GIVEN})


def missing(asked: Permission) -> bool:
    """Whether the request does not say what is to be done, and names the call that does."""
    vague = asked.permission == "task" or "*" in asked.patterns
    return vague and not TELLS & set(asked.metadata) and bool(asked.message_id and asked.call_id)


def filled(asked: Permission, known: object) -> Permission:
    """Return the request with what was found before for the same one, which OpenCode's next telling of it lacks."""
    if not isinstance(known, Permission) or GIVEN not in known.metadata or GIVEN in asked.metadata:
        return asked
    return replace(asked, metadata={**asked.metadata, GIVEN: known.metadata[GIVEN]})


async def given(client: Client, asked: Permission) -> Permission | None:
    """Ask OpenCode for the call; returns the request with it, None when it cannot be had."""
    try:
        message = await client.message(asked.session_id, asked.message_id or "")
    except NexusError as error:
        log.info("what %s asks for is not known: %s", asked.id, error)
        return None
    for part in message.get("parts") or ():
        if part.get("callID") == asked.call_id and (input_ := child(child(part, "state"), "input")):
            return replace(asked, metadata={**asked.metadata, GIVEN: input_})
    return None
