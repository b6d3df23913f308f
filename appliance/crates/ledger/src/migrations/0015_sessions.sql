-- A session has a last end too, counted from when the person signed in. Who signed in before that was written down signs
-- in again.
ALTER TABLE sessions ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0; -- ms
