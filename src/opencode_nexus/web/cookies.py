# SPDX-License-Identifier: MIT
"""The cookie of a signed-in browser."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from opencode_nexus.access.sessions import STAY

PLAIN, HOST_BOUND = "nexus", "__Host-nexus"


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser came by https, as far as a trusted proxy's word goes."""
    return connection.scope.get("scheme") in ("https", "wss")


def cookie_name(secure: bool, base: str) -> str:
    """The name for a hub below `base`: `__Host-` wants https and the path /; no other host can set one."""
    return HOST_BOUND if secure and not base else PLAIN


def session_token(connection: HTTPConnection) -> str:
    """The session token that the browser sent, "" for none."""
    base = connection.scope.get("root_path", "")
    return connection.cookies.get(cookie_name(is_secure(connection), base), "")


def sign_in(response: Response, connection: HTTPConnection, token: str, stay: bool) -> None:
    """Gives the browser its session token: until it is closed, or for 30 days with `stay`."""
    base, secure = connection.scope.get("root_path", ""), is_secure(connection)
    response.set_cookie(
        cookie_name(secure, base),
        token,
        max_age=int(STAY) if stay else None,
        path=base or "/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def sign_out(response: Response, connection: HTTPConnection) -> None:
    """Takes the session cookie away."""
    base, secure = connection.scope.get("root_path", ""), is_secure(connection)
    response.delete_cookie(cookie_name(secure, base), path=base or "/", secure=secure, httponly=True, samesite="lax")
