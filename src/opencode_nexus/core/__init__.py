# SPDX-License-Identifier: MIT
"""The ground floor: what every other package may stand on, and no input or output.

Glossary
    clock     where "now" comes from, so that a test can move it
    id        a short name that sorts by the time it was made
    record    one thing that happened, with its place in the order of things (`seq`)
    cursor    `<boot>.<seq>`: how far a reader has come; another boot means: begin anew
    problem   an error with a code, one plain sentence and the next step (RFC 9457)
    setting   one row of the table in `settings.SETTINGS`
"""
