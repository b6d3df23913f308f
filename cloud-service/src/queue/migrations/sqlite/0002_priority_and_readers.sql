-- Cases whose priority a person lowered: what the site sent stays known, for what nobody signs may lower nothing.
CREATE TABLE lowerings (
    case_key   INTEGER PRIMARY KEY REFERENCES cases (key),
    sent       INTEGER NOT NULL CHECK (sent BETWEEN 0 AND 2),  -- as the site sent it
    lowered_by TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

-- Whether the readers of a process can draft, as that process last said; the row goes with the process.
CREATE TABLE readers (
    process    TEXT PRIMARY KEY,
    away_since INTEGER,                  -- NULL: a case could be drafted
    why        TEXT NOT NULL DEFAULT ''  -- words of ours
) STRICT;

-- What may be given up because it was never finished: looked for with every sweep.
CREATE INDEX envelopes_arriving ON envelopes (begun_at) WHERE state = 'arriving';
