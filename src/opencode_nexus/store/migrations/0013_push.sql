-- SPDX-License-Identifier: MIT
-- Browsers that are told of what enters the inbox. Times are epoch seconds.
-- A row outlives its login, without being told anything, so that signing in again on the same browser finds its choices.

CREATE TABLE push_devices (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    login_id TEXT REFERENCES logins(id) ON DELETE SET NULL,     -- NULL: signed out
    endpoint TEXT NOT NULL UNIQUE,          -- at the push service of the browser's maker
    p256dh TEXT NOT NULL,                   -- the browser's public key
    auth TEXT NOT NULL,                     -- what only it and we know beside its private key
    origin TEXT NOT NULL,                   -- the address of the hub that it was using
    agent TEXT NOT NULL,                    -- User-Agent, cut to 200 characters
    kinds TEXT NOT NULL,                    -- what it wants to be told of, separated by one space
    hide INTEGER NOT NULL,                  -- 1: told that something waits, not what
    quiet_start INTEGER,                    -- minute of the day, NULL: no quiet hours
    quiet_end INTEGER,
    zone TEXT NOT NULL,                     -- IANA name of its time zone
    created REAL NOT NULL,
    told REAL,                              -- the last message that its push service took
    failed REAL,                            -- the last one that it did not take, and why
    trouble TEXT NOT NULL
) STRICT;
CREATE INDEX push_devices_user ON push_devices(user_id);
