# SPDX-License-Identifier: MIT
"""The API, imported at its first request: FastAPI costs 330 ms and 15 MB that a hub of pages never needs."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from fastapi import FastAPI


class LazyApi:
    """An ASGI application that becomes `application()` when it is first asked for something."""

    def __init__(self) -> None:
        self._api: FastAPI | None = None
        self._loading = asyncio.Lock()

    def _load(self) -> "FastAPI":
        from opencode_nexus.web.api.application import application

        return application()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The routes of the API; loads it."""
        self._api = self._api or self._load()
        return self._api.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._loading:
            if self._api is None:
                self._api = await asyncio.to_thread(self._load)
        await self._api(scope, receive, send)
