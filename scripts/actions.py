# SPDX-License-Identifier: MIT
"""The table of what pages do: each action with the route of the API and the command that do the same.

The reference shows it; `tests/docs/test_actions.py` holds it against the routes, the API and the commands.
"""

from dataclasses import dataclass

THIS_BROWSER = "It is about this browser alone."
THE_PAGE = "A part of how the page works."
STEP = "A step of the set-up, which API and command do in one."
PERSON = "Only for who can give the password at that moment; a token cannot take over the account."


@dataclass(frozen=True, slots=True)
class Action:
    """One form of a page: `page` is where it goes, `what` it does.

    `route` is the API's, method first, and `command` without `opencode-nexus`, several with ", " between; where one is
    "", `why` says why.
    """

    page: str
    what: str
    route: str = ""
    command: str = ""
    why: str = ""

    @property
    def routes(self) -> list[str]:
        return self.route.split(", ") if self.route else []

    @property
    def commands(self) -> list[str]:
        return self.command.split(", ") if self.command else []


def _below(start: str, route: str) -> str:
    """Put `start` before the path of each route."""
    methods = (one.partition(" ") for one in route.split(", "))
    return ", ".join(f"{method} {start}{rest}" for method, _, rest in methods)


def _chat(page: str, what: str, route: str, command: str, why: str = "") -> Action:
    route = route and _below("/servers/{server_id}/sessions/{session_id}", route)
    return Action("/chat/{server}/{session}" + page, what, route, command and f"chat {command}", why)


def _server(page: str, what: str, route: str, command: str) -> Action:
    return Action("/servers/{id}" + page, what, _below("/servers/{server_id}", route), f"server {command}")


def _tunnel(page: str, what: str, route: str, command: str) -> Action:
    return Action("/remote/{id}" + page, what, _below("/tunnels/{tunnel}", route), f"tunnel {command}")


_QUEUE = "POST /queue/{message_id}/send, PATCH /queue/{message_id}, DELETE /queue/{message_id}"
_UNSENT = "POST /unsent/{message_id}/send, DELETE /unsent/{message_id}"
_BUDGET = "/servers/{server_id}/sessions/{session_id}/budget"

ACTIONS: tuple[Action, ...] = (
    Action("/login", "Sign in", why=THIS_BROWSER),
    Action("/logout", "Sign out", why=THIS_BROWSER),
    Action("/pair", "Sign in by a link", why=THIS_BROWSER),
    Action("/pair/name", "Name this device", why=THIS_BROWSER),
    Action("/theme", "Choose colours", why=THIS_BROWSER),
    Action("/columns", "Choose the columns of the chat", why=THIS_BROWSER),
    Action("/setup", "Give the set-up code", why=THE_PAGE),
    Action("/setup/welcome", "Begin the set-up", "POST /setup", "setup", STEP),
    Action("/setup/check", "Go on from the checks", "POST /setup", "setup", STEP),
    Action("/setup/opencode", "Choose or bring OpenCode", "POST /setup/bring", "setup", STEP),
    Action("/setup/opencode/cancel", "End the job that brings it", "POST /setup/bring/cancel", "setup", "By Ctrl-C."),
    Action("/setup/project", "Choose the first folder", "POST /setup", "setup", STEP),
    Action("/setup/owner", "Make the owner", "POST /setup", "setup", STEP),
    Action("/setup/owner/keep", "Keep the owner that there is", "POST /setup", "setup", STEP),
    Action("/setup/remote", "Choose how it is reached from outside", "POST /tunnels", "tunnel add", STEP),
    Action("/setup/finish", "End the set-up", "POST /setup", "setup", STEP),
    Action("/servers/new", "Add a server", "POST /servers", "server add"),
    Action("/servers/attach", "Attach to an OpenCode elsewhere", "POST /servers", "server attach"),
    Action(
        "/servers/order", "Start, stop or restart several", "POST /servers/bulk",
        "server start, server stop, server restart",
    ),
    _server("/edit", "Change a server", "PATCH", "edit"),
    _server("/address", "Change the address of an attached one", "PUT /address", "reattach"),
    _server("/duplicate", "Add one like it", "POST /duplicate", "duplicate"),
    _server("/remove", "Remove a server", "DELETE", "remove"),
    _server("/start", "Start a server", "POST /start", "start"),
    _server("/stop", "Stop a server", "POST /stop", "stop"),
    _server("/restart", "Restart a server", "POST /restart", "restart"),
    _server("/keep-running", "Take back a restart that waits", "POST /keep-running", "keep-running"),
    _server("/projects", "Add a folder", "POST /projects", "project add"),
    _server("/projects/remove", "Take a folder away", "POST /projects/remove", "project remove"),
    _server("/projects/move", "Move a folder", "POST /projects/move", "project move"),
    _server("/projects/free", "Close an idle folder", "POST /projects/free", "project free"),
    _server("/disk", "Clean what OpenCode keeps", "POST /resources/disk/clean", "disk"),
    Action("/search/rebuild", "Make the search index anew", "POST /search/rebuild", "search"),
    Action("/remote/stop-all", "Close all tunnels", "POST /tunnels/stop-all", "tunnel stop"),
    Action("/remote/cloudflared/bring", "Bring cloudflared", "POST /cloudflared/bring", "tunnel bring"),
    Action("/remote/cloudflared/cancel", "End that job", "POST /cloudflared/cancel", "tunnel bring"),
    Action("/remote/visitors/{login}/end", "Sign a visitor out", "DELETE /visitors/{visitor_id}", "tunnel visitors"),
    Action("/remote/new/api/token", "Look what a token may do", "POST /cloudflared/account", "tunnel add"),
    Action("/remote/new/api/name", "Make a tunnel at Cloudflare", "POST /tunnels", "tunnel add"),
    Action("/remote/new/{kind}", "Add a tunnel", "POST /tunnels", "tunnel add"),
    _tunnel("/change", "Change a tunnel", "PATCH", "change"),
    _tunnel("/start", "Start a tunnel", "POST /start", "start"),
    _tunnel("/stop", "Stop a tunnel", "POST /stop", "stop"),
    _tunnel("/restart", "Restart a tunnel", "POST /restart", "restart"),
    _tunnel("/test", "Test a tunnel", "POST /test", "test"),
    _tunnel("/remove", "Remove a tunnel", "DELETE", "remove"),
    _tunnel("/pair", "Make a link for a device", "POST /pair", "pair"),
    Action("/remote/{id}/pair/{link}/cancel", "Take a link back", "DELETE /pairings/{pairing_id}", "tunnel links"),
    Action("/chat/{server}/new", "Begin a chat", "POST /servers/{server_id}/sessions", "chat new"),
    Action("/chat/{server}/import", "Import a chat", "POST /servers/{server_id}/sessions/import", "chat import"),
    Action("/chat/{server}/key", "Give a provider's key", "PUT /providers/{provider_id}/key", "model key"),
    Action("/chat/{server}/compatible", "Add an own model server", "POST /model-servers", "model add"),
    _chat("", "Say something", "POST /messages", "send"),
    _chat("/draft", "Keep what is typed", "", "", "Drafts belong to the page; a program keeps its own words."),
    _chat("/attach", "Bring a file", "POST /files", "send"),
    _chat("/attached/{id}/remove", "Take a file away", "DELETE /files/{file_id}", "files"),
    _chat("/queue/{id}", "Send, change or drop what waits", _QUEUE, "queue"),
    _chat("/sent/{id}", "Send again or drop what was not taken", _UNSENT, "unsent"),
    _chat("/abort", "Stop the agent", "POST /abort", "stop"),
    Action(
        "/chat/{server}/{session}/continue", "Go on with a turn that was cut off",
        "POST /servers/{server_id}/sessions/{session_id}/continue", "server continue",
    ),
    _chat("/edit", "Rename", "PATCH", "rename"),
    _chat("/pin", "Pin", "PUT /pin", "pin"),
    _chat("/unpin", "Unpin", "DELETE /pin", "pin"),
    _chat("/archive", "Archive", "PUT /archive", "archive"),
    _chat("/unarchive", "Bring back from the archive", "DELETE /archive", "archive"),
    _chat("/delete", "Delete", "DELETE", "delete"),
    Action(
        "/chat/{server}/{session}/undelete", "Bring a deleted chat back",
        "POST /servers/{server_id}/deleted-sessions/{session_id}/restore", "chat undelete",
    ),
    _chat("/notice", "Put a notice away", "", "", THE_PAGE),
    _chat("/fork", "Copy", "POST /fork", "fork"),
    _chat("/compact", "Sum up", "POST /compact", "compact"),
    _chat("/restore", "Bring back what was undone", "POST /restore", "restore"),
    _chat("/message/{message}/revert", "Undo from a message on", "POST /revert", "undo"),
    _chat("/message/{message}/fork", "Copy up to a message", "POST /fork", "fork"),
    _chat("/message/{message}/stop", "Stop the agent before an undo", "POST /abort", "stop"),
    _chat("/accepting", "Give every permission for a time", "PUT /accepting, DELETE /accepting", "accept"),
    Action(
        "/chat/{server}/{session}/permission/{id}", "Answer a permission", "POST /inbox/{request_id}/reply",
        "inbox answer",
    ),
    Action(
        "/chat/{server}/{session}/question/{id}", "Answer a question", "POST /inbox/{request_id}/reply",
        "inbox answer",
    ),
    Action(
        "/chat/{server}/{session}/usage", "Give a chat its own budget",
        f"PUT {_BUDGET}, DELETE {_BUDGET}", "budget set, budget clear",
    ),
    Action("/inbox/{id}/permission", "Answer a permission", "POST /inbox/{request_id}/reply", "inbox answer"),
    Action("/inbox/{id}/question", "Answer a question", "POST /inbox/{request_id}/reply", "inbox answer"),
    Action("/inbox/{id}/dismiss", "Put away what ended", "POST /inbox/{row_id}/dismiss", "inbox dismiss"),
    Action("/inbox/rules/{id}/remove", "Take a rule back", "DELETE /inbox/rules/{rule_id}", "inbox rules"),
    Action("/usage", "Set the common budgets", "PUT /budgets", "budget set"),
    Action("/settings/hub", "Change settings", "PATCH /settings", "settings set"),
    Action("/settings/password", "Change the password", "", "user passwd", PERSON),
    Action("/settings/devices/revoke-others", "Sign all others out", "DELETE /logins", "user devices"),
    Action("/settings/devices/{login}/revoke", "Sign one out", "DELETE /logins/{login_id}", "user devices"),
    Action("/settings/tokens", "Make an API token", "POST /tokens", "token create"),
    Action("/settings/tokens/{token}/revoke", "Revoke one", "DELETE /tokens/{token_id}", "token revoke"),
    Action("/settings/notifications/key", "Get the key to subscribe with", why=THIS_BROWSER),
    Action("/settings/notifications/device", "Switch notifications on", why=THIS_BROWSER),
    Action(
        "/settings/notifications/{device}", "Choose what a browser is told", "PUT /notifications/{device_id}",
        "notifications set",
    ),
    Action(
        "/settings/notifications/{device}/remove", "Tell it nothing more", "DELETE /notifications/{device_id}",
        "notifications remove",
    ),
    Action(
        "/settings/notifications/{device}/test", "Send a test", "POST /notifications/{device_id}/test",
        "notifications test",
    ),
    Action("/settings/alerts", "Choose what is alerted", "PATCH /alerts/rules/{rule_id}", "alert set"),
    Action("/settings/backups", "Make a backup", "POST /backups", "backup create"),
    Action("/settings/backups/passphrase", "Keep a passphrase", "PUT /backups/passphrase", "backup passphrase"),
    Action(
        "/settings/backups/{name}/download", "Download a backup", "GET /backups/{name}",
        why="`backup list` tells where the file is.",
    ),
    Action("/settings/backups/{name}/remove", "Remove a backup", "DELETE /backups/{name}", "backup remove"),
    Action("/settings/provider", "Give a provider's key", "PUT /providers/{provider_id}/key", "model key"),
    Action("/settings/compatible", "Add an own model server", "POST /model-servers", "model add"),
    Action("/settings/practice", "Switch the practice model", "PUT /practice", "model practice"),
    Action("/settings/models/{provider}", "Change one", "PUT /model-servers/{provider_id}", "model change"),
    Action("/settings/models/{provider}/remove", "Remove one", "DELETE /model-servers/{provider_id}", "model remove"),
    Action("/logs/page", "Tell the hub of an error in the page", why=THE_PAGE),
    Action("/help/doctor/{id}", "Mend what a check found", "POST /doctor/fix", "doctor"),
    Action("/live", "Follow what happens", "POST /events", "events", THE_PAGE),
    Action("/live/poll", "Follow where streams do not pass", why=THE_PAGE),
    Action("/live/probe", "See whether streams pass", why=THE_PAGE),
    Action("/selftest/{nonce}/stream", "Answer a tunnel's test", why="The hub asks this of itself."),
)  # fmt: skip
