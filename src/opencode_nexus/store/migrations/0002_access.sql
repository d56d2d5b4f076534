-- SPDX-License-Identifier: MIT
-- Accounts, browser sign-ins, API tokens, failed sign-ins and the audit log.
-- Times are epoch seconds. Secrets never stand here: a password as its Argon2id string,
-- a sign-in or API token as its SHA-256 only.

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,          -- the name as compared: NFC, case folded
    password TEXT NOT NULL,                 -- PHC string of Argon2id
    created REAL NOT NULL,
    password_changed REAL NOT NULL,
    last_login REAL
) STRICT;

CREATE TABLE logins (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    created REAL NOT NULL,
    expires REAL NOT NULL,
    last_seen REAL NOT NULL,
    stay INTEGER NOT NULL,
    source TEXT NOT NULL,                   -- address at sign-in
    agent TEXT NOT NULL                     -- User-Agent at sign-in, cut to 200 characters
) STRICT;
CREATE INDEX logins_user ON logins(user_id);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,                   -- separated by one space
    created REAL NOT NULL,
    expires REAL,
    last_used REAL
) STRICT;

-- One row per account and source. The account is a SHA-256 of the name, because people type
-- their password into the name field, and because unknown names are counted like known ones.
CREATE TABLE lockouts (
    account BLOB NOT NULL,
    source TEXT NOT NULL,
    failures INTEGER NOT NULL,
    last_failure REAL NOT NULL,
    locked_until REAL NOT NULL,
    succeeded REAL NOT NULL,                -- last good sign-in from this source, 0 for never
    PRIMARY KEY (account, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX lockouts_source ON lockouts(source);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    user TEXT NOT NULL,                     -- '' when the name is not one of ours
    source TEXT NOT NULL,
    detail TEXT NOT NULL                    -- JSON object, never a secret
) STRICT;
CREATE INDEX audit_at ON audit(at);
