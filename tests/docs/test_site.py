# SPDX-License-Identifier: MIT
"""The documentation as a site and as the Help in the app: one text, and each link leads somewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from opencode_nexus.core.errors import NotFound
from opencode_nexus.web import manual
from opencode_nexus.web.pages.help_guide import made as help_page
from scripts.site import DOCS, Site, broken, made, write

FILES = sorted(path.relative_to(DOCS) for path in DOCS.glob("*/*.md"))
BASE = "/nexus"
MOST = 100_000  # bytes of a picture


class Words(HTMLParser):
    """What a page says, without its tags; `links` are where it leads and what it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said, self.links = "", list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.fixture(scope="module")
def site() -> Site:
    return made(DOCS)


def test_no_link_of_the_documentation_is_broken(site: Site) -> None:
    assert len(site) == len(FILES) + 1
    assert broken(site, DOCS) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "README.md").write_text("# Outside\n")
    (docs / "other.md").write_text("# Other\n\n## There is\n")
    wrong = ["none.md", "other.md#none", "#none", "images/none.webp", "../README.md"]
    right = ["other.md", "other.md#there-is", "#part", "https://a.example/x#y"]
    (docs / "a.md").write_text("# A\n\n## Part\n\n" + "".join(f"[x]({link})\n" for link in wrong + right))
    (docs / "b.md").write_text("No title.\n")
    found = broken(made(docs), docs)
    assert found == [
        "a.md: none.html is not there",
        "a.md: there is no heading #none in other.md",
        "a.md: there is no heading #none in a.md",
        "a.md: images/none.webp is not there",
        "a.md: ../README.html is not there",
        "b.md: it has no title",
    ]


def test_the_site_is_written_anew_without_a_script(site: Site, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/old.html").write_text("of a page that is gone")
    write(site, DOCS, tmp_path / "site")
    pages = {path.relative_to(tmp_path / "site").as_posix(): path for path in (tmp_path / "site").rglob("*.html")}
    assert pages.keys() == site.keys()
    for path in pages.values():
        text = path.read_text()
        assert not re.search(r"<script|style=|\son\w+=", text)
        local = [link.partition("#")[0] for link in Words(text).links if "://" not in link]
        assert [link for link in local if link and not (path.parent / link).is_file()] == []


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_app_shows_the_same_text_and_leads_on_within_itself(file: Path, site: Site) -> None:
    shown = help_page(BASE, file.parent.name, file.stem)
    _, of_site = site[file.with_suffix(".html").as_posix()]
    assert shown.title == of_site.title
    assert Words(shown.html).said == Words(of_site.html).said
    for link in Words(shown.html).links:
        if "://" in link or link.startswith("#"):
            continue
        there = link.partition("#")[0].removeprefix(BASE + "/help").strip("/")
        assert link.startswith(BASE + "/help")
        if there.startswith("images/"):
            assert manual.picture(there.removeprefix("images/")).startswith(b"RIFF")
        elif there:
            assert manual.text(*there.split("/"))


def test_each_page_but_decisions_is_listed() -> None:
    listed = [entry for _, entries in manual.listing() for entry in entries]
    wanted = {str(file.with_suffix("")) for file in FILES if file.parts[0] != "decisions" and file.stem != "index"}
    assert {entry.path for entry in listed} == wanted
    assert all(entry.title == help_page("", *entry.path.split("/")).title for entry in listed)


@pytest.mark.parametrize(
    ("group", "name"), [("howto", "../index"), ("..", "README"), ("images", "chat"), ("howto", "none"), ("", "index")]
)
def test_nothing_else_is_read(group: str, name: str) -> None:
    with pytest.raises(NotFound):
        manual.text(group, name)
    with pytest.raises(NotFound):
        manual.picture(f"../{group}/{name}.md")


def test_pictures_are_small_and_each_is_shown_somewhere() -> None:
    texts = "".join(path.read_text() for path in [DOCS.parent / "README.md", *DOCS.rglob("*.md")])
    for picture in DOCS.joinpath("images").iterdir():
        assert picture.stat().st_size < MOST, picture.name
        assert f"images/{picture.name})" in texts


def test_a_hub_that_starts_does_not_know_how_to_show_it() -> None:
    look = "import sys, opencode_nexus.app; print([name for name in sys.modules if 'render.guide' in name])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
