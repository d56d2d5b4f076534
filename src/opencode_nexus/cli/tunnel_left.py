# SPDX-License-Identifier: MIT
"""`tunnel stop --all` where no hub runs: after a crash its tunnels are open, and nobody else would close them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opencode_nexus.access.access import COMMAND, Access
from opencode_nexus.cli.database import with_database
from opencode_nexus.cli.errors import HubSaid
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home, HomeInUse, home_folder
from opencode_nexus.tunnels.left_open import Closed, close_left_open


def stop_all_without_hub(home: Path | None) -> dict[str, Any] | None:
    """Close every tunnel of this home folder and end the remote logins, as the API's stop-all does.

    Returns None, having done nothing, where a hub runs on it or none ever did. Raises HubSaid when a tunnel is still
    open afterwards, and what the database raises.
    """
    folder = home_folder(home)
    if not Home(folder).database.exists():
        return None
    with _alone(folder) as alone:
        if not alone:
            return None
        closed, ended = with_database(home, lambda db: _close(db, folder))
    if closed.left:
        pids = ", ".join(str(identity.pid) for identity in closed.left)
        hint = "Run the command as the user who ran the hub, or end them yourself."
        detail = f"These processes did not end: {pids}. Logins ended: {ended}."
        raise HubSaid({"title": "Not every tunnel could be closed.", "detail": detail, "hint": hint}, 500)
    return {"stopped": closed.names, "logins_ended": ended}


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, so that no hub starts meanwhile; False when one has it."""
    home = Home(folder)
    try:
        home.lock()
    except HomeInUse:
        yield False
        return
    try:
        yield True
    finally:
        home.release()  # takes away what the killed hub left of its address, too


async def _close(db: Database, folder: Path) -> tuple[Closed, int]:
    clock = SystemClock()
    try:
        closed = await close_left_open(db, folder)
    finally:  # even when one of them cannot be closed
        ended = await Access(db=db, clock=clock).end_remote(source=COMMAND)
    if closed.names:
        text = f"Closed by command while no hub ran: {', '.join(closed.names)}."
        await Activity(db, Bus(clock), clock).add("tunnel-stopped", text)
    return closed, ended
