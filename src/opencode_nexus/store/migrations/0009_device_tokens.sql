-- SPDX-License-Identifier: MIT
-- A device that was connected by a program's API token goes with that token; NULL: by a person.
ALTER TABLE logins ADD COLUMN token_id TEXT REFERENCES tokens(id) ON DELETE CASCADE;
