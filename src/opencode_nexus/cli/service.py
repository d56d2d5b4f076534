# SPDX-License-Identifier: MIT
"""`opencode-nexus service`: have the system start the hub, and start it again when it ended badly."""

import getpass
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption
from opencode_nexus.cli.complain import FAILED
from opencode_nexus.cli.services.launchd import Launchd
from opencode_nexus.cli.services.systemd import Systemd
from opencode_nexus.cli.services.task_scheduler import TaskScheduler
from opencode_nexus.cli.services.unit import Runner, ServiceManager, ServiceUnsupported, Unit, is_root, run
from opencode_nexus.cli.table import show_json
from opencode_nexus.core.settings import PREFIX, SETTINGS
from opencode_nexus.store.home import Home, HomeInUse, home_folder

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Have the system start the hub.")

# names that every login sets anew, or that would fix for ever what this shell happens to have
_KEPT = ("PATH", "LANG", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_SET_BY_COMMAND = (f"{PREFIX}HOME", f"{PREFIX}OPEN")
# settings alone: a token of the commands has no place in a file that all may read, and with the mark of the server
# whose agent runs this command, the hub would be ended as a leftover of that server
_SETTINGS = frozenset(setting.env for setting in SETTINGS) - frozenset(_SET_BY_COMMAND)


def manager(runner: Runner = run) -> ServiceManager:
    """Return this system's service manager; raises ServiceUnsupported."""
    if sys.platform == "darwin":
        return Launchd(runner, Path.home(), os.getuid())
    elif sys.platform == "win32":
        return TaskScheduler(runner, home_folder(None), getpass.getuser())
    else:
        if shutil.which("systemctl") is None:
            raise ServiceUnsupported("There is no systemctl.")
        return Systemd(runner, Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"))


def unit(home: Path) -> Unit:
    """Return what is to be run: this installation, on `home`, with the settings that this shell's environment has."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name in _SETTINGS}
    return Unit((sys.executable, "-m", "opencode_nexus", "serve", "--no-open", "--home", str(home)), home, kept)


@app.command()
def install(
    home: HomeOption = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Start it now as well.")] = True,
    only_print: Annotated[bool, typer.Option("--print", help="Only print the file; nothing is changed.")] = False,
) -> None:
    """Have the hub started at every login (as root on Linux: with the machine), and again when it fails.

    The settings in OPENCODE_NEXUS_* and the PATH of this shell go with it; install again to change them.
    """
    folder = home_folder(home)
    found, wanted = manager(), unit(folder)
    if only_print:
        print(found.text(wanted), end="")
        return
    if start and (running := Home(folder).running()) and not found.state().running:
        raise HomeInUse(
            f"It is process {running.pid} at {running.url}.", hint="Stop it first, or install with --no-start."
        )
    Home(folder).prepare()
    found.install(wanted, start=start)
    print(f"Installed with {found.name}: {found.path}")
    if found.name == "systemd" and not is_root():
        print(f"To keep it running while nobody is signed in: loginctl enable-linger {getpass.getuser()}")
    print("Its address: opencode-nexus status" if start else "It starts at the next login.")


@app.command()
def remove() -> None:
    """Stop the service and take it away. The home folder stays."""
    found = manager()
    found.remove()
    print(f"Removed from {found.name}. The home folder is as it was.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Say whether the service is installed and runs. Exit status 1 when it does not run."""
    now = manager().state()
    if as_json:
        show_json(asdict(now))
    elif not now.installed:
        print(f"Not installed with {now.manager}. Install it with 'opencode-nexus service install'.")
    else:
        starts = "it starts by itself" if now.at_start else "it does not start by itself"
        print(f"Installed with {now.manager} ({now.path}): {now.detail}, {starts}.")
    if not now.running:
        raise typer.Exit(FAILED)
