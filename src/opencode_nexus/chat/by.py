# SPDX-License-Identifier: MIT
"""Who did something, and from where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class By:
    """`name` of the account or token, `device` in words ("Firefox on Linux"), `source` the address it came from."""

    name: str
    device: str = ""
    source: str = ""


HUB = By("the hub")  # what it does by itself, where nobody told it to
