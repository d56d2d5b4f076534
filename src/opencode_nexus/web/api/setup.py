# SPDX-License-Identifier: MIT
"""/setup: how far the set-up is."""

from fastapi import APIRouter

from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.status import Setup

router = APIRouter(prefix="/setup", tags=["hub"])


@router.get("")
async def get_setup(hub: HubDep) -> Setup:
    """Show how far the set-up is."""
    raise NotImplementedError
