# SPDX-License-Identifier: MIT
"""Every page that there is, with something on it: what axe looks at and what the screenshots keep."""

from dataclasses import dataclass

from tests.browser.talk import begin
from tests.fakes.hub import RealHub


@dataclass(frozen=True, slots=True)
class Tour:
    """A hub with two sessions, one finished and one that waits; `pages` is path by page name."""

    hub: RealHub
    pages: dict[str, str]


def furnish(hub: RealHub) -> Tour:
    """Give a hub that was set up something to show."""
    done = begin(hub, "A finished tour")
    done.say("tour")
    done.reply("once")
    done.finished()
    waits = begin(hub, "One that waits for you")
    waits.say("tour")
    waits.asked()
    server = done.server
    pages = {
        "dashboard": "",
        "server": f"servers/{server}",
        "server-stop": f"servers/{server}/stop",
        "resources": f"servers/{server}/resources",
        "resources-month": f"servers/{server}/resources?period=month",
        "disk": f"servers/{server}/disk",
        "chats": f"chat/{server}",
        "chat": done.path,
        "chat-waiting": waits.path,
        "chat-edit": f"{done.path}/edit",
        "inbox": "inbox",
        "inbox-history": "inbox/history",
        "inbox-rules": "inbox/rules",
        "accepting": f"{done.path}/accepting",
        "remote": "remote",
        "remote-new": "remote/new/quick",
        "pair": "pair",
        "search": "search?q=tour",
        "help": "help",
        "help-doctor": "help/doctor",
        "help-report": "help/report",
        "help-tutorial": "help/tutorial/first-answer",
        "help-reference": "help/reference/metrics",
        "shortcuts": "help/shortcuts",
        "usage": "usage",
        "chat-usage": f"{done.path}/usage",
        "logs": "logs",
        "logs-found": "logs?q=nexus&part=app&paused=1",
        "events": "events?kind=inbox",
        "alerts": "settings/alerts",
        "settings": "settings",
        "notifications": "settings/notifications",
        "backups": "settings/backups",
        "setup-done": "setup",
        "not-found": "no-such-page",
    }
    return Tour(hub, pages)
