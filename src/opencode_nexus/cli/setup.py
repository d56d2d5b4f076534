# SPDX-License-Identifier: MIT
"""`opencode-nexus setup`: the wizard's steps without a browser, with a running hub or without."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from opencode_nexus.access.rules import check_name, check_password
from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, find_hub
from opencode_nexus.cli.errors import HubSaid
from opencode_nexus.cli.secret_file import password_in
from opencode_nexus.cli.table import show_json
from opencode_nexus.setup.errors import CheckStops
from opencode_nexus.setup.project import folder
from opencode_nexus.store.home import Home, HomeInUse, home_folder

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_VERDICTS = {"pass": "Pass", "warn": "Warning", "fail": "Fail", "unknown": "Not known"}
POLL = 0.5  # seconds between two looks at a job of the hub


@app.command()
def setup(
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="User name of the owner account.")],
    password_file: Annotated[
        Path,
        typer.Option("--password-file", metavar="FILE", help="Its first line is the password; - is standard input."),
    ],
    project: Annotated[str, typer.Option("--project", metavar="DIR", help="Folder that the agents work in.")],
    opencode: Annotated[
        Path | None,
        typer.Option("--opencode", metavar="PATH", help="OpenCode program; default: find one, else bring one."),
    ] = None,
    practice: Annotated[
        bool | None,
        typer.Option("--practice/--no-practice", help="Offer the practice model.", show_default=False),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set everything up without a browser. Doing it again changes nothing that is there."""
    name = check_name(owner)
    wanted: dict[str, Any] = {
        "owner": name,
        "password": check_password(password_in(password_file), name),
        "project": str(folder(os.path.abspath(os.path.expanduser(project)))),
        "opencode": "" if opencode is None else os.path.abspath(os.path.expanduser(opencode)),
        "practice": practice,
    }
    try:
        done = _set_up(Home(home_folder(home)), wanted)
    except (CheckStops, HubSaid) as error:
        found = error.problem().get("checks")
        if isinstance(found, list) and not as_json:
            _tell_checks(found, sys.stderr)
        raise
    if as_json:
        return show_json(done)
    _tell(done)


def _set_up(place: Home, wanted: dict[str, Any]) -> dict[str, Any]:
    """Do it in the hub that runs on this home folder, else in this process."""
    place.prepare()
    try:
        place.lock()
    except HomeInUse:
        with find_hub(place.path) as hub:
            return _beside(hub, wanted)
    try:
        return asyncio.run(_alone(place, wanted))
    finally:
        place.release()


def _beside(hub: HubClient, wanted: dict[str, Any]) -> dict[str, Any]:
    """Let the running hub do it; raises HubSaid or HubNotRunning."""
    state = hub.get("/setup")
    if state["opencode"] is None and not wanted["opencode"]:
        say = _Said()
        hub.post("/setup/bring")
        try:
            while (state := hub.get("/setup"))["bringing"]["running"]:
                say(state["bringing"]["text"])
                time.sleep(POLL)
        except KeyboardInterrupt:  # it is the hub's job, which would go on
            hub.post("/setup/bring/cancel")
            raise
        if state["bringing"]["error"]:
            problem = state["bringing"]["error"]
            raise HubSaid(problem, int(problem.get("status", 500)))
    done: dict[str, Any] = hub.post("/setup", wanted)
    return done


async def _alone(home: Home, wanted: dict[str, Any]) -> dict[str, Any]:
    """Do it in this process; the server then starts with the hub."""
    from opencode_nexus.app import composed
    from opencode_nexus.core.bus import Record
    from opencode_nexus.install.progress import Progress

    said = _Said()

    def say(record: Record) -> None:
        if isinstance(record.data, Progress):
            said(record.data.text)

    async with composed(home, {"home": home.path}, os.environ) as hub:
        await hub.installer.open()
        hub.bus.listen(say, "install")
        try:
            return asdict(await hub.wizard.apply(**wanted, start=False))
        finally:
            await hub.practice.close()


def _tell_checks(lines: Sequence[Mapping[str, Any]], to: TextIO) -> None:
    for line in lines:
        print(f"{_VERDICTS[line['status']]:<10}{line['title']}: {line['said']} {line['todo']}".rstrip(), file=to)


class _Said:
    """Tells on stderr what is being done, each thing once."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, text: str) -> None:
        if text and text != self._last:
            self._last = text
            print(text, file=sys.stderr, flush=True)


def _tell(done: dict[str, Any]) -> None:
    _tell_checks(done["checks"], sys.stdout)
    print(f"OpenCode {done['version']}: {done['opencode']}")
    print(f"Project: {done['project']}")
    print(f"Owner: {done['owner']}{'' if done['created'] else ' (was there already)'}")
    print(f"Practice model: {'offered' if done['practice'] else 'not offered'}")
    print("The server runs." if done["started"] else "The server starts with 'opencode-nexus'.")
