# SPDX-License-Identifier: MIT
"""A visitor from outside: reaches the hub by its public name, as a browser elsewhere would, with no login."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

CONNECT, ANSWER = 10.0, 10.0  # seconds
READ = 4096  # bytes of an answer that are looked at
AGENT = "opencode-nexus-selftest"


class NotReached(Exception):
    """No answer, for the reason in its words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `first` is seconds until its first byte, `spread` from there to its last piece."""

    status: int
    location: str
    body: bytes
    first: float
    spread: float


@dataclass(frozen=True, slots=True)
class Echo:
    """What a WebSocket gave: the status of the handshake (101: open), and seconds until the first echo."""

    status: int
    first: float = 0.0
    echoed: bool = False
    code: int | None = None


class Visitor:
    """Visits the hub at the origin of `url`, below `base_path`; an async context manager.

    `front` ("host:port", or empty) is connected to in place of the name's own address; the name stays in TLS and in
    Host. Certificates are judged as the system does, so SSL_CERT_FILE can name an authority of one's own.
    """

    def __init__(self, url: str, front: str = "", base_path: str = "") -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme != "http"
        self._name, self._netloc = parts.hostname or "", parts.netloc
        self._base, self._front = base_path, front
        self._certificates: ssl.SSLContext | None = None
        self._http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        if self._secure:  # in a thread: reading the system's certificates took 0.4 s here
            self._certificates = await asyncio.to_thread(ssl.create_default_context)
        self._http = httpx2.AsyncClient(
            base_url=f"{'https' if self._secure else 'http'}://{self._front or self._netloc}{self._base}",
            headers={"Host": self._netloc, "User-Agent": AGENT, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(ANSWER, connect=CONNECT),
            verify=self._certificates or False,
            trust_env=not self._front,  # a proxy of the network may be the only way out
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def ask(self, method: str, path: str) -> Answer:
        """One request; raises NotReached."""
        assert self._http is not None, "use it as a context manager"
        begun = time.perf_counter()
        first = last = 0.0
        body = b""
        try:
            async with asyncio.timeout(CONNECT + ANSWER):
                extensions = {"sni_hostname": self._name}
                async with self._http.stream(method, path, extensions=extensions) as answer:
                    async for piece in answer.aiter_raw():
                        last = time.perf_counter()
                        first = first or last
                        body += piece[: READ - len(body)]
        except (httpx2.TransportError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            raise NotReached(_why(error)) from error
        first, last = first or time.perf_counter(), last or first
        spread = max(0.0, last - first)
        return Answer(answer.status_code, answer.headers.get("location", ""), body, first - begun, spread)

    async def echo(self, path: str, words: str | None) -> Echo:
        """Open a WebSocket and have `words` said back; None: only see whether it opens. Raises NotReached."""
        from websockets.asyncio.client import connect  # 60 ms that only a running tunnel needs
        from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

        class Once(connect):
            def process_redirect(self, exc: Exception) -> Exception | str:
                return exc  # it would be followed, to wherever it leads

        begun = time.perf_counter()
        address = f"{'wss' if self._secure else 'ws'}://{self._netloc}{self._base}{path}"
        options: dict[str, Any] = {"ssl": self._certificates} if self._secure else {}
        if self._front:
            host, _, port = self._front.rpartition(":")
            options |= {"host": host.strip("[]"), "port": int(port), "proxy": None}
        try:
            async with asyncio.timeout(CONNECT + ANSWER):
                async with Once(address, user_agent_header=AGENT, close_timeout=1, **options) as line:
                    try:
                        if words is not None:
                            await line.send(words)
                        said = await asyncio.wait_for(line.recv(), ANSWER if words is not None else 2.0)
                    except TimeoutError:
                        return Echo(101)
                    except ConnectionClosed as closed:
                        return Echo(101, code=closed.rcvd.code if closed.rcvd else None)
                    return Echo(101, time.perf_counter() - begun, echoed=said == words)
        except InvalidStatus as refused:
            return Echo(refused.response.status_code)
        except (WebSocketException, TimeoutError, OSError) as error:
            raise NotReached(_why(error)) from error


def _why(error: BaseException) -> str:
    """The plain reason why there was no answer."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "The name is not known here yet (DNS)."
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate that the name shows is not trusted here: {cause.verify_message}."
        if isinstance(cause, (TimeoutError, httpx2.TimeoutException)):
            return "No answer came in time."
    return f"It cannot be connected to: {str(error) or type(error).__name__}."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
