# SPDX-License-Identifier: MIT
"""What the settings page shows, gathered; and its response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from opencode_nexus.access.rules import PASSWORD_RULES, for_script
from opencode_nexus.access.user_info import UserInfo
from opencode_nexus.access.who import SCOPES, Who
from opencode_nexus.core.settings import SETTINGS, Setting, Settings
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.web.setting_entries import STORED, waiting

DAYS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "": "Without an end"}
PROVIDERS = ("anthropic", "openai", "google", "openrouter", "opencode", "mistral", "groq", "deepseek", "xai")

SAID = {
    "password": "The password is changed. Your other devices are signed out.",
    "device": "That device is signed out.",
    "devices": "All other devices are signed out.",
    "revoked": "The API token is revoked.",
    "provider": "The key is saved in OpenCode.",
    "compatible": "The model server is added.",
    "practice-on": "The practice model is on. Restart an OpenCode server that runs, so that it finds it.",
    "practice-off": "The practice model is off.",
    "hub": "Saved. What waits for the next start of the hub says so.",
}

AUDIT_WORDS = {
    "owner-created": "Owner account made",
    "login": "Signed in",
    "device-paired": "Device connected by a link",
    "pairing-made": "Link to connect a device made",
    "remote-ended": "Logins through tunnels ended",
    "confirm-failed": "Wrong password when asked again",
    "login-failed": "Sign-in failed",
    "logout": "Signed out",
    "login-revoked": "Device signed out",
    "logins-revoked": "Other devices signed out",
    "password-changed": "Password changed",
    "password-change-failed": "Wrong current password",
    "unlocked": "Locks ended",
    "token-created": "API token made",
    "token-revoked": "API token revoked",
    "permission-once": "Permission given once",
    "permission-always": "Permission given for good",
    "permission-reject": "Permission refused",
    "permission-rule": "Permission given by a rule",
    "permission-auto": "Permission given by auto-accept",
    "question-answered": "Question answered",
    "question-dismissed": "Question turned down",
    "rule-removed": "Rule taken back",
    "accepting-began": "Auto-accept begun",
    "accepting-ended": "Auto-accept stopped",
}
# What the hub answers by itself may come by the hundred: it stands in the inbox's history, and would hide the rest.
BY_ITSELF = frozenset({"permission-rule", "permission-auto"})
AUDITED = 20  # lines shown


@dataclass(frozen=True, slots=True)
class Device:
    """One signed-in browser; times in epoch seconds, `here` for the one that asks.

    `name` of one that was connected by a link, `remote` for one that came in through a tunnel.
    """

    id: str
    name: str
    agent: str
    remote: bool
    source: str
    created: float
    last_seen: float
    expires: float
    here: bool


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One API token; times in epoch seconds."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: float
    expires: float | None
    last_used: float | None
    expired: bool


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting: `value` in force, `entry` what the form holds, `note` when the two differ or will."""

    name: str
    label: str
    help: str
    flag: str
    env: str
    choices: tuple[str, ...]
    least: int | None
    most: int | None
    value: str
    entry: str
    note: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit log in words."""

    at: float
    words: str
    user: str
    source: str
    what: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class SettingsView:
    """All that settings.html shows; `errors` by field, `values` typed before, `open` the fold to open.

    `editable` by heading. `asks`: an API token is made with the password only, which was given too long ago.
    """

    who: Who
    user: UserInfo | None
    devices: list[Device]
    tokens: list[TokenLine]
    servers: Sequence[ServerState]
    practice: Any
    editable: Mapping[str, list[SettingLine]]
    settings: list[SettingLine]
    audit: list[AuditLine]
    errors: Mapping[str, str]
    values: Mapping[str, str]
    open: str
    asks: bool
    rules: list[dict[str, object]] = field(default_factory=lambda: for_script(PASSWORD_RULES))
    scopes: Mapping[str, str] = field(default_factory=lambda: SCOPES)
    days: Mapping[str, str] = field(default_factory=lambda: DAYS)
    providers: Sequence[str] = PROVIDERS


def browser_name(agent: str) -> str:
    """A User-Agent in words, such as "Firefox on Linux"; its beginning when it is not a known browser."""
    known = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS X": "macOS",
        "CrOS": "ChromeOS",
        "Linux": "Linux",
    }
    browser = next((name for mark, name in known.items() if mark in agent), "")
    system = next((name for mark, name in systems.items() if mark in agent), "")
    if not browser:
        return agent[:60] or "Unknown program"
    return f"{browser} on {system}" if system else browser


def show(
    request: Request,
    status: int = 200,
    *,
    errors: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    open_fold: str = "",
    made: Mapping[str, str] | None = None,
) -> Response:
    """The settings page; `made` is a new API token as {"name", "token"}, shown this once."""
    hub, who = request.state.hub, request.state.who
    now = hub.clock.now()
    waits = waiting(hub)
    lines = [
        _line(setting, hub.settings, hub.stored.get(STORED, {}), values or {}, setting.name in waits)
        for setting in SETTINGS
    ]
    editable: dict[str, list[SettingLine]] = {}
    for setting, line in zip(SETTINGS, lines, strict=True):
        if setting.editable:
            editable.setdefault(setting.group, []).append(line)
    view = SettingsView(
        who=who,
        user=next((u for u in hub.access.users() if who.via == "session" and u.id == who.user_id), None),
        devices=[
            Device(
                row.id,
                row.device,
                browser_name(row.agent),
                row.remote,
                row.source,
                row.created,
                row.last_seen,
                row.expires,
                row.id == who.key,
            )
            for row in hub.access.logins(who.user_id)
        ],
        tokens=[
            TokenLine(
                row.id,
                row.name,
                row.scopes,
                row.created,
                row.expires,
                row.last_used,
                row.expires is not None and row.expires <= now,
            )
            for row in hub.access.tokens()
        ],
        servers=hub.fleet.list(),
        practice=hub.practice,
        editable=editable,
        settings=lines,
        audit=[
            AuditLine(row.at, AUDIT_WORDS.get(row.kind, row.kind), row.user, row.source, *_what(row.detail))
            for row in [row for row in hub.access.audit(10 * AUDITED) if row.kind not in BY_ITSELF][:AUDITED]
        ],
        errors=errors or {},
        values=values or {},
        open=open_fold,
        asks=not hub.access.fresh(who),
    )
    said = SAID.get(request.query_params.get("said", ""), "") if not errors and not made else ""
    response: Response = hub.pages.response(
        request, "settings.html", status, view=view, errors=view.errors, said=said, made=made
    )
    return response


def _what(detail: Mapping[str, object]) -> tuple[str, str]:
    """What a line was about, and the device that it came from, where they were written down."""
    return str(detail.get("asked") or detail.get("chat") or ""), str(detail.get("device") or "")


def back(request: Request, said: str, section: str) -> Response:
    """Back to the settings page, which then says `SAID[said]`."""
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/settings?said={said}#{section}", 303)


def as_text(value: object) -> str:
    """A setting's value as its form field and the environment have it."""
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _line(
    setting: Setting, settings: Settings, stored: Mapping[str, object], typed: Mapping[str, str], waits: bool
) -> SettingLine:
    value = as_text(getattr(settings, setting.name))
    kept = as_text(stored[setting.name]) if setting.name in stored else value
    note = ""
    if waits:
        note = (
            f" In force now: {value or 'empty'}. The entry counts from the next start of the hub,"
            f" unless {setting.flag} or {setting.env} is given."
        )
    elif setting.editable and setting.restart:
        note = " A change waits for the next start of the hub."
    return SettingLine(
        name=setting.name,
        label=setting.name.replace("_", " ").capitalize().replace("Opencode", "OpenCode"),
        help=setting.help,
        flag=setting.flag,
        env=setting.env,
        choices=setting.choices,
        least=setting.least,
        most=setting.most,
        value=value,
        entry=typed.get(setting.name, kept),
        note=note,
    )
