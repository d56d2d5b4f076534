# SPDX-License-Identifier: MIT
"""The API, imported at its first request: FastAPI and pydantic cost 330 ms and 14 MB that a hub of pages never needs,
and the whole API 11 MB more, of which a program asks a part.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from opencode_nexus.web.api.shares import MODULES, share

if TYPE_CHECKING:
    from fastapi import FastAPI


class LazyApi:
    """An ASGI application that becomes the share of `application()` which a request needs, when one does."""

    def __init__(self) -> None:
        self._shares: dict[tuple[str, ...], FastAPI] = {}
        self._loading = asyncio.Lock()

    def _load(self, modules: tuple[str, ...]) -> "FastAPI":
        from opencode_nexus.web.api.application import application

        return application(modules)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The routes of the API; loads all of it."""
        if MODULES not in self._shares:
            self._shares[MODULES] = self._load(MODULES)
        return self._shares[MODULES].routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        modules = share(scope["path"].removeprefix(scope.get("root_path", "")))
        if (api := self._made(modules)) is None:
            async with self._loading:  # who needs what is made already does not wait for it
                api = self._made(modules)
                if api is None:
                    api = self._shares[modules] = await asyncio.to_thread(self._load, modules)
        await api(scope, receive, send)

    def _made(self, modules: tuple[str, ...]) -> "FastAPI | None":
        return self._shares.get(MODULES) or self._shares.get(modules)
