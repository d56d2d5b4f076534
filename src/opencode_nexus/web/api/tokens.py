# SPDX-License-Identifier: MIT
"""/tokens: API tokens of the owner."""

from fastapi import APIRouter, Request, Response

from opencode_nexus.access.errors import PasswordNeeded
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.token import MadeToken, NewToken, Token

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("")
async def list_tokens(hub: HubDep) -> Items[Token]:
    """List the tokens; what they are is never shown again."""
    return Items(
        items=[
            Token(
                id=row.id,
                name=row.name,
                user=row.user_name,
                scopes=list(row.scopes),
                created=row.created,
                expires=row.expires,
                last_used=row.last_used,
            )
            for row in hub.access.tokens()
        ]
    )


@router.post("", status_code=201)
async def create_token(hub: HubDep, who: WhoDep, new: NewToken, request: Request, response: Response) -> MadeToken:
    """Make a token; it is shown in this answer and never again.

    A browser must have given the password within ten minutes; a token needs none.
    """
    if not hub.access.fresh(who):
        raise PasswordNeeded()
    sender = request.state.sender.address
    token, row = await hub.access.create_token(new.name, new.scopes, new.days, source=sender)
    response.headers["location"] = row.id
    return MadeToken(
        token=token,
        id=row.id,
        name=row.name,
        user=row.user_name,
        scopes=list(row.scopes),
        created=row.created,
        expires=row.expires,
        last_used=row.last_used,
    )


@router.delete("/{token_id}", status_code=204)
async def revoke_token(hub: HubDep, token_id: str, request: Request) -> None:
    """Revoke a token by its id or name; it ends at once, streams and the devices connected by it too."""
    request.state.farewell = True  # it may be the one that asks
    await hub.access.revoke_token(token_id, source=request.state.sender.address)
