# SPDX-License-Identifier: MIT
"""Every page that there is, with something on it: what axe looks at and what the screenshots keep."""

from tests.browser.talk import begin
from tests.fakes.hub import RealHub


def furnish(hub: RealHub) -> dict[str, str]:
    """Give a hub that was set up two sessions, one finished and one that waits; returns path by page name."""
    done = begin(hub, "A finished tour")
    done.say("tour")
    done.reply("once")
    done.finished()
    waits = begin(hub, "One that waits for you")
    waits.say("tour")
    waits.asked()
    server = done.server
    return {
        "dashboard": "",
        "server": f"servers/{server}",
        "server-stop": f"servers/{server}/stop",
        "chats": f"chat/{server}",
        "chat": done.path,
        "chat-waiting": waits.path,
        "settings": "settings",
        "setup-done": "setup",
        "not-found": "no-such-page",
    }
