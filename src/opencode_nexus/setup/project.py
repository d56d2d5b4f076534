# SPDX-License-Identifier: MIT
"""The first project folder: from what somebody typed to a folder that an agent can work in."""

import os
from collections.abc import Mapping
from pathlib import Path

from opencode_nexus.fleet.errors import ProjectMissing, ProjectUnreadable
from opencode_nexus.setup.errors import ProjectNotFolder, ProjectNotGiven, ProjectNotWritable


def suggestion(environ: Mapping[str, str]) -> str:
    """Return the folder to offer: where the hub was started, unless that is a root or the user's home folder."""
    try:
        here = Path.cwd()
    except OSError:  # deleted meanwhile
        return ""
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    return "" if here == Path(here.anchor) or str(here) == home else str(here)


def folder(text: str, *, create: bool = False) -> Path:
    """Return the folder that `text` names (`~` is the user's home); `create` makes it when it does not exist.

    Touches the disk. Raises ProjectNotGiven, ProjectMissing, ProjectNotFolder, ProjectUnreadable or
    ProjectNotWritable, each with the path in its data.
    """
    text = text.strip()
    if not text:
        raise ProjectNotGiven()
    if "\0" in text:
        raise ProjectNotGiven("The path holds a character that no path can hold.")
    path = Path(os.path.expanduser(text))
    if not path.is_absolute():
        raise ProjectNotGiven(f"{text} is not a full path.", path=text)
    path = Path(os.path.normpath(path))
    try:
        if create and not path.exists():
            path.mkdir(parents=True)
        found = path.exists()
    except FileExistsError:
        found = True
    except NotADirectoryError as error:
        raise ProjectNotFolder(f"A part of {path} is a file.", path=str(path)) from error
    except OSError as error:
        if create:
            reason = f"{path} cannot be made: {error.strerror or error}."
            raise ProjectNotWritable(reason, path=str(path)) from error
        raise ProjectUnreadable(f"{path}: {error.strerror or error}.", path=str(path)) from error
    if not found:
        raise ProjectMissing(f"There is no {path}.", path=str(path))
    if not path.is_dir():
        raise ProjectNotFolder(f"{path} is a file.", path=str(path))
    if not os.access(path, os.R_OK | os.X_OK):
        raise ProjectUnreadable(f"You may not read {path}.", path=str(path))
    if not os.access(path, os.W_OK):
        raise ProjectNotWritable(f"You may not write to {path}.", path=str(path))
    return path.resolve()  # as fleet keeps it, so that the same folder is known again
