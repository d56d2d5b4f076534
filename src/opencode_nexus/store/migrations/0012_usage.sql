-- SPDX-License-Identifier: MIT
-- What each answer of an agent took, one row a message; kept when the session is deleted.
CREATE TABLE usage (
    message_id TEXT PRIMARY KEY,     -- OpenCode's ids are unique over all servers
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    root_id TEXT NOT NULL,           -- the chat that the session works for, itself when it is one
    project TEXT NOT NULL,           -- the folder
    day TEXT NOT NULL,               -- YYYY-MM-DD in the hub's own time zone, of the answer's beginning
    created INTEGER NOT NULL,        -- epoch milliseconds
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cost REAL NOT NULL,              -- US dollars
    done INTEGER NOT NULL,           -- 1: its figures are final
    summary INTEGER NOT NULL,        -- 1: it sums up what was said before, which then leaves the context
    early INTEGER NOT NULL,          -- 1: it is older than its session, so it may be a fork's copy
    copied INTEGER NOT NULL,         -- 1: it is one, and its original is counted
    gone INTEGER NOT NULL            -- 1: the message was removed from its session
) WITHOUT ROWID;
CREATE INDEX usage_session ON usage (session_id, created);
CREATE INDEX usage_root ON usage (root_id);
CREATE INDEX usage_day ON usage (day);
CREATE INDEX usage_created ON usage (created);

-- Sums of the above without copies, kept with each change of it.
CREATE TABLE usage_totals (
    kind TEXT NOT NULL,              -- root, session, day
    key TEXT NOT NULL,
    answers INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,       -- answers with tokens and without a cost: their model has no price
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cost REAL NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- The sessions that have a row in usage, or were looked through for some.
CREATE TABLE usage_sessions (
    session_id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,
    parent_id TEXT,
    title TEXT NOT NULL DEFAULT '',
    counted INTEGER NOT NULL DEFAULT 0, -- epoch ms: its messages are all counted as of this change of it
    cursor TEXT NOT NULL DEFAULT '',    -- where the first look through its messages goes on
    gone INTEGER NOT NULL DEFAULT 0     -- 1: it was deleted
) WITHOUT ROWID;

CREATE TABLE usage_models (
    server_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    context INTEGER,                 -- tokens that fit into it; NULL: not known
    PRIMARY KEY (server_id, provider, model)
) WITHOUT ROWID;

-- Budgets of single chats; both NULL: this chat has none. The others are in kv under "budgets".
CREATE TABLE budgets (
    session_id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,
    usd REAL,
    tokens INTEGER
) WITHOUT ROWID;

-- What was said about a budget already.
CREATE TABLE budget_marks (
    scope TEXT PRIMARY KEY,          -- day:YYYY-MM-DD, or chat:SESSION
    limits TEXT NOT NULL,            -- the budget that it was said about
    what TEXT NOT NULL               -- warned, reached
) WITHOUT ROWID;
