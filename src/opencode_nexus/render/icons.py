# SPDX-License-Identifier: MIT
"""The icons of every page, as inline SVG: no request, no sprite, and they take the text's colour.

Drawn for this project on a 16 x 16 grid with a 1.5 stroke. `icon("stop")` is decoration beside a
word; `icon("stop", "Stop")` is the only content of a control and carries its name.
"""

from markupsafe import Markup, escape

_PATHS: dict[str, str] = {
    "play": '<path d="M4.5 3v10l8-5z" fill="currentColor" stroke-linejoin="round"/>',
    "stop": '<rect x="3.5" y="3.5" width="9" height="9" rx="1.5" fill="currentColor"/>',
    "restart": '<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2v2.8h-2.8"/>',
    "home": '<path d="M2.5 7.5 8 2.8l5.5 4.7M4 6.5V13h8V6.5"/>',
    "chat": '<path d="M2.5 3.5h11v7.5H8L4.8 13.6V11H2.5z"/>',
    "server": '<rect x="2.5" y="3" width="11" height="4" rx="1"/><rect x="2.5" y="9" width="11" height="4" rx="1"/>'
    '<path d="M5 5h.01M5 11h.01"/>',
    "folder": '<path d="M2 4.2c0-.4.3-.7.7-.7h3l1.6 1.8h6c.4 0 .7.3.7.7v6c0 .4-.3.7-.7.7H2.7c-.4 0-.7-.3-.7-.7z"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "check": '<path d="m3 8.5 3.3 3.3L13 4.8"/>',
    "cross": '<path d="m4 4 8 8m0-8-8 8"/>',
    "warn": '<path d="M8 2.2 14.4 13H1.6zM8 6.5v3M8 11.2v.1"/>',
    "info": '<circle cx="8" cy="8" r="5.8"/><path d="M8 7.4V11M8 5.1v.1"/>',
    "clock": '<circle cx="8" cy="8" r="5.8"/><path d="M8 4.8V8l2.2 1.6"/>',
    "back": '<path d="M9.5 3.5 5 8l4.5 4.5"/>',
    "next": '<path d="M6.5 3.5 11 8l-4.5 4.5"/>',
    "down": '<path d="M3.5 6 8 10.5 12.5 6"/>',
    "send": '<path d="M8 13V3M3.8 7.2 8 3l4.2 4.2"/>',
    "menu": '<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>',
    "more": '<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2"/>',
    "person": '<circle cx="8" cy="5.3" r="2.6"/><path d="M3 13.4c.4-2.6 2.4-4 5-4s4.6 1.4 5 4"/>',
    "gear": '<circle cx="8" cy="8" r="2.2"/><path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5'
    'M11 11l1.4 1.4M3.6 12.4 5 11M11 5l1.4-1.4"/>',
    "leave": '<path d="M9.5 3H3.7c-.4 0-.7.3-.7.7v8.6c0 .4.3.7.7.7h5.8M6.5 8H14m-2.6-2.6L14 8l-2.6 2.6"/>',
    "pulse": '<path d="M1.5 8.5h3l2-5 3 9 2-4h3"/>',
    "key": '<circle cx="5" cy="11" r="2.5"/><path d="m7 9 6-6m-2.4 2.4L13 7.8"/>',
    "copy": '<rect x="5.5" y="5.5" width="8" height="8" rx="1"/><path d="M3.5 10.5h-1v-8h8v1"/>',
    "trash": '<path d="M2.5 4.5h11M6 4.5V2.8h4v1.7M4 4.5l.6 8.7h6.8l.6-8.7"/>',
    "pen": '<path d="m3 13 .6-2.8 7-7 2.2 2.2-7 7z"/>',
    "globe": '<circle cx="8" cy="8" r="5.8"/><path d="M2.2 8h11.6M8 2.2'
    'c2 1.6 2.6 3.6 2.6 5.8S10 12.2 8 13.8C6 12.2 5.4 10.2 5.4 8S6 3.8 8 2.2"/>',
    "phone": '<rect x="4.5" y="1.8" width="7" height="12.4" rx="1.5"/><path d="M7.2 11.8h1.6"/>',
    "share": '<path d="M8 9.5V2M5.2 4.6 8 2l2.8 2.6M4.5 7h-1v6.5h9V7h-1"/>',
    "mail": '<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="m2.5 4.5 5.5 4 5.5-4"/>',
    "clip": '<path d="m12.8 7.6-5 5a3.2 3.2 0 0 1-4.5-4.5l5.3-5.3a2.1 2.1 0 0 1 3 3L6.4 11a1 1 0 0 1-1.5-1.5L9.6 5"/>',
    "file": '<path d="M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.2h3.3"/>',
    "search": '<circle cx="7" cy="7" r="4.2"/><path d="m10.2 10.2 3.6 3.6"/>',
    "inbox": '<path d="M2.5 9.3 4.2 3h7.6l1.7 6.3V13h-11zM2.5 9.3H6c0 1.1.8 1.9 2 1.9s2-.8 2-1.9h3.5"/>',
    "terminal": '<path d="m3 4.5 3.5 3.5L3 11.5M8 11.8h5"/>',
    "theme": '<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor"/>',
    "pin": '<path d="M6 2.5h4l-.6 4.2 2.1 2.3h-7l2.1-2.3zM8 9v4.5"/>',
    "archive": '<rect x="2.2" y="3" width="11.6" height="3" rx=".7"/><path d="M3.2 6v7h9.6V6M6.5 8.8h3"/>',
    "fork": '<circle cx="4.5" cy="3.8" r="1.6"/><circle cx="11.5" cy="3.8" r="1.6"/><circle cx="8" cy="12.4" r="1.6"/>'
    '<path d="M4.5 5.4c0 3 3.5 2.4 3.5 5.4 0-3 3.5-2.4 3.5-5.4"/>',
    "shrink": '<path d="M8 1.8v4M5.8 4 8 6.2 10.2 4M8 14.2v-4M5.8 12 8 9.8l2.2 2.2M2.5 8h11"/>',
    "diff": '<path d="M8 2.5v6M5 5.5h6M5 12.5h6"/>',
    "export": '<path d="M8 10V2.5M5.2 5.2 8 2.5l2.8 2.7M2.8 10v3.5h10.4V10"/>',
    "import": '<path d="M8 2.5V10M5.2 7.3 8 10l2.8-2.7M2.8 10v3.5h10.4V10"/>',
    "undo": '<path d="M5.5 3 2.5 6l3 3M2.8 6h6.4a3.6 3.6 0 0 1 0 7.2H6"/>',
    # The mark: a hub between two brackets, with the ways that lead to it.
    "mark": '<path d="M5 2.5H3.2c-.4 0-.7.3-.7.7v9.6c0 .4.3.7.7.7H5M11 2.5h1.8c.4 0 .7.3.7.7v9.6c0 .4-.3.7-.7.7H11"/>'
    '<path d="M2.5 8h3.2m4.6 0h3.2"/><circle cx="8" cy="8" r="2.3" fill="currentColor"/>',
}


def icon(name: str, label: str = "") -> Markup:
    """One icon as SVG markup. With `label` it is an image of that name, without it is decoration.

    Raises KeyError for a name that is not drawn here, so that a misspelling fails in the first test.
    """
    role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        f'<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" '
        f'stroke-linecap="round" stroke-linejoin="round" {escape(role)}>{_PATHS[name]}</svg>'
    )


def names() -> list[str]:
    """Every name that `icon` knows, in the order drawn."""
    return list(_PATHS)
