# SPDX-License-Identifier: MIT
"""Goes on with a chat whose turn was cut off: one press, and the agent hears that it may."""

from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.composing.composer import Composer, Taken
from opencode_nexus.chat.errors import AtWork
from opencode_nexus.chat.sessions import checked_id
from opencode_nexus.chat.written import Written
from opencode_nexus.opencode.wire import child

WORDS = "Continue where you left off."
LOOK_BACK = 20  # messages among which the last one of a person is looked for


async def go_on(chat: Chat, composer: Composer, user_id: str, server_id: str, session_id: str) -> Taken:
    """Say WORDS to the agent and model that were at work; pressed twice, they are said once.

    Raises AtWork when it works already, and what `Composer.submit` raises.
    """
    client = chat.client(server_id)
    await chat.feeds.settled(server_id)
    if chat.sender.busy(server_id, checked_id(session_id)):
        raise AtWork()
    heads, _ = await client.messages(session_id, LOOK_BACK)
    infos = [child(item, "info") for item in heads]
    asked = next((info for info in reversed(infos) if info.get("role") == "user"), {})
    told = child(asked, "model")
    model = f"{told['providerID']}/{told['modelID']}" if told.get("providerID") and told.get("modelID") else None
    written = Written(WORDS, model, str(asked.get("agent") or "") or None)
    newest = str(infos[-1].get("id")) if infos else ""
    return await composer.submit(user_id, server_id, session_id, written, f"continue {session_id} {newest}")
