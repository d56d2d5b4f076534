# SPDX-License-Identifier: MIT
"""How a command talks to the running hub: over its API, as the hub's own system user or with a token."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import httpx2
import typer

from opencode_nexus.cli.errors import HubNotRunning, HubSaid
from opencode_nexus.store.home import Home, home_folder

START_TIMEOUT = 120.0  # seconds; a start or stop answers when it is done

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="OPENCODE_NEXUS_HOME", help="Home folder of the hub.", show_default=False),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="OPENCODE_NEXUS_URL", help="Address of a hub elsewhere; goes with --token."),
]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", envvar="OPENCODE_NEXUS_TOKEN", help="API token for --url.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class HubClient:
    """The API of one running hub, as a context manager.

    `url` is its address with the base path, `token` a bearer it takes, `local` that it is on this machine.
    """

    def __init__(self, url: str, token: str, *, local: bool) -> None:
        self.url, self.local = url.rstrip("/"), local
        self._http = httpx2.Client(
            base_url=self.url + "/api/v1",
            headers={"authorization": f"Bearer {token}", "accept": "application/json"},
            trust_env=not local,  # no proxy between us and our own machine
            verify=self.url.startswith("https:"),  # reading this machine's authorities takes 24 ms of a core
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def request(
        self, method: str, path: str, body: object = None, within: float = START_TIMEOUT, **params: object
    ) -> Any:
        """Return the answer's JSON, None when it has none; waits `within` seconds for it.

        Raises HubSaid or HubNotRunning.
        """
        query = {name: str(value) for name, value in params.items() if value is not None}
        try:
            reply = self._http.request(
                method, path, json=body, params=query, timeout=httpx2.Timeout(within, connect=5.0)
            )
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            raise HubNotRunning(f"{self.url} does not answer: {reason}.") from error
        self._check(reply)
        return reply.json() if reply.content else None

    @contextmanager
    def stream(self, method: str, path: str, body: object = None, *, wait: float) -> Iterator[httpx2.Response]:
        """Give an answer that is read as it comes, with at most `wait` seconds between two pieces of it.

        Raises HubSaid or HubNotRunning.
        """
        timeout = httpx2.Timeout(wait, connect=5.0)
        try:
            with self._http.stream(method, path, json=body, timeout=timeout) as reply:
                if not reply.is_success:
                    reply.read()
                self._check(reply)
                yield reply
        except httpx2.TransportError as error:
            raise HubNotRunning(f"{self.url} answers no more: {str(error) or type(error).__name__}.") from error

    @staticmethod
    def _check(reply: httpx2.Response) -> None:
        if reply.is_success:
            return
        try:
            problem = reply.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict):
            problem = {
                "detail": f"{reply.request.method} {reply.url} answered {reply.status_code}, and not as a hub does."
            }
        raise HubSaid(problem, reply.status_code)

    def send_bytes(self, path: str, content: bytes, **params: object) -> Any:
        """POST a file as it is; return the answer's JSON. Raises HubSaid or HubNotRunning."""
        query = {name: str(value) for name, value in params.items() if value is not None}
        timeout = httpx2.Timeout(START_TIMEOUT, connect=5.0)
        kind = {"content-type": "application/octet-stream"}
        try:
            reply = self._http.request("POST", path, content=content, params=query, headers=kind, timeout=timeout)
        except httpx2.TransportError as error:
            raise HubNotRunning(f"{self.url} does not answer: {str(error) or type(error).__name__}.") from error
        self._check(reply)
        return reply.json()

    def get(self, path: str, **params: object) -> Any:
        return self.request("GET", path, None, START_TIMEOUT, **params)

    def post(self, path: str, body: object = None) -> Any:
        return self.request("POST", path, {} if body is None else body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def pages(self, path: str, **params: object) -> Iterator[dict[str, Any]]:
        """Give a list, page by page."""
        before: str | None = None
        while True:
            page = self.get(path, before=before, **params)
            yield page
            before = page["next"]
            if before is None:
                return

    def items(self, path: str, **params: object) -> list[dict[str, Any]]:
        """Return all items of a list."""
        return [item for page in self.pages(path, **params) for item in page["items"]]


def find_hub(home: Path | None, url: str | None = None, token: str | None = None) -> HubClient:
    """Return a client of the hub at `url`, else of the one that runs on `home`. Raises HubNotRunning."""
    if url:
        if not token:
            raise typer.BadParameter("--url needs --token (make one with 'opencode-nexus token create').")
        return HubClient(url, token, local=False)
    folder = home_folder(home)
    running = Home(folder).running()
    if running is None:
        raise HubNotRunning(f"No hub runs on the home folder {folder}.")
    return HubClient(running.url, running.token, local=True)
