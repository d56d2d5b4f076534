# SPDX-License-Identifier: MIT
"""A person finds on the Help page what is wrong, sees what would be done, has it mended, and looks through a report."""

from pathlib import Path

import pytest

from tests.browser.looks import Looks
from tests.browser.walk import Walk
from tests.fakes import planted, tiny_program
from tests.fakes.hub import RealHub

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not tiny_program.available(), reason="no tiny program for this system"),
]


async def test_help_finds_shows_mends_and_reports(tmp_path: Path, walk: Walk) -> None:
    program = tmp_path / "opencode"
    program.write_bytes(tiny_program.program())
    program.chmod(0o755)
    with RealHub(tmp_path, program) as hub:
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        left = planted.half_written_files(hub)
        page = await walk.signed_in(hub.url, bypass_csp=True)
        await page.goto(hub.url + "help")
        assert "1.18.33" in await page.inner_text("main")
        await page.get_by_role("link", name="Check everything").click()
        await page.get_by_role("link", name="Mend this … Half-written files").press("Enter")
        await page.get_by_text(f"Remove {left}.").wait_for()
        look = Looks(page)
        await look("help-fix")
        assert not look.found, "\n".join(look.found)
        assert left.exists()
        await page.get_by_role("button", name="Do it").press("Enter")
        await page.get_by_role("status").get_by_text("Mended: Half-written files").wait_for()
        assert not left.exists()
        await page.get_by_role("link", name="Report a problem").click()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download all").click()
        assert (await download.value).suggested_filename.startswith("opencode-nexus-report-")
        await page.get_by_role("link", name="doctor.txt").click()
        await page.get_by_role("region", name="The file").get_by_text("Half-written files: None are left.").wait_for()
