# SPDX-License-Identifier: MIT
"""The root of the error tree: each error says what happened and what to do, the same everywhere."""

from typing import ClassVar


class NexusError(Exception):
    """An error that a person can act on.

    `code` names it for programs, `title` is one plain sentence, `hint` the next step, `status` the HTTP status.
    `detail` says what was found this time; further keywords are data for programs and go into the problem document.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong inside OpenCode Nexus."
    hint: str = "Try again. If it happens again, look at the log."
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "", *, hint: str | None = None, **data: object) -> None:
        super().__init__(detail)
        self.detail = detail
        if hint is not None:
            self.hint = hint
        self.data = data

    def __str__(self) -> str:
        return f"{self.title} {self.detail}".strip()

    def problem(self) -> dict[str, object]:
        """Return the error as the members of an RFC 9457 problem document."""
        return {
            **self.data,
            "type": f"urn:opencode-nexus:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "hint": self.hint,
        }


class BadRequest(NexusError):
    """What was sent cannot be used."""

    code = "bad-request"
    title = "That request cannot be used."
    hint = "Correct what the message names and send it again."
    status = 400


class NotFound(NexusError):
    """What was asked for is not here."""

    code = "not-found"
    title = "There is nothing at this address."
    hint = "Check the address, or start from the dashboard."
    status = 404


class Conflict(NexusError):
    """It cannot be done in the present state."""

    code = "conflict"
    title = "That cannot be done right now."
    hint = "Look at the present state and try again."
    status = 409


def all_errors(root: type[NexusError] = NexusError) -> list[type[NexusError]]:
    """Return `root` and every class of ours below it that is loaded, by code: for the reference page and its test."""
    found = {root} if root.__module__.startswith("opencode_nexus.") else set()
    for child in root.__subclasses__():
        found.update(all_errors(child))
    return sorted(found, key=lambda cls: (cls.code, cls.__name__))
