-- Originals that go on: one row per instance and destination, written with the instance's own row.
-- No column identifies: `destination` is the rule's name, `status` a DIMSE status, `fault` words of ours.

CREATE TABLE forwards (
    instance     TEXT NOT NULL REFERENCES instances (id),
    destination  TEXT NOT NULL,
    study        TEXT NOT NULL REFERENCES studies (id),
    state        TEXT NOT NULL, -- waiting, delivered, dead, given-up
    attempts     INTEGER NOT NULL DEFAULT 0,
    tried_at     INTEGER NOT NULL DEFAULT 0,
    next_attempt INTEGER NOT NULL DEFAULT 0,
    status       INTEGER,
    fault        TEXT,
    queued_at    INTEGER NOT NULL,
    done_at      INTEGER,
    PRIMARY KEY (instance, destination)
) STRICT, WITHOUT ROWID;
-- Only open rows are indexed: what is delivered costs nothing more.
CREATE INDEX forwards_waiting ON forwards (destination, queued_at, next_attempt, study) WHERE state = 'waiting';
CREATE INDEX forwards_due ON forwards (study, destination, queued_at, next_attempt) WHERE state = 'waiting';
CREATE INDEX forwards_dead ON forwards (destination) WHERE state = 'dead';
