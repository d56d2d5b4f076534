# SPDX-License-Identifier: MIT
"""The whole way of a phone: the owner opens a tunnel, the phone comes in through it, works, and is put out again.

Everything is real but Cloudflare: the hub, OpenCode, cloudflared, two Chromiums and TLS. The edge holds answers to GETs
of quick tunnels back, as the real one does.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Error, Page, async_playwright, expect

from tests.browser.walk import PATIENCE, Walk, remember_login
from tests.edge.edge import Edge
from tests.edge.visitor import browser_flags
from tests.faults.stage import until
from tests.leaks import remember
from tests.tunnels.scene import DOMAIN, Scene, launch, scene

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, chromium_binary: Path, cloudflared: Path
) -> AsyncIterator[Scene]:
    """One hub for all ways; each opens a tunnel of its own and removes it."""
    async with scene(tmp_path_factory.mktemp("phone"), opencode_binary, chromium_binary, cloudflared) as made:
        yield made


@pytest.fixture(scope="module")
async def owner(stage: Scene) -> AsyncIterator[Page]:
    """The owner's page, signed in at the hub's own address once for all ways."""
    walk = Walk(stage.owner)
    yield await walk.signed_in(stage.hub.url)
    await walk.close()


@pytest.fixture
async def phone(stage: Scene) -> AsyncIterator[Page]:
    """The phone's page, with nothing in it."""
    walk = Walk(stage.phone)
    page = await walk.page(375)
    # where nothing but loopback is, Chromium calls itself offline
    await page.add_init_script("Object.defineProperty(Navigator.prototype, 'onLine', {get: () => true})")
    yield page
    await walk.close()


async def test_who_does_not_know_the_authority_does_not_trust_the_front(edge: Edge, chromium_binary: Path) -> None:
    find_it, _ = browser_flags(edge)
    async with async_playwright() as playwright:
        stranger = await launch(playwright, chromium_binary, find_it)
        page = await stranger.new_page()
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto("https://any.trycloudflare.com/")
        await stranger.close()


@pytest.mark.parametrize("kind", ["quick", "token"])
async def test_a_phone_comes_in_works_and_is_put_out(
    stage: Scene, owner: Page, phone: Page, kind: str, protocol: str
) -> None:
    try:
        url = await open_tunnel(stage, owner, kind, protocol)
        device = f"Phone {kind}-{protocol}"  # one that a failed test leaves is not the next one's
        await connect(owner, phone, url, device)
        await chat(stage, phone, url, f"{kind}-{protocol}")
        await put_out(owner, phone, url, device)
        await close(stage, owner, phone, url)
    finally:
        await stage.call("DELETE", f"/tunnels/{(await stage.tunnel())['id']}")


async def open_tunnel(stage: Scene, owner: Page, kind: str, protocol: str) -> str:
    """Through the page, until the address and its QR code show and the self test has its verdict."""
    await owner.goto(f"{stage.hub.url}remote/new/{kind}")
    if kind == "token":
        service = await owner.locator("main ol code").inner_text()
        named = stage.edge.add_tunnel(f"{protocol}.{DOMAIN}", service=service)
        await owner.get_by_label("Token of the tunnel").fill(remember(named.token))
    await owner.get_by_text("More choices").click()
    await owner.get_by_label("Protocol to Cloudflare").select_option(protocol)
    await owner.get_by_role("button", name="Make it and start it").click()

    now = owner.get_by_role("region", name="Now")
    await expect(now).to_contain_text("Ready")
    tunnel = stage.edge.wait_registered()
    address = now.get_by_role("link", name=tunnel.url)
    await expect(address).to_be_visible()
    await expect(now).to_contain_text({"http2": "HTTP/2", "quic": "QUIC"}[protocol])
    await expect(owner.get_by_role("img", name=f"QR code of {tunnel.url}")).to_be_visible()

    async def tested() -> bool:
        return (await stage.tunnel())["selftest"] is not None

    await until(tested, "the self test has run")
    seen = (await stage.tunnel())["selftest"]
    trials = {trial["name"]: trial["outcome"] for trial in seen["trials"]}
    assert seen["transport"] == "post", seen
    assert trials["post-stream"] == "works" and trials["websocket"] == "works", seen
    assert trials["get-stream"] == ("held back" if kind == "quick" else "works"), seen
    return tunnel.url


async def connect(owner: Page, phone: Page, url: str, device: str) -> None:
    """Pair by the link: it is good for one device, once."""
    await owner.get_by_role("link", name="Connect a phone").click()
    await owner.get_by_label("Name of the device").fill(device)
    await owner.get_by_role("button", name="Show the link").click()
    await expect(owner.get_by_role("img", name=f"QR code that connects {device}")).to_be_visible()
    link = await owner.get_by_role("region", name="The link").locator("code").inner_text()
    assert link.startswith(f"{url}/pair#")
    remember(link.partition("#")[2])

    await phone.goto(link)
    await expect(phone.get_by_label("Name of this device")).to_have_value(device)
    await phone.get_by_role("button", name="Connect").click()
    await phone.wait_for_url(f"{url}/")
    await expect(phone.get_by_role("heading", level=1)).to_be_visible()
    await remember_login(phone)
    cookies = [cookie for cookie in await phone.context.cookies() if cookie.get("httpOnly")]
    assert cookies and all(cookie.get("secure") for cookie in cookies)

    again = await phone.context.browser.new_page()  # type: ignore[union-attr] # it has a browser
    await again.goto(link)
    await again.get_by_role("button", name="Connect").click()
    await expect(again.get_by_role("alert").first).to_be_visible()
    await again.close()


async def chat(stage: Scene, phone: Page, url: str, name: str) -> None:
    """An answer of the real OpenCode streams, and a permission is given on the phone."""
    note = stage.hub.project / f"{name}.txt"
    tool = {"tool": "bash", "args": {"command": f"touch {note.name}", "description": "Make a note"}}
    first = [{"text": "early{i} ", "n": 10, "rate": 50}, {"wait": name}, {"text": "late{i} ", "n": 10}, tool]
    await phone.goto(url + await stage.new_chat(name))
    await phone.locator("#composer").fill(f"#script {json.dumps([first, [{'text': 'All done.'}]])}")
    await phone.get_by_role("button", name="Send").click()

    said = phone.locator("[role=log] .msg.assistant").last
    await expect(said).to_contain_text("early9")  # while the model has more to say: it came live
    assert "late0" not in await said.inner_text()
    await asyncio.to_thread(stage.provider.release, name)
    ask = phone.get_by_role("article", name="Run a command?")
    await expect(ask).to_contain_text(f"touch {note.name}")
    assert not note.exists()
    await ask.get_by_role("button", name="Allow once").click()
    await expect(phone.locator("[role=log] .msg.assistant").last).to_contain_text("All done.")
    assert note.exists()
    words = re.findall(r"(?:early|late)\d", await phone.locator("[role=log]").inner_text())
    assert words[-20:] == [f"{when}{number}" for when in ("early", "late") for number in range(10)]
    # a stream that is tried out while the machine is crowded may come in one piece: then the page takes a WebSocket
    assert await phone.evaluate("sessionStorage.way ?? 'stream'") != "poll"


async def put_out(owner: Page, phone: Page, url: str, device: str) -> None:
    """The owner revokes the device: the phone is at the login by itself, and its cookie opens nothing."""
    await owner.goto(re.sub(r"/remote/.*", "/remote", owner.url))
    came = owner.get_by_role("region", name="Who came in")
    await expect(came).to_contain_text(device)
    await came.get_by_role("button", name=f"Sign out {device}").click()
    await expect(came).not_to_contain_text(device)
    await phone.wait_for_url(re.compile(re.escape(url) + "/login"))
    for path in ("/", "/inbox", "/settings"):
        await phone.goto(url + path)
        assert "/login" in phone.url


async def close(stage: Scene, owner: Page, phone: Page, url: str) -> None:
    """Stop: nothing answers at the address, and no cloudflared is left; the phone says that it is offline."""
    assert await stage.status(url) in (200, 303)  # until now it did
    await owner.get_by_role("link", name="Close everything").click()
    await owner.get_by_role("dialog").get_by_role("button", name="Close everything").click()
    await expect(owner.get_by_role("region", name="Tunnels")).to_contain_text("Closed")
    assert await stage.status(url) == 530
    assert stage.carriers() == []
    answer = await phone.goto(url)  # what the phone keeps for itself stands in for Cloudflare's own page
    assert answer is not None and answer.status == 503 and answer.from_service_worker
