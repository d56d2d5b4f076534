# SPDX-License-Identifier: MIT
"""/search: what was said, on all servers."""

from typing import Annotated

from fastapi import APIRouter, Query

from opencode_nexus.chat.search import search
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.api.deps import Before, HubDep, Limit
from opencode_nexus.web.api.models.search import Hit, Hits, IndexedServer, SearchStatus

router = APIRouter(prefix="/search", tags=["search"])

Words = Annotated[str, Query(description='All must be there: words, "phrases", -without, begin*. Empty: the newest.')]


def hit_of(hit: search.Hit) -> Hit:
    """Return a hit as the API tells it."""
    links = Links("", hit.server_id, hit.session_id)
    return Hit(
        server_id=hit.server_id,
        session_id=hit.session_id,
        root_id=hit.root_id,
        title=hit.title,
        project=hit.project,
        message_id=hit.message_id or None,
        part_id=hit.part_id or None,
        role=hit.role,
        tool=hit.tool or None,
        created=hit.created / 1000,
        snippet=hit.snippet.text,
        marks=list(hit.snippet.marks),
        url=links.message(hit.message_id, hit.created) if hit.message_id else links.session,
    )


@router.get("")
async def find(
    hub: HubDep,
    q: Words = "",
    server: str = "",
    project: str = "",
    role: search.Role | None = None,
    tool: str = "",
    session: str = "",
    from_: Annotated[float | None, Query(alias="from", description="Not before this time.")] = None,
    to: Annotated[float | None, Query(description="Before this time.")] = None,
    limit: Limit = 20,
    before: Before = None,
) -> Hits:
    """Search what was said, best first."""
    offset = search.offset_of(before)
    filters = search.Filters(server, project, role or "", tool, session, from_, to)
    found = await hub.search.find(q, filters, limit, offset)
    following = str(offset + limit) if found.more else None
    hits = [hit_of(hit) for hit in found.hits]
    return Hits(items=hits, next=following, newest_only=found.newest, no_word=found.wordless)


@router.get("/status")
async def search_status(hub: HubDep) -> SearchStatus:
    """Show how far the index is, and how large."""
    progress, size = hub.search.progress(), await hub.search.size()
    return SearchStatus(
        messages=size.messages,
        sessions=size.sessions,
        bytes=size.bytes,
        up_to_date=not progress.behind and not progress.rebuilding,
        rebuilding=progress.rebuilding,
        problem=progress.problem,
        servers=[
            IndexedServer(id=server.id, name=server.name, running=server.running, sessions_left=server.left)
            for server in progress.servers
        ],
    )


@router.post("/rebuild", status_code=202)
async def rebuild_search(hub: HubDep) -> None:
    """Make the index anew from what the running servers have. The present one answers meanwhile."""
    hub.search.rebuild()
