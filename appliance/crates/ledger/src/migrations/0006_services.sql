-- Performed procedure steps, storage commitment both ways. Nothing here was ever plain: what identifies is sealed
-- (columns.rs) or kept only as its keyed index.

-- Modality Performed Procedure Steps as the scanners report them (PS3.4 annex F).
CREATE TABLE performed_steps (
    step_index TEXT PRIMARY KEY,
    state      TEXT NOT NULL, -- in-progress, completed, discontinued
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX performed_steps_by_age ON performed_steps (created_at);

CREATE TABLE step_studies (
    step_index TEXT NOT NULL REFERENCES performed_steps (step_index) ON DELETE CASCADE,
    uid_index  TEXT NOT NULL, -- of studies
    PRIMARY KEY (step_index, uid_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX step_studies_by_study ON step_studies (uid_index);

CREATE TABLE step_instances (
    step_index         TEXT NOT NULL REFERENCES performed_steps (step_index) ON DELETE CASCADE,
    sop_instance_index TEXT NOT NULL, -- of instances
    PRIMARY KEY (step_index, sop_instance_index)
) STRICT, WITHOUT ROWID;

-- What scanners asked us to commit to (PS3.4 annex J, we are the provider).
CREATE TABLE commitments (
    id              TEXT PRIMARY KEY,
    request_index   TEXT NOT NULL, -- of transaction UID and calling AE title
    transaction_uid TEXT NOT NULL,
    calling_ae      TEXT NOT NULL,
    asked_at        INTEGER NOT NULL,
    decided_at      INTEGER,
    told_at         INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt    INTEGER NOT NULL DEFAULT 0,
    fault           TEXT
) STRICT;
CREATE INDEX commitments_by_request ON commitments (request_index);
CREATE INDEX commitments_open ON commitments (told_at, next_attempt);

CREATE TABLE commitment_items (
    commitment         TEXT NOT NULL REFERENCES commitments (id) ON DELETE CASCADE,
    position           INTEGER NOT NULL,
    sop_class          TEXT NOT NULL,
    sop_instance_uid   TEXT NOT NULL,
    sop_instance_index TEXT NOT NULL,
    instance           TEXT, -- entry that holds it, once it was looked up
    verdict            INTEGER, -- 0: committed; else the failure reason of PS3.3 C.14; none: not decided
    PRIMARY KEY (commitment, position)
) STRICT;
CREATE INDEX commitment_items_by_uid ON commitment_items (sop_instance_index);

-- What we asked a destination to commit to (we are the user). Transaction UIDs are ours.
CREATE TABLE upstream_commitments (
    id              TEXT PRIMARY KEY,
    destination     TEXT NOT NULL,
    transaction_uid TEXT NOT NULL UNIQUE,
    made_at         INTEGER NOT NULL,
    asked_at        INTEGER,
    answered_at     INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt    INTEGER NOT NULL DEFAULT 0,
    fault           TEXT
) STRICT;
CREATE INDEX upstream_commitments_open ON upstream_commitments (answered_at, next_attempt);

CREATE TABLE upstream_items (
    upstream TEXT NOT NULL REFERENCES upstream_commitments (id) ON DELETE CASCADE,
    instance TEXT NOT NULL,
    outcome  INTEGER, -- 0: committed there; else the failure reason it gave
    PRIMARY KEY (upstream, instance)
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_items_by_instance ON upstream_items (instance);

-- Whether the rule asks the destination to commit, and since when it has.
ALTER TABLE forwards ADD COLUMN commit_due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE forwards ADD COLUMN committed_at INTEGER;
CREATE INDEX forwards_uncommitted ON forwards (destination, done_at) WHERE commit_due = 1 AND committed_at IS NULL;
