-- SPDX-License-Identifier: MIT
-- Messages from before they are posted until OpenCode is known to have them: it answers up to 100 ms before it has.
CREATE TABLE sent (
    id TEXT PRIMARY KEY,             -- of the message's one part, chosen by us and kept by OpenCode
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    text TEXT NOT NULL,
    model TEXT,                      -- provider/model; NULL: the session's
    agent TEXT,
    at REAL NOT NULL,                -- epoch seconds
    lost INTEGER NOT NULL DEFAULT 0  -- 1: OpenCode did not take it; kept until it is sent again or dropped
);
