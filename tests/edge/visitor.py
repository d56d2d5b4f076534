# SPDX-License-Identifier: MIT
"""How a test visits through the front: names lead to it, its authority is trusted, and nothing else is."""

import httpx2

from tests.edge.edge import WITHIN, Edge
from tests.edge.front import VISITOR_HEADER
from tests.edge.tunnel import QUICK_DOMAIN


class _ToFront(httpx2.HTTPTransport):
    """Connects to the front whatever the URL's host; TLS and the Host header keep the host's name."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(verify=edge.authority.visitors())
        self._edge = edge

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return super().handle_request(_led(request, self._edge))


class _ToFrontAsync(httpx2.AsyncHTTPTransport):
    """The same for asyncio."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(verify=edge.authority.visitors())
        self._edge = edge

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await super().handle_async_request(_led(request, self._edge))


def _led(request: httpx2.Request, edge: Edge) -> httpx2.Request:
    host, _, port = edge.front.partition(":")
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=host, port=int(port)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def visitor(edge: Edge, url: str, address: str = "") -> httpx2.Client:
    """A client whose paths are below the public `url`, and who comes from `address`; close it."""
    return httpx2.Client(
        base_url=url, headers=_from(address), transport=_ToFront(edge), trust_env=False, timeout=WITHIN
    )


def async_visitor(edge: Edge, url: str, address: str = "") -> httpx2.AsyncClient:
    """The same for asyncio."""
    return httpx2.AsyncClient(
        base_url=url, headers=_from(address), transport=_ToFrontAsync(edge), trust_env=False, timeout=WITHIN
    )


def _from(address: str) -> dict[str, str]:
    return {VISITOR_HEADER: address} if address else {}


def browser_flags(edge: Edge, *domains: str) -> list[str]:
    """What Chromium is started with to visit: names of quick tunnels and below `domains` lead to the front."""
    rules = ",".join(f"MAP *.{domain} {edge.front}" for domain in (QUICK_DOMAIN, *domains))
    return [f"--host-resolver-rules={rules}", f"--ignore-certificate-errors-spki-list={edge.authority.fingerprint}"]
