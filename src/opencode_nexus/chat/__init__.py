# SPDX-License-Identifier: MIT
"""Conversations with agents: what was said, what runs, and what waits for a person.

Words used here:

- *feed*: the hub's one connection to a running server's events (`feed`), and what is known from them.
- *conversation*: one session's window of newest messages, kept up to date while it is looked at.
- *window*: the newest 30 messages when opened; older pages of 30 are loaded when asked for.
- *transcript*: OpenCode's messages with the journal's words put in where OpenCode has none (`transcript`).
- *waiting*: a permission or a question that a session, or its sub-agent, waits for (`inbox.waiting`).
- *row*: one thing in the inbox: what waits, or a turn that failed, was stopped by a budget or finished; kept until it
  is answered, seen or gone (`inbox.desk`). A *rule* is what was answered "always"; *accepting* is a session that is
  allowed all for a time.
- *draft*: what is being written, kept for all devices of a person (`composing.drafts`); the *queue* holds what waits
  until the agent is done (`composing.queue`).
- *mark*: what the hub knows of a session beside OpenCode: pinned, where it was forked from, in the *trash* (`actions`).
- *outbox*: what was sent and is not yet known to be with OpenCode; what it did not take is *untaken*
  (`composing.outbox`).
- *root*: the session that a person started; its sub-agents' sessions are its descendants (`heads`).
- *answer*: one message of an agent, with the tokens and the cost that OpenCode tells of it (`usage.usage`).
- *fill*: how much of the model's context a session takes up, by its newest answer (`usage.usage`).
- *budget*: the most that a chat, or a day, may take (`usage.budgets`); *guards* are asked before anything is sent
  (`guards`).
- *interrupted*: OpenCode died during it; what was heard is kept.
- *own server*: an OpenAI-compatible address that a person added to OpenCode's providers (`own_servers`).
- *keyless*: of a model that OpenCode's maker offers without a key; words to it go to that maker (`models`).
- *search index*: the words of all complete parts, in a file of its own; a *reader* brings in what was missed while
  nobody listened (`search.index`, `search.reader`).
- *reconcile*: after each connect, ask OpenCode what is so, and mend what was missed (`reconcile`).

Neighbours: `opencode` speaks the protocol, `store.journal` keeps the words of open parts, `fleet` knows the
servers (met through the Protocols in `servers`), `live` and `render` show conversations.
"""
