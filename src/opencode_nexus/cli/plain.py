# SPDX-License-Identifier: MIT
"""The start of the hub as most are: `serve` and its flags, read without typer, which stays in memory with the hub."""

from collections.abc import Sequence

from opencode_nexus.core.settings import SETTINGS


def plain(words: Sequence[str]) -> dict[str, object] | None:
    """Return the given settings by name for a plain `serve` (or no word at all); None: let typer read it.

    Whatever is not plainly right is typer's, which knows the help and what to say. It keeps 4 MB as long as the hub
    runs.
    """
    if not words:
        return {}
    if words[0] != "serve":
        return None
    takes: dict[str, str] = {}
    switches: dict[str, tuple[str, bool]] = {}
    for setting in SETTINGS:
        yes, _, no = setting.flag.partition("/")
        if no:
            switches[yes], switches[no] = (setting.name, True), (setting.name, False)
        else:
            takes[yes] = setting.name
    given: dict[str, object] = {}
    rest = iter(words[1:])
    for word in rest:
        flag, equals, value = word.partition("=")
        if word in switches:
            name, yes_or_no = switches[word]
            given[name] = yes_or_no
        elif flag in takes:
            if not equals:
                value = next(rest, "--")
                if value.startswith("-"):
                    return None
            if flag == "--port" and not value.isdecimal():
                return None
            given[takes[flag]] = value
        else:
            return None
    return given
