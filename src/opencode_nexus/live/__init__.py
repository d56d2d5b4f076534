# SPDX-License-Identifier: MIT
"""What makes a page live: state becomes small patches, and every open page gets them in order.

Neighbours: `render` makes the trees of a page, `web.live` carries the records over HTTP and WebSocket,
`app` says which source feeds which topic. This package knows neither chat nor network.

Glossary
    topic     what a page looks at: `chat:<server>:<session>`, `dashboard`, `server:<id>`
    source    fills one topic while somebody looks (`hub.Source`)
    op        one patch of a page, such as `["append", key, html]` (table: `ops.OPS`)
    key       the name of an element in the page, its `data-k`
    node      a keyed piece of a page: a leaf (HTML) or a box (element with children), see `view`
    frame     one record on the wire: `[seq, [op, ...]]` and a line feed
    channel   the frames of one topic: ring, pace, viewers
    viewer    one open stream; its cursor is `<boot>.<seq>`
    anew      the whole live region as one `morph`, for a reader whose cursor is no longer in the ring
"""
