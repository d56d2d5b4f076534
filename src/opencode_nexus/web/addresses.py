# SPDX-License-Identifier: MIT
"""Addresses of our own pages: below the base path, and where to go on after the login."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit


def inner_path(scope: Mapping[str, Any]) -> str:
    """The path below the base path, exactly as the router will match it (never empty)."""
    path, base = str(scope["path"]), str(scope.get("root_path", ""))
    if base and (path == base or path.startswith(base + "/")):
        path = path[len(base) :]
    return path or "/"


def own_path(value: str, default: str = "/") -> str:
    """`value` if it is a path (with query) on this very hub, below the base path; `default` otherwise.

    Browsers read a backslash as a slash and skip control characters, so neither is let through.
    """
    if not value.startswith("/") or value.startswith("//") or "\\" in value or not value.isprintable():
        return default
    try:
        parts = urlsplit(value)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else value


def login_address(scope: Mapping[str, Any]) -> str:
    """The login page, which leads back to the page of `scope` when that can simply be opened again."""
    address = str(scope.get("root_path", "")) + "/login"
    path = inner_path(scope)
    if scope.get("method") not in ("GET", "HEAD") or path == "/":
        return address
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{address}?next={quote(path + ('?' + query if query else ''), safe='/')}"
