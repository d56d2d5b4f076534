# SPDX-License-Identifier: MIT
"""What the API's handlers are given: the hub, and who asks. Async, as sync ones cost a thread each."""

from typing import Annotated

from fastapi import Depends, Query, Request

from opencode_nexus.access.who import Who
from opencode_nexus.web.context import Hub


async def _hub(request: Request) -> Hub:
    hub: Hub = request.state.hub
    return hub


async def _who(request: Request) -> Who:
    who: Who = request.state.who
    return who


HubDep = Annotated[Hub, Depends(_hub)]
WhoDep = Annotated[Who, Depends(_who)]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items in one answer.")]
Before = Annotated[str | None, Query(description="`next` of the answer before.")]
