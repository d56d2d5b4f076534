# SPDX-License-Identifier: MIT
"""Without a web view: a real Chromium is led from the file to the hub, and no other user of the machine gets in."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import psutil
import pytest

from opencode_nexus.desktop.app_mode import open_app
from opencode_nexus.desktop.hub import LocalHub
from opencode_nexus.desktop.sign_in_page import SignInPage
from tests.desktop.screen import until
from tests.fakes.hub import RealHub
from tests.fakes.real import find_opencode

TITLE = "OpenCode Nexus"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: the browser is started by a shell script")


@contextmanager
def led(link: str, chromium: Path, root: Path) -> Iterator[dict[str, Any]]:
    """What the browser shows that was led to `link`."""
    browser, profile, page = root / "chromium", root / "profile", SignInPage(root)
    browser.write_text(
        f'#!/bin/sh\nexec "{chromium}" --headless=new --no-sandbox --disable-dev-shm-usage '
        f'--remote-debugging-port=0 --disable-component-update "$@"\n'
    )
    browser.chmod(0o755)
    secret = link.rpartition("#")[2].rpartition("=")[2]
    opened = open_app(page.write(link), browser, profile)
    try:
        assert opened == "chromium in app mode" and page.wait()
        page.remove()
        ports = profile / "DevToolsActivePort"
        until(lambda: ports.exists() and ports.read_text(), "its port")
        port = ports.read_text().split("\n")[0]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as tools:

            def shown() -> dict[str, Any]:
                found = json.loads(tools.get("/json/list").text)
                return next((one for one in found if one["url"].startswith("http") and TITLE in one["title"]), {})

            page_of_hub = until(shown, "a page of the hub")
            lines = [word for process in _ours(profile) for word in _line(process)]
            assert lines and not any(secret in word for word in lines)
            yield page_of_hub
    finally:
        left = _ours(profile)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, 10)


def _ours(profile: Path) -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [one for one in children if any(str(profile) in word for word in _line(one))]


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def local(hub: RealHub) -> LocalHub:
    """The hub as the window has it."""
    found = LocalHub(hub.home)
    assert not found.join_or_start()
    return found


def test_a_browser_comes_into_the_set_up(tmp_path: Path, chromium_binary: Path) -> None:
    with RealHub(tmp_path).start() as hub, led(local(hub).sign_in_link(), chromium_binary, tmp_path) as shown:
        assert urlsplit(shown["url"]).path == "/setup/welcome"


def test_a_browser_comes_to_the_page_that_signs_it_in(tmp_path: Path, chromium_binary: Path) -> None:
    with RealHub(tmp_path, find_opencode()) as hub:
        assert hub.set_up().returncode == 0
        hub.start()
        link = local(hub).sign_in_link()
        with led(link, chromium_binary, tmp_path) as shown:
            assert shown["url"] == link and shown["title"].startswith("Connect this device")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user as well")
def test_the_link_lets_in_no_other_user_of_the_machine(tmp_path: Path) -> None:
    with RealHub(tmp_path, find_opencode()) as hub:
        assert hub.set_up().returncode == 0
        hub.start()
        link = urlsplit(local(hub).sign_in_link())
        os.seteuid(65534)  # a socket belongs to whoever makes it
        try:
            other = socket.socket()
        finally:
            os.seteuid(0)
        form = urlencode({"secret": link.fragment, "name": "Mine"})
        with other:
            other.connect((link.hostname, link.port))
            other.sendall(
                f"POST /pair HTTP/1.1\r\nHost: {link.netloc}\r\nOrigin: http://{link.netloc}\r\nConnection: close\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}".encode()
            )
            answer = b"".join(iter(lambda: other.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 403") and b"set-cookie" not in answer.lower()
        own = {"origin": f"http://{link.netloc}"}
        with httpx2.Client(base_url=own["origin"], headers=own, trust_env=False) as browser:
            assert browser.post("/pair", data={"secret": link.fragment, "name": "Mine"}).status_code == 303
