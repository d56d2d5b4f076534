# SPDX-License-Identifier: MIT
"""What a phone sees that follows a link to connect it: it says what it is called, and is signed in.

Looking at the page uses nothing up: messengers fetch a link before anybody has pressed it.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.errors import DeviceNameBad, PairingGone
from opencode_nexus.access.pairing import LONGEST_NAME
from opencode_nexus.web.cookies import session_token, sign_in
from opencode_nexus.web.pages.setup_door import from_own_user

FOREIGN = "This link is for a browser of the user who runs OpenCode Nexus. Sign in with your password."


def _page(request: Request, status: int = 200, **values: Any) -> Response:
    view: dict[str, Any] = {"errors": {}, "secret": "", "name": "", "longest": LONGEST_NAME}
    response: Response = request.state.hub.pages.response(request, "pair.html", status, **{**view, **values})
    return response


async def show(request: Request) -> Response:
    """The form; its script takes the secret from the address, where it stands after the #."""
    return _page(request)


async def name(request: Request) -> Response:
    """What the link calls the device, for the form. Raises PairingGone."""
    async with request.form() as form:
        secret = str(form.get("secret", ""))
    return JSONResponse({"name": request.state.hub.pairing.look(secret).name})


async def connect(request: Request) -> Response:
    """Uses the link up and signs the device in."""
    hub, sender = request.state.hub, request.state.sender
    async with request.form() as form:
        # somebody without script copies the whole link as easily as its end
        secret = str(form.get("secret", "")).strip().rpartition("#")[2]
        typed = str(form.get("name", "")).strip()
    if not secret:
        return _page(request, 400, name=typed, errors={"secret": "Paste the link, or open it again."})
    try:
        if hub.pairing.look(secret).here and not await from_own_user(request):
            return _page(request, 403, name=typed, errors={"": FOREIGN})
        token = await hub.pairing.redeem(
            secret,
            typed,
            agent=request.headers.get("user-agent", ""),
            address=sender.address,
            remote=request.state.remote,
        )
    except DeviceNameBad as error:
        said = f"{error.title} {error.hint}"
        return _page(request, error.status, secret=secret, name=typed, errors={"name": said})
    except PairingGone as error:
        return _page(request, error.status, name=typed, errors={"": f"{error.title} {error.hint}"})
    if request.state.who is not None:  # this browser's cookie is about to be replaced, so nobody could end that login
        await hub.access.logout(session_token(request), source=sender.address)
    response = RedirectResponse(request.scope.get("root_path", "") + "/", 303)
    sign_in(response, request, token, stay=True)
    return response


routes: list[BaseRoute] = [
    Route("/pair", show, methods=["GET"]),
    Route("/pair", connect, methods=["POST"]),
    Route("/pair/name", name, methods=["POST"]),
]
