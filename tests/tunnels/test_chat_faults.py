# SPDX-License-Identifier: MIT
"""A chat on a phone goes on without loss over each fault that leaves the address; page and API say what is the matter.

Everything is real but Cloudflare. The answer that streams meanwhile waits at a gate: half of it is said before the
fault, half after it.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.walk import PATIENCE, Walk, sign_in
from tests.edge.faults import RATE_LIMITED, TOO_OLD, UNAUTHORIZED
from tests.faults.stage import until
from tests.leaks import remember
from tests.tunnels.scene import DOMAIN, Scene, scene

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

expect.set_options(timeout=PATIENCE)
Told = dict[str, Any]
HALF = 20  # words before the gate, and after it


@pytest.fixture(scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, chromium_binary: Path, cloudflared: Path
) -> AsyncIterator[Scene]:
    root = tmp_path_factory.mktemp("faults")
    async with scene(root, opencode_binary, chromium_binary, cloudflared, apart=False) as made:
        yield made


@pytest.fixture
async def phone(stage: Scene) -> AsyncIterator[Page]:
    walk = Walk(stage.phone)
    page = await walk.page(375)
    # where nothing but loopback is, Chromium calls itself offline
    await page.add_init_script("Object.defineProperty(Navigator.prototype, 'onLine', {get: () => true})")
    yield page
    await walk.close()


@pytest.fixture(scope="module")
async def owner(stage: Scene) -> AsyncIterator[Page]:
    """The owner's page, signed in once: its login outlives each start of the hub."""
    walk = Walk(stage.owner)
    yield await walk.signed_in(stage.hub.url)
    await walk.close()


@pytest.fixture
async def tunnel(stage: Scene, request: pytest.FixtureRequest) -> AsyncIterator[Told]:
    """A tunnel that is ready, of the kind that the test is given."""
    async with added(stage, getattr(request, "param", "quick")) as made:
        yield await start(stage, made)


@contextlib.asynccontextmanager
async def added(stage: Scene, kind: str, protocol: str = "http2") -> AsyncIterator[Told]:
    """A tunnel that is not started; removed whatever comes: one that stays keeps its name from the next ones."""
    wish = {"name": f"my {kind}", "kind": kind, "protocol": protocol}
    if kind == "token":
        settings = {"name": "probe", "kind": "token", "token": stage.edge.add_tunnel(f"x.{DOMAIN}").token}
        probe = await stage.call("POST", "/tunnels", settings)  # tells the service that must stand at Cloudflare
        await stage.call("DELETE", f"/tunnels/{probe['id']}")
        named = stage.edge.add_tunnel(f"faults{len(stage.edge.tunnels)}.{DOMAIN}", service=probe["service"])
        wish["token"] = remember(named.token)
    made: Told = await stage.call("POST", "/tunnels", wish)
    try:
        yield made
    finally:
        if stage.hub.process is None or stage.hub.process.poll() is not None:  # a fault that was not mended
            await asyncio.to_thread(stage.hub.start)
        await stage.call("DELETE", f"/tunnels/{made['id']}")


@contextlib.asynccontextmanager
async def looked(stage: Scene, owner: Page) -> AsyncIterator[Page]:
    """The owner's page; at its end nothing is wrong at the edge, whatever the test made of it."""
    try:
        yield owner
    finally:
        faults = stage.edge.faults
        faults.quick_reply, faults.refuse, faults.udp_dead = None, None, False
        await asyncio.to_thread(stage.edge.come_up)
        await owner.goto("about:blank")  # it asks the hub for nothing more


async def start(stage: Scene, made: Told) -> Told:
    """Start it and wait until it is ready: on a crowded machine its first try may fail, and it is tried again."""
    await stage.call("POST", f"/tunnels/{made['id']}/start?wait=60")
    return await told(stage, made, lambda now: now["state"] == "ready")


async def told(stage: Scene, made: Told, look: Callable[[Told], bool]) -> Told:
    """Wait until the API tells of the tunnel as `look` wants it."""
    found: Told = {}

    async def so() -> bool:
        found.clear()
        found.update(await stage.call("GET", f"/tunnels/{made['id']}"))
        return look(found)

    try:
        await until(so, "the tunnel is as it should be")
    except AssertionError as error:
        raise AssertionError(f"never so: {found}") from error
    return found


async def cut(stage: Scene, tunnel: Told) -> None:
    """The edge hangs up; cloudflared connects again by itself."""
    before = len(stage.edge.registrations)
    stage.edge.cut()
    await told(stage, tunnel, lambda now: now["state"] == "degraded" or len(stage.edge.registrations) > before)
    back = await told(stage, tunnel, lambda now: now["state"] == "ready" and len(stage.edge.registrations) > before)
    assert (back["url"], back["pid"]) == (tunnel["url"], tunnel["pid"])


async def hub_killed(stage: Scene, tunnel: Told) -> None:
    """The hub is killed and started again; the tunnel is taken up."""
    await asyncio.to_thread(stage.hub.kill)
    assert await stage.status(tunnel["url"], "/healthz") == 502
    await asyncio.to_thread(stage.hub.start)
    back = await told(stage, tunnel, lambda now: now["state"] == "ready")
    assert (back["url"], back["pid"], back["adopted"]) == (tunnel["url"], tunnel["pid"], True)


async def cloudflared_killed(stage: Scene, tunnel: Told) -> None:
    """cloudflared is killed; it is started again, and a named tunnel keeps its address."""
    os.kill(tunnel["pid"], signal.SIGKILL)
    back = await told(stage, tunnel, lambda now: now["state"] == "ready" and now["pid"] != tunnel["pid"])
    assert back["url"] == tunnel["url"]


async def told_to_end(stage: Scene, tunnel: Told) -> None:
    """Somebody else tells cloudflared to end while it streams; it is started again, at the same name."""
    os.kill(tunnel["pid"], signal.SIGTERM)
    back = await told(stage, tunnel, lambda now: now["state"] == "ready" and now["pid"] != tunnel["pid"])
    assert back["url"] == tunnel["url"]


Strike = Callable[[Scene, Told], Awaitable[None]]


@pytest.mark.parametrize(
    ("tunnel", "strike"),
    [
        ("quick", cut),
        ("quick", hub_killed),
        ("token", hub_killed),
        ("token", cloudflared_killed),
        ("token", told_to_end),
    ],
    indirect=["tunnel"],
    ids=["edge cut", "hub killed, quick", "hub killed, token", "cloudflared killed", "cloudflared told to end"],
)
async def test_the_chat_goes_on(stage: Scene, phone: Page, tunnel: Told, strike: Strike) -> None:
    url, gate = tunnel["url"], f"gate-{tunnel['id']}"
    await sign_in(phone, f"{url}/")
    script = [{"text": "early{i} ", "n": HALF, "rate": 50}, {"wait": gate}, {"text": "late{i} ", "n": HALF, "rate": 50}]
    await phone.goto(url + await stage.new_chat(gate))
    await phone.locator("#composer").fill(f"#script {json.dumps([script])}")
    await phone.get_by_role("button", name="Send").click()
    said = phone.locator("[role=log] .msg.assistant").last
    await expect(said).to_contain_text(f"early{HALF - 1}")

    await strike(stage, tunnel)

    await asyncio.to_thread(stage.provider.release, gate)
    await expect(said).to_contain_text(f"late{HALF - 1}", timeout=90_000)
    expected = [f"{when}{number}" for when in ("early", "late") for number in range(HALF)]

    async def whole() -> bool:
        return re.findall(r"(?:early|late)\d+", await said.inner_text()) == expected

    await until(whole, "every word is there once", 30)
    await phone.reload()
    await expect(said).to_contain_text(f"late{HALF - 1}")
    await until(whole, "every word is there once in the page opened anew", 30)


async def limited(stage: Scene) -> str:
    stage.edge.faults.quick_reply = RATE_LIMITED
    return "tunnel-rate-limited"


async def too_old(stage: Scene) -> str:
    stage.edge.faults.refuse = TOO_OLD
    return "cloudflared-too-old"


async def no_network(stage: Scene) -> str:
    await asyncio.to_thread(stage.edge.go_down)
    return "tunnel-network-blocked"


async def unauthorized(stage: Scene) -> str:
    stage.edge.faults.refuse = UNAUTHORIZED
    return "tunnel-token-refused"


@pytest.mark.parametrize(
    ("kind", "fault"), [("quick", limited), ("quick", too_old), ("quick", no_network), ("token", unauthorized)]
)
async def test_page_and_api_say_what_is_the_matter(
    stage: Scene, owner: Page, kind: str, fault: Callable[[Scene], Awaitable[str]]
) -> None:
    """The title, what to do, and, where it is so, when it is tried again."""
    async with added(stage, kind) as made, looked(stage, owner) as page:
        code = await fault(stage)
        await stage.call("POST", f"/tunnels/{made['id']}/start")
        found = await told(stage, made, lambda now: now["state"] == "failed" and now["problem"] is not None)
        problem = found["problem"]
        assert problem["code"] == code, found
        await page.goto(f"{stage.hub.url}remote/{made['id']}")
        await expect(page.locator("main")).to_contain_text(problem["title"])
        await expect(page.locator("main")).to_contain_text(problem["hint"])
        if code == "tunnel-rate-limited":
            assert found["retry_at"] is not None
            await expect(page.locator("main")).to_contain_text("tried again")
        if code == "tunnel-network-blocked":  # mended by itself
            await asyncio.to_thread(stage.edge.come_up)
            await told(stage, made, lambda now: now["state"] == "ready")
            await expect(page.locator("main")).not_to_contain_text(problem["title"])


async def lost(stage: Scene, tunnel: Told, page: Page) -> None:
    """The edge is gone for a while: said while it lasts, and gone by itself."""
    await asyncio.to_thread(stage.edge.go_down)
    stage.edge.cut()
    found = await told(stage, tunnel, lambda now: now["state"] == "degraded" and now["problem"] is not None)
    await expect(page.locator("main")).to_contain_text(found["problem"]["title"])
    await expect(page.locator("main")).to_contain_text("Degraded")
    await asyncio.to_thread(stage.edge.come_up)
    back = await told(stage, tunnel, lambda now: now["state"] == "ready")
    assert back["url"] == tunnel["url"]
    await expect(page.locator("main")).not_to_contain_text(found["problem"]["title"])


async def dropped(stage: Scene, tunnel: Told, page: Page) -> None:
    """Cloudflare has dropped a quick tunnel: it gets another address, and page and API say so."""
    stage.edge.forget(next(one for one in stage.edge.tunnels if one.url == tunnel["url"]))
    renewed = await told(stage, tunnel, lambda now: now["state"] == "ready" and now["url"] != tunnel["url"])
    assert tunnel["url"] in renewed["reason"] and "new" in renewed["reason"]
    await expect(page.locator("main")).to_contain_text(renewed["url"])
    await expect(page.locator("main")).to_contain_text(renewed["reason"])


@pytest.mark.parametrize("fault", [lost, dropped])
async def test_page_and_api_tell_of_a_loss_and_of_what_came_of_it(
    stage: Scene, owner: Page, tunnel: Told, fault: Callable[[Scene, Told, Page], Awaitable[None]]
) -> None:
    async with looked(stage, owner) as page:
        await page.goto(f"{stage.hub.url}remote/{tunnel['id']}")
        await expect(page.locator("main")).to_contain_text(tunnel["url"])
        await fault(stage, tunnel, page)


async def test_page_and_api_say_that_no_datagram_passes(stage: Scene, owner: Page) -> None:
    """quic alone was asked for: they say to try http2."""
    async with added(stage, "quick", "quic") as made, looked(stage, owner) as page:
        stage.edge.faults.udp_dead = True
        await stage.call("POST", f"/tunnels/{made['id']}/start")
        blocked = await told(stage, made, lambda now: "quic" in str((now["problem"] or {}).get("detail")))
        assert (blocked["state"], blocked["problem"]["code"]) == ("connecting", "tunnel-network-blocked")
        await page.goto(f"{stage.hub.url}remote/{made['id']}")
        await expect(page.locator("main")).to_contain_text("Try protocol http2")


async def test_what_the_user_has_of_his_own_changes_nothing(stage: Scene, owner: Page) -> None:
    """~/.cloudflared/config.yml with an ingress of its own, and TUNNEL_* where the hub was started."""
    folder = Path(stage.hub.environment()["HOME"]) / ".cloudflared"
    folder.mkdir()
    (folder / "config.yml").write_text(json.dumps({"ingress": [{"service": "http_status:418"}]}))
    await asyncio.to_thread(stage.hub.kill)  # OpenCode stays: it need not start once more
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNNEL_URL", "http://127.0.0.1:9")
        patch.setenv("TUNNEL_METRICS", "127.0.0.1:1")
        patch.setenv("TUNNEL_TRANSPORT_PROTOCOL", "smoke")
        await asyncio.to_thread(stage.hub.start)
    try:
        async with added(stage, "quick") as made, looked(stage, owner) as page:
            ready = await start(stage, made)
            assert await stage.status(ready["url"], "/healthz") == 200
            await page.goto(f"{stage.hub.url}remote/{made['id']}")
            await expect(page.locator("main")).to_contain_text("Ready")
    finally:
        (folder / "config.yml").unlink()
