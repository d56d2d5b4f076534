# SPDX-License-Identifier: MIT
"""Notifications: which devices are told of what enters the inbox, of what, and when not."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.errors import ScopeMissing
from opencode_nexus.access.who import Who
from opencode_nexus.core.errors import NexusError
from opencode_nexus.notify.devices import Choices
from opencode_nexus.notify.errors import DeviceUnusable, PushFailed
from opencode_nexus.notify.notice import WORDS
from opencode_nexus.notify.quiet import Quiet, clock, minutes
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.settings_view import browser_name

PATH = "/settings/notifications"
NIGHT = (22 * 60, 7 * 60)  # what the form offers for quiet hours
SAID = {
    "on": "Notifications are on here.",
    "saved": "Saved.",
    "off": "That device is told nothing any more.",
    "test": "A test is on its way. It shows within some seconds, when the browser is connected.",
}
HINTS = {
    "permission": "An agent waits until you allow or reject something.",
    "question": "An agent waits for an answer.",
    "alert": "Something is wrong with the machine, a server or a tunnel, or an agent waits for long.",
    "failed": "A turn ended with an error.",
    "budget": "A chat was stopped at the end of its budget, or of the day’s.",
    "finished": "An agent is done, and nobody looked.",
}


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device in words; times in epoch seconds."""

    id: str
    name: str
    address: str
    kinds: tuple[str, ...]
    hide: bool
    quiet: bool
    start: str
    end: str
    zone: str
    created: float
    told: float | None
    trouble: str
    signed_out: bool


def _person(request: Request) -> Who:
    """Who is signed in; a device belongs to a login. Raises ScopeMissing."""
    who: Who = request.state.who
    if who.via != "session":
        raise ScopeMissing("This is for a browser that is signed in.")
    return who


def _view(row: Any) -> DeviceView:
    quiet = Choices.of(row).quiet
    return DeviceView(
        id=row.id,
        name=browser_name(row.agent),
        address=row.origin,
        kinds=row.kinds,
        hide=row.hide,
        quiet=quiet is not None,
        start=clock(quiet.start if quiet else NIGHT[0]),
        end=clock(quiet.end if quiet else NIGHT[1]),
        zone=row.zone,
        created=row.created,
        told=row.told,
        trouble=row.trouble,
        signed_out=row.login_id is None,
    )


def _show(request: Request, status: int = 200, error: str = "") -> Response:
    hub: Hub = request.state.hub
    who = _person(request)
    here = hub.push.devices.of_login(who.key, who.user_id)
    response: Response = hub.pages.response(
        request,
        "settings_notifications.html",
        status,
        here=_view(here) if here else None,
        others=[_view(row) for row in hub.push.devices.of_user(who.user_id) if here is None or row.id != here.id],
        kinds={kind: (words, HINTS[kind]) for kind, words in WORDS.items()},
        said=SAID.get(request.query_params.get("said", ""), "") if not error else "",
        errors={"": error} if error else {},
    )
    return response


async def page(request: Request) -> Response:
    """GET /settings/notifications"""
    return _show(request)


async def key(request: Request) -> Response:
    """POST /settings/notifications/key: the public key that a browser subscribes with. Made when first asked for."""
    _person(request)
    hub: Hub = request.state.hub
    return JSONResponse({"key": (await hub.push.key()).public})


async def subscribe(request: Request) -> Response:
    """POST /settings/notifications/device: a browser's subscription as JSON, with the `zone` of its clock."""
    who = _person(request)
    hub: Hub = request.state.hub
    try:
        told = await request.json()
        given = {name: str(told["keys"][name]) for name in ("p256dh", "auth")}
        endpoint, zone = str(told["endpoint"]), str(told.get("zone", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DeviceUnusable("It needs an endpoint and two keys.") from error
    if not zone.isascii():
        raise DeviceUnusable("Its time zone has no such name.")
    origin = f"{request.url.scheme}://{request.url.netloc}"
    agent = request.headers.get("user-agent", "")
    device = await hub.push.devices.subscribe(
        who.user_id, who.key, endpoint=endpoint, origin=origin, agent=agent, zone=zone, **given
    )
    return JSONResponse({"id": device.id})


def _back(request: Request, said: str) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}{PATH}?said={said}", 303)


def _quiet(form: FormData) -> Quiet | None:
    if not form.get("quiet"):
        return None
    start, end = minutes(str(form.get("start", ""))), minutes(str(form.get("end", "")))
    if start is None or end is None or start == end:
        raise DeviceUnusable("Quiet hours need two different times.", hint="Write them as 22:00 and 07:00.")
    return Quiet(start, end, str(form.get("zone", "")))


async def choose(request: Request) -> Response:
    """POST /settings/notifications/{device}: `kind` (several), `hide`, `quiet` with `start`, `end` and `zone`."""
    who, hub = _person(request), request.state.hub
    async with request.form() as form:
        try:
            choices = Choices(tuple(str(kind) for kind in form.getlist("kind")), bool(form.get("hide")), _quiet(form))
        except DeviceUnusable as error:
            return _show(request, error.status, f"{error.detail} {error.hint}")
    await hub.push.devices.choose(who.user_id, request.path_params["device"], choices)
    return _back(request, "saved")


async def remove(request: Request) -> Response:
    """POST /settings/notifications/{device}/remove"""
    await request.state.hub.push.devices.remove(_person(request).user_id, request.path_params["device"])
    return _back(request, "off")


async def trial(request: Request) -> Response:
    """POST /settings/notifications/{device}/test: sends one, and says what the push service answered."""
    who, hub = _person(request), request.state.hub
    try:
        await hub.push.trial(who.user_id, request.path_params["device"])
    except (PushFailed, OSError) as error:
        failed = error if isinstance(error, NexusError) else PushFailed(str(error))
        return _show(request, failed.status, f"{failed.title} {failed.detail}")
    return _back(request, "test")


routes: list[BaseRoute] = [
    Route(PATH, page, methods=["GET"]),
    Route(PATH + "/key", key, methods=["POST"]),
    Route(PATH + "/device", subscribe, methods=["POST"]),
    Route(PATH + "/{device}", choose, methods=["POST"]),
    Route(PATH + "/{device}/remove", remove, methods=["POST"]),
    Route(PATH + "/{device}/test", trial, methods=["POST"]),
]
