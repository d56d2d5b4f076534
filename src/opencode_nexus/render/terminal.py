# SPDX-License-Identifier: MIT
"""What a program wrote to its terminal, as plain text: colours and cursor moves left out, nothing raw left in."""

import re

# CSI, then the strings (OSC, DCS, SOS, PM, APC) up to their end, then the short ones
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Return `text` as it stood on the screen at the end: a line that was written over is there once.

    What is left of control characters is shown by its picture, such as ␀.
    """
    if _CONTROLS.search(text) is None:
        return text
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(_last(line) for line in text.split("\n"))
    return _CONTROLS.sub(_picture, text)


def _last(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"
