# SPDX-License-Identifier: MIT
"""The route table: every module that answers requests, joined in one place."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from opencode_nexus import __version__
from opencode_nexus.web import live, metrics, selftest
from opencode_nexus.web.api.lazy import LazyApi
from opencode_nexus.web.pages import (
    attach,
    chat,
    chat_actions,
    chat_changes,
    chat_composer,
    chat_exchange,
    chat_message,
    chat_sent,
    dashboard,
    disk,
    events,
    help_page,
    inbox,
    login,
    logs,
    pair,
    palette,
    phone,
    remote,
    resources,
    search,
    servers,
    settings,
    setup,
    theme,
    usage,
)
from opencode_nexus.web.static import StaticFiles


async def healthz(request: Request) -> Response:
    """Say that the hub runs, and its version; open to all, so nothing else."""
    return JSONResponse({"status": "ok", "version": __version__})


def routes(static: StaticFiles) -> list[BaseRoute]:
    """Return every route of the hub, in the order in which they are tried."""
    return [
        Route("/healthz", healthz, methods=["GET"]),
        *static.routes(),
        *login.routes,
        *pair.routes,
        *setup.routes,
        *dashboard.routes,
        *attach.routes,
        *servers.routes,
        *resources.routes,
        *disk.routes,
        *search.routes,
        *palette.routes,
        *remote.routes,
        *theme.routes,
        *phone.routes,
        *chat_actions.routes,
        *chat_exchange.routes,
        *chat_changes.routes,
        *chat_message.routes,
        *inbox.routes,
        *chat.routes,
        *chat_composer.routes,
        *chat_sent.routes,
        *settings.routes,
        *usage.routes,
        *logs.routes,
        *help_page.routes,
        *events.routes,
        *live.routes,
        *selftest.routes,
        *metrics.routes,
        Mount("/api/v1", LazyApi()),
    ]
