# SPDX-License-Identifier: MIT
"""A release page on loopback: real HTTP with Range and If-Range, and the faults that a network has."""

import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile
from types import TracebackType
from typing import Any, Self


def tar_gz(members: dict[str, bytes]) -> bytes:
    """An archive with these plain files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """The same as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class ReleasePage:
    """Serves `assets` (name: bytes) as release `tag``version` with the words `text`; `requests` holds (path, Range
    header) of each request.

    `cuts` holds for each coming download how many bytes of its body are sent before the connection is cut
    (None: all). `digests` overrides what is published. `etag` is the ETag (empty: none is sent). With `stall` set, a
    download sends its first half and then waits until `stall` is set. With `redirect` set, files are elsewhere on this
    server. Whoever calls itself `refused` gets 401.
    """

    def __init__(self, version: str, assets: dict[str, bytes], *, tag: str = "v", text: str = "") -> None:
        self.version, self.assets, self.tag, self.text = version, assets, tag, text
        self.digests: dict[str, str | None] = {}
        self.cuts: list[int | None] = []
        self.etag = '"one"'
        self.redirect = False
        self.refused: str | None = None
        self.status: dict[str, int] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.stall: threading.Event | None = None
        self.half_sent = threading.Event()
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.answer(self)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/repos/x/opencode"

    def listing(self) -> dict[str, Any]:
        """The release as the page's API gives it."""
        assets = []
        for name, data in self.assets.items():
            digest = self.digests.get(name, "sha256:" + hashlib.sha256(data).hexdigest())
            url = f"{self.base}/files/{name}"
            assets.append({"name": name, "size": len(data), "browser_download_url": url, "digest": digest})
        return {"tag_name": f"{self.tag}{self.version}", "body": self.text, "assets": assets}

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        name = request.path.rpartition("/")[2].partition("?")[0]
        if (status := self.status.get(name)) is not None:
            request.send_error(status)
            return
        if self.refused is not None and request.headers.get("User-Agent", "").startswith(self.refused):
            request.send_error(401)
            return
        if request.path.endswith(f"/releases/tags/{self.tag}{self.version}"):
            self._send(request, 200, json.dumps(self.listing()).encode(), {"Content-Type": "application/json"})
        elif name in self.assets and self.redirect and "/files/" in request.path:
            self._send(request, 302, b"", {"Location": f"/elsewhere/{name}?signed=yes"})
        elif name in self.assets:
            self._file(request, self.assets[name], wanted)
        else:
            request.send_error(404)

    def _file(self, request: http.server.BaseHTTPRequestHandler, data: bytes, wanted: str | None) -> None:
        headers = {"Accept-Ranges": "bytes", **({"ETag": self.etag} if self.etag else {})}
        if wanted and request.headers.get("If-Range", "") == self.etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                request.send_error(416)
                return
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._send(request, 206, data[start:], headers, self.cuts.pop(0) if self.cuts else None)
        else:
            self._send(request, 200, data, headers, self.cuts.pop(0) if self.cuts else None)

    def _send(
        self,
        request: http.server.BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        headers: dict[str, str],
        cut: int | None = None,
    ) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        try:
            if self.stall is not None and "Accept-Ranges" in headers:
                request.wfile.write(body[: len(body) // 2])
                request.wfile.flush()
                self.half_sent.set()
                self.stall.wait(30)
                body = body[len(body) // 2 :]
            request.wfile.write(body if cut is None else body[:cut])
            request.wfile.flush()
        except OSError:
            pass  # the other side went away
        if cut is not None:
            request.close_connection = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.stall is not None:
            self.stall.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
