# SPDX-License-Identifier: MIT
"""The middleware in order."""

from starlette.middleware import Middleware

from opencode_nexus.web.middleware.headers import HeadersMiddleware
from opencode_nexus.web.middleware.hosts import HostsMiddleware
from opencode_nexus.web.middleware.https import HttpsMiddleware
from opencode_nexus.web.middleware.limits import LimitsMiddleware
from opencode_nexus.web.middleware.origin import OriginMiddleware
from opencode_nexus.web.middleware.sender import SenderMiddleware
from opencode_nexus.web.middleware.session import SessionMiddleware


def stack() -> list[Middleware]:
    """What Starlette takes as `middleware`, outermost first; `scope["state"]["hub"]` must be set by then."""
    return [
        Middleware(HeadersMiddleware),
        Middleware(SenderMiddleware),
        Middleware(HostsMiddleware),
        Middleware(HttpsMiddleware),
        Middleware(LimitsMiddleware),
        Middleware(OriginMiddleware),
        Middleware(SessionMiddleware),
    ]
