# SPDX-License-Identifier: MIT
"""Who comes in through tunnels: connecting devices, and signing out those that are in."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.errors import HubSaid, UnclearName
from opencode_nexus.cli.table import show, show_json
from opencode_nexus.cli.tunnel_words import DEVICES, LINKS, VISITORS, tell_pairing

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the tunnel.")]


def at(name: str, verb: str = "") -> str:
    """Return the API's path of a tunnel."""
    return f"/tunnels/{quote(name, safe='')}" + (f"/{verb}" if verb else "")


def pair(
    name: NameArgument,
    device: Annotated[str, typer.Option("--device", help="What the device is to be called.")] = "Phone",
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link that signs one device in, once, within five minutes."""
    with find_hub(home, url, token) as hub:
        made = hub.post(at(name, "pair"), {"name": device})
    if as_json:
        return show_json(made)
    tell_pairing(made)


def devices(
    revoke: Annotated[
        str | None, typer.Option("--revoke", metavar="DEVICE", help="Sign this one out: its name or id.")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the devices that were connected by a link, or sign one of them out."""
    with find_hub(home, url, token) as hub:
        found = hub.items("/devices")
        if revoke is None:
            empty = "No device is connected. 'opencode-nexus tunnel pair NAME' makes a link for one."
            return show(found, DEVICES, as_json=as_json, empty=empty)
        device = _device(found, revoke)
        hub.delete(f"/devices/{device['id']}")
    if as_json:
        return show_json(device)
    print(f"{device['name']} is signed out.")


def visitors(
    sign_out: Annotated[
        str | None, typer.Option("--sign-out", metavar="VISITOR", help="Sign this one out: name or id.")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who signed in through a tunnel, by a link or by password, or sign one of them out."""
    with find_hub(home, url, token) as hub:
        found = hub.items("/visitors")
        if sign_out is None:
            return show(found, VISITORS, as_json=as_json, empty="Nobody is signed in through a tunnel.")
        one = _device(found, sign_out, "visitors")
        hub.delete(f"/visitors/{one['id']}")
    if as_json:
        return show_json(one)
    print(f"{one['name'] or one['id']} is signed out.")


def links(
    cancel: Annotated[
        str | None, typer.Option("--cancel", metavar="LINK", help="Take this one back: its id or its device's name.")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the links for a device that were not used yet, or take one of them back."""
    with find_hub(home, url, token) as hub:
        found = hub.items("/pairings")
        if cancel is None:
            return show(found, LINKS, as_json=as_json, empty="No link waits for its device.")
        link = _device(found, cancel, "links")
        hub.delete(f"/pairings/{link['id']}")
    if as_json:
        return show_json(link)
    print(f"The link for {link['name']} does not work any more.")


def _device(found: list[dict[str, Any]], name: str, command: str = "devices") -> dict[str, Any]:
    """Return the device with this id or name. Raises HubSaid (404) or UnclearName."""
    fitting = [d for d in found if d["id"] == name] or [d for d in found if d["name"] == name]
    if not fitting:
        hint = f"'opencode-nexus tunnel {command}' shows what there is."
        raise HubSaid({"title": "There is no such device.", "detail": f"None is {name!r}.", "hint": hint}, 404)
    if len(fitting) > 1:
        raise UnclearName(f"{len(fitting)} devices are named {name!r}.")
    return fitting[0]
