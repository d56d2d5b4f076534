# SPDX-License-Identifier: MIT
"""Whether a write comes from our own pages, from no page at all, or from another site.

The scheme is Filippo Valsorda's, as in Go 1.25's CrossOriginProtection: browsers say where a request comes
from, in Sec-Fetch-Site and Origin, and a page cannot forge either; so no tokens are needed in forms.
"""

from urllib.parse import urlsplit

from opencode_nexus.access.hosts import Hosts

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_write(method: str, websocket: bool) -> bool:
    """Whether the request must be checked: all but reads, and each WebSocket (it can be written to)."""
    return websocket or method not in SAFE


def from_elsewhere(host: str, origin: str | None, fetch_site: str | None, hosts: Hosts) -> bool:
    """Whether a write with these headers was sent by another site's page.

    `host` is the Host header. With neither header it comes from a program: browsers have sent Origin with
    writes since 2020. With Sec-Fetch-Site the Origin may also be another allowed name of ours, since a proxy
    may change Host; without it (plain http on a network address) it must be the very host and port.
    """
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return True
    if origin is None:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return True
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return True  # "null" among others
    if _with_port(parts.netloc, parts.scheme) == _with_port(host, parts.scheme):
        return False
    return fetch_site is None or not hosts.allows(parts.netloc)


def _with_port(netloc: str, scheme: str) -> str:
    """`netloc` in lower case without its scheme's own port."""
    return netloc.lower().removesuffix(":443" if scheme == "https" else ":80")
