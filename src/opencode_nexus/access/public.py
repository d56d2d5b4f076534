# SPDX-License-Identifier: MIT
"""The one table of what is open without a login. Everything else is closed."""

OPEN: dict[str, str] = {
    "/healthz": "Says only that the hub runs, and its version.",
    "/login": "Signing in.",
    "/setup": "The set-up; asks for its own code, and after it is done shows only a link.",
    "/setup/": "The steps of the set-up.",
    "/static/": "Style, scripts and icons; the same for everybody.",
}
"""Path below the base path → why it is open. One that ends in / opens all below it."""


def is_public(path: str) -> bool:
    """Whether `path` (below the base path, as the router will see it) is open without a login."""
    return any(path == entry or (entry.endswith("/") and path.startswith(entry)) for entry in OPEN)
