# SPDX-License-Identifier: MIT
"""The template environment: autoescape on, a missing value is an error, and the filters that pages share."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from opencode_nexus.render.graph import traffic
from opencode_nexus.render.icons import icon
from opencode_nexus.render.qr import qr
from opencode_nexus.render.unseen import shown


def bytes_text(count: float | None) -> str:
    """Return a byte count in words, such as "1.2 GB" (powers of 1000); None is "not known"."""
    if count is None:
        return "not known"
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or abs(count) >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration_text(seconds: float | None) -> str:
    """Return a length of time in its two largest units, such as "2 h 5 min"; None is "not known"."""
    if seconds is None:
        return "not known"
    left = max(0, int(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def time_tag(at: float | None) -> Markup:
    """Return an epoch time as a <time> element: machine-readable, and in the server's local time for people."""
    if at is None:
        return Markup("not known")
    moment = datetime.fromtimestamp(at, UTC)
    local = moment.astimezone()
    text = local.strftime("%H:%M:%S") if local.date() == datetime.now().astimezone().date() else f"{local:%d %b %H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{local:%Y-%m-%d %H:%M:%S %Z}", text
    )


def environment() -> Environment:
    """Return the environment that loads the package's templates."""
    made = Environment(
        loader=PackageLoader("opencode_nexus.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(bytes=bytes_text, duration=duration_text, timetag=time_tag, seen=shown)
    made.globals.update(icon=icon, qr=qr, traffic=traffic)
    return made
