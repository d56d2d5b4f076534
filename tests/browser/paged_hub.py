# SPDX-License-Identifier: MIT
"""A hub that knows another release page: the one that runs beside the test, which sends as slowly as a far one."""

import functools
import http.server
import os
import threading
from pathlib import Path
from types import TracebackType
from unittest import mock

from opencode_nexus.cli.main import main
from opencode_nexus.install import installer
from opencode_nexus.install.installer import VERSION
from opencode_nexus.install.platforms import this_machine
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page, tiny_program
from tests.fakes.hub import RealHub
from tests.fakes.real import ROOT

ADDRESS = "NEXUS_TEST_RELEASE_PAGE"
STUFFING = 12_000_000  # bytes behind the tiny program, so that there is something to fetch
BEAT = 0.1  # seconds between two pieces, each a hundredth of what is left: it moves all the time, for minutes


class SlowPage(release_page.ReleasePage):
    """The release page with a tiny OpenCode on it; a download goes on and on until `hurry` is set."""

    def __init__(self) -> None:
        self.archive = f"opencode-{this_machine().builds()[0]}.tar.gz"
        self.hurry = threading.Event()
        program = tiny_program.program(f"{VERSION}\n") + os.urandom(STUFFING)
        super().__init__(VERSION, {self.archive: release_page.tar_gz({"opencode": program})})

    @property
    def ranges(self) -> list[str | None]:
        """From where each download was asked for."""
        return [wanted for path, wanted in self.requests if path.endswith(self.archive)]

    def _send(
        self,
        request: http.server.BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        headers: dict[str, str],
        cut: int | None = None,
    ) -> None:
        if "ETag" not in headers:
            return super()._send(request, status, body, headers, cut)
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        try:
            while body and not self.hurry.wait(BEAT):
                piece = max(1, len(body) // 100)
                request.wfile.write(body[:piece])
                body = body[piece:]
            request.wfile.write(body)
        except OSError:
            pass  # the other side went away

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hurry.set()
        super().__exit__(kind, error, at)


class PagedHub(RealHub):
    """A hub with nothing on its PATH, no npm either, so that it goes to `page`."""

    module = "tests.browser.paged_hub"

    def __init__(self, root: Path, page: SlowPage) -> None:
        (root / "empty").mkdir()
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        super().__init__(root, None, PATH=str(root / "empty"), PYTHONPATH=path, **{ADDRESS: page.base})

    def brought(self) -> list[str]:
        """What lies where copies are kept, below the home folder."""
        folder = self.home / "opencode"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    with mock.patch.object(installer, "ReleasePage", functools.partial(ReleasePage, os.environ[ADDRESS])):
        main()
