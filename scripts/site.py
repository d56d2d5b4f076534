# SPDX-License-Identifier: MIT
"""Makes the site of the documentation in site/ from docs/*.md; `--check` only says which links lead nowhere.

The pages are made by what the app's own Help is made by, `opencode_nexus.render.guide`; here they are files, with
relative links, so that the folder can be opened or put anywhere.
"""

import re
import shutil
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from opencode_nexus.render.guide import Guide, guide
from opencode_nexus.web.manual import SHELVES

ROOT = Path(__file__).resolve().parent.parent
DOCS, SITE = ROOT / "docs", ROOT / "site"
FAVICON = ROOT / "src/opencode_nexus/web/static/favicon.svg"
_LINK = re.compile(r'(?:href|src)="([^"#]*)(#[^"]*)?"')

Site = dict[str, tuple[str, Guide]]  # by address: the file below docs that it is made from, and its page


def made(docs: Path) -> Site:
    """Return every page of `docs`."""
    site: Site = {}
    for path in sorted(docs.rglob("*.md")):
        file = path.relative_to(docs).as_posix()
        up = "../" * file.count("/")

        def leads(there: str, fragment: str, up: str = up) -> str:
            return up + re.sub(r"\.md$", ".html", there) + fragment  # what is not there, `broken` finds

        site[file[:-3] + ".html"] = file, guide(path.read_text(encoding="utf-8"), file, leads)
    return site


def broken(site: Site, docs: Path) -> list[str]:
    """Return what leads nowhere: a page or a picture that is not there, or a heading that a page does not have."""
    found = []
    ids = {here: {one.id for one in page.headings} for here, (_, page) in site.items()}
    for here, (file, page) in site.items():
        for address, fragment in _LINK.findall(page.html):
            if "://" in address or address.startswith("mailto:"):
                continue
            there = Path(docs, here).parent.joinpath(address).resolve() if address else Path(docs, here).resolve()
            name = there.relative_to(docs.resolve()).as_posix() if there.is_relative_to(docs.resolve()) else ""
            if name in site:
                if fragment and fragment[1:] not in ids[name]:
                    found.append(f"{file}: there is no heading {fragment} in {site[name][0]}")
            elif not name or not there.is_file():
                found.append(f"{file}: {address} is not there")
        if not page.title:
            found.append(f"{file}: it has no title")
    return found


def write(site: Site, docs: Path, target: Path) -> None:
    """Write the site anew, all of it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("site.html")
    shelves = []
    for name, words in {**SHELVES, "decisions": "Decisions"}.items():
        mine = [(here, page.title) for here, (file, page) in site.items() if file.startswith(f"{name}/")]
        shelves.append((words, [entry for entry in mine if not entry[0].endswith("/index.html")]))
    if target.exists():
        shutil.rmtree(target)
    for here, (_, page) in site.items():
        path = target / here
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            template.render(page=page, up="../" * here.count("/"), here=here, shelves=shelves) + "\n", encoding="utf-8"
        )
    if (docs / "images").is_dir():
        shutil.copytree(docs / "images", target / "images")
    shutil.copy(Path(__file__).with_name("site.css"), target / "site.css")
    shutil.copy(FAVICON, target / "favicon.svg")


def main(check: bool, docs: Path = DOCS, target: Path = SITE) -> int:
    site = made(docs)
    if wrong := broken(site, docs):
        print("\n".join(["links that lead nowhere:", *wrong]), file=sys.stderr)
        return 1
    if not check:
        write(site, docs, target)
        print(f"{len(site)} pages: {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
