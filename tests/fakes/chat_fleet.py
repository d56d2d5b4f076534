# SPDX-License-Identifier: MIT
"""The one server of the stand-in chat (`chat_app`)."""

from dataclasses import dataclass

SERVER = "srv_one"


@dataclass(slots=True)
class Server:
    id: str = SERVER
    name: str = "This machine"
    projects: tuple[str, ...] = ("/home/ada/shop",)
    state: str = "running"
    pid: int = 1
    started: float = 0.0
    reason: str = ""
    retry_at: float | None = None
    last_lines: tuple[str, ...] = ()


class Fleet:
    state = "running"
    projects: tuple[str, ...] = ("/home/ada/shop",)

    def list(self) -> list[Server]:
        return [self.get(SERVER)]

    def get(self, server_id: str) -> Server:
        return Server(server_id, state=self.state, projects=self.projects)

    async def start(self, server_id: str) -> None:
        self.state = "running"
