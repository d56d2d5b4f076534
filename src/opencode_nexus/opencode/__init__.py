# SPDX-License-Identifier: MIT
"""Speaks OpenCode's own language: its HTTP routes, its event stream, and what its events mean.

Words used here:

- *server*: one OpenCode process; it serves any number of *directories* (project folders).
- *session*: a conversation in one directory; a *child session* is a sub-agent's, with a parent.
- *message*: one turn of the user or the assistant; made of *parts* (text, reasoning, tool, ...).
- *delta*: a few more characters for an open part. OpenCode neither stores nor repeats them.
- *closed part*: its whole text is known; before that it is *open*.
- *event*: what the server tells on its stream; `fold` turns events into a `SessionState`.

Files: `events` (what may come), `decode` (bytes to events), `sse` (a byte stream to event bodies),
`lenient` (JSON with half characters),
`stream` (the events of a whole server), `state` (what is known of a session), `wire` (OpenCode's JSON to
state), `fold` (events to state and changes), `api` (the HTTP routes), `errors`.

Neighbours: `chat` uses all this for whole conversations; `fleet` starts the servers; `store` keeps the
text of open parts.
"""
