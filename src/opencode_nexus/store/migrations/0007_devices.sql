-- SPDX-License-Identifier: MIT
-- Logins through a tunnel, paired devices, and the links that pair them.

ALTER TABLE logins ADD COLUMN remote INTEGER NOT NULL DEFAULT 0;    -- 1: opened through a tunnel
ALTER TABLE logins ADD COLUMN device TEXT NOT NULL DEFAULT '';      -- name of the paired device, '': by password
ALTER TABLE logins ADD COLUMN confirmed REAL NOT NULL DEFAULT 0;    -- when the password was last given here, 0: never

-- A row lives until its link is used or has run out. It goes with the login or token that made it, so that whoever
-- is shut out leaves no way in behind; both are NULL for the machine's own user.
CREATE TABLE pairings (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    login_id TEXT REFERENCES logins(id) ON DELETE CASCADE,
    token_id TEXT REFERENCES tokens(id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created REAL NOT NULL,
    expires REAL NOT NULL
) STRICT;
