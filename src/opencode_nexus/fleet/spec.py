# SPDX-License-Identifier: MIT
"""What is wanted of a server: its name and its project folders."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.fleet.errors import BadProject, ProjectMissing, ProjectTaken, ProjectUnreadable

NAME_LENGTH = 60


class BadName(BadRequest):
    """A server's name cannot be used."""

    code = "bad-server-name"
    title = "This name cannot be used for a server."
    hint = f"Use 1 to {NAME_LENGTH} characters, in one line."


def check_name(name: str) -> str:
    """Return the name without spaces around it; raises BadName."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise BadName(f"It has {len(name)} characters." if name else "It is empty.")
    return name


def check_far_folder(folder: str) -> str:
    """Return a folder of another machine, which nobody here can look at; raises BadProject when it is no full path."""
    folder = folder.strip()
    full = folder.startswith("/") or re.match(r"[A-Za-z]:[\\/]|\\\\", folder)
    if not full or not folder.isprintable() or len(folder) > 4096:
        raise BadProject(f"{folder[:200]!r} is not a full path.")
    return folder if len(folder) < 2 or folder.endswith(":\\") else folder.rstrip("/")


def check_project(folder: str) -> str:
    """Return the folder as the absolute path that a server gets, links resolved; raises a BadProject. Blocks briefly.

    OpenCode itself accepts any path and opens even a folder that does not exist (measured on 1.18.33).
    """
    if not folder.strip() or "\0" in folder:
        raise BadProject("No folder was given.")
    path = Path(os.path.expanduser(folder.strip()))  # leaves ~nobody as it is, where Path raises
    if not path.is_absolute():
        raise BadProject(f"{folder} is not a full path.")
    try:
        path = path.resolve(strict=True)
        if not path.is_dir():
            raise BadProject(f"{path} is not a folder.")
        readable = os.access(path, os.R_OK | os.X_OK)
        if readable:
            os.scandir(path).close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectMissing(f"{folder} was not found.", folder=folder) from error
    except OSError as error:
        raise ProjectUnreadable(f"{folder}: {error.strerror or error}.", folder=folder) from error
    if not readable:
        raise ProjectUnreadable(f"{folder} may not be read.", folder=folder)
    return str(path)


def check_projects(folders: Iterable[str]) -> tuple[str, ...]:
    """Return checked folders, at least one and none twice; raises a BadProject or ProjectTaken."""
    checked: list[str] = []
    for folder in folders:
        path = check_project(folder)
        if path in checked:
            raise ProjectTaken(f"{path} is named twice.", folder=path)
        checked.append(path)
    if not checked:
        raise BadProject("A server needs at least one project folder.")
    return tuple(checked)
