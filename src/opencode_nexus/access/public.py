# SPDX-License-Identifier: MIT
"""The tables of what is open without a login, and of what no tunnel carries. Everything else is closed."""

OPEN: dict[str, str] = {
    "/healthz": "Says only that the hub runs, and its version.",
    "/login": "Signing in.",
    "/manifest.webmanifest": "Name, icons and colours of the installed app; a browser asks for it without the cookie.",
    "/pair": "Connecting a phone by its link; what counts is the secret in that link.",
    "/pair/name": "What a link calls the phone, for whoever has the secret.",
    "/selftest/": "A tunnel's self test; while one runs, for whoever knows its nonce, and through a tunnel only.",
    "/setup": "The set-up; asks for its own code, and after it is done shows only a link.",
    "/setup/": "The steps of the set-up.",
    "/static/": "Style, scripts and icons; the same for everybody.",
    "/sw.js": "The service worker; the same for everybody. Its update must not depend on a login.",
}
"""Path below the base path → why it is open. One that ends in / opens all below it."""

NOT_REMOTE: dict[str, str] = {
    "/setup": "The set-up makes the owner account and names programs and folders of the machine.",
    "/setup/": "Its steps.",
}
"""Path below the base path → why no tunnel carries it, whoever asks. One that ends in / closes all below it."""


def is_public(path: str) -> bool:
    """Whether `path` (below the base path, as the router will see it) is open without a login."""
    return _in(path, OPEN)


def is_not_remote(path: str) -> bool:
    """Whether `path` (below the base path) is answered on the machine and its network only."""
    return _in(path, NOT_REMOTE)


def _in(path: str, table: dict[str, str]) -> bool:
    return any(path == entry or (entry.endswith("/") and path.startswith(entry)) for entry in table)
