# SPDX-License-Identifier: MIT
"""What every request passes before a handler sees it; plain ASGI classes, so that streams go untouched.

From the outside in
    headers   strict Content-Security-Policy and the other headers that tell the browser to be careful
    sender    who sent it: the believed client address, whether through a tunnel, and https if a trusted proxy says so
    hosts     421 for a Host that is not that door's
    https     plain http through a tunnel goes on by https
    limits    413 for a body larger than its address takes
    origin    403 for a write from another site's page
    session   who asks; closed by default: without a login a page leads to /login, everything else is 401

`stack.stack()` gives them in this order. `refusal` is how they answer when they let nothing through.
"""
