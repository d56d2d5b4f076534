# SPDX-License-Identifier: MIT
"""The addresses that a conversation's forms and links lead to."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of one session; `base` is the base path without a slash at its end."""

    base: str
    server_id: str
    session_id: str

    @property
    def server(self) -> str:
        return f"{self.base}/chat/{quote(self.server_id)}"

    @property
    def session(self) -> str:
        return self.of(self.session_id)

    def of(self, session_id: str) -> str:
        return f"{self.server}/{quote(session_id)}"

    @property
    def edit(self) -> str:
        return f"{self.session}/edit"

    @property
    def abort(self) -> str:
        return f"{self.session}/abort"

    def permission(self, request_id: str) -> str:
        return f"{self.session}/permission/{quote(request_id)}"

    def question(self, request_id: str) -> str:
        return f"{self.session}/question/{quote(request_id)}"

    def sent(self, message_id: str) -> str:
        """What is done with a message that OpenCode did not take."""
        return f"{self.session}/sent/{quote(message_id)}"

    def part(self, message_id: str, part_id: str, created: int) -> str:
        """The page that shows one part whole; `created` of its message, in milliseconds, to find an old one."""
        return f"{self.session}/part/{quote(message_id)}/{quote(part_id)}?at={created}"

    def file(self, message_id: str, part_id: str, created: int) -> str:
        """The content of a file that stands in a message; `created` of the message, in milliseconds."""
        return f"{self.session}/file/{quote(message_id)}/{quote(part_id)}?at={created}"

    def output(self, message_id: str, part_id: str, created: int) -> str:
        """What OpenCode keeps of an output that it cut; `created` of the message, in milliseconds."""
        return f"{self.session}/output/{quote(message_id)}/{quote(part_id)}?at={created}"

    @property
    def changes(self) -> str:
        """What the whole session changed in the files."""
        return f"{self.session}/changes"

    def changes_of(self, message_id: str, created: int) -> str:
        """What the answers to one message changed; `created` of it in milliseconds."""
        return f"{self.session}/changes?of={quote(message_id)}&at={created}"

    def older(self, message_id: str, created: int) -> str:
        """What was said before a message; `created` in milliseconds, as OpenCode needs both for its cursor."""
        return f"{self.session}?before={quote(message_id)}&at={created}"

    def newer(self, message_id: str, created: int) -> str:
        """What was said after a message, and itself; `created` in milliseconds."""
        return f"{self.session}?after={quote(message_id)}&at={created}#{quote(message_id)}"

    def message(self, message_id: str, created: int) -> str:
        """The chat opened at one message, however old; `created` of it in milliseconds, to find it."""
        return f"{self.session}?at_message={quote(message_id)}&at={created}#{quote(message_id)}"
