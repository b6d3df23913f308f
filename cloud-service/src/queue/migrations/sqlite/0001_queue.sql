-- The whole state of the diagnostics queue. Times are milliseconds since 1970 (UTC), given by the caller.

CREATE TABLE sites (
    id             TEXT PRIMARY KEY,  -- random, in the site's certificate
    name           TEXT NOT NULL UNIQUE,
    state          TEXT NOT NULL CHECK (state IN ('invited', 'enrolled', 'revoked')),
    token_hash     BLOB,
    token_until    INTEGER,
    keys           BLOB,            -- the site's public keys as exchanged at enrolment, opaque here
    certificate    BLOB,            -- DER of the certificate we issued
    created_at     INTEGER NOT NULL,
    enrolled_at    INTEGER,
    revoked_at     INTEGER,
    last_contact   INTEGER,
    client_version TEXT NOT NULL DEFAULT '',
    waiting        INTEGER NOT NULL DEFAULT 0,  -- envelopes that wait on the site, as it told us
    oldest_waiting INTEGER                      -- since when the oldest of them waits
) STRICT;

-- One row per case revision. `queued_at` is never reset: waiting is counted from the first receipt.
CREATE TABLE cases (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    site          TEXT NOT NULL REFERENCES sites (id),
    case_id       TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    priority      INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),
    state         TEXT NOT NULL CHECK (state IN
        ('arriving', 'ready', 'leased', 'drafted', 'signed', 'reported', 'confirmed', 'buried',
         'withdrawn')),
    modality      TEXT NOT NULL DEFAULT '',    -- what may be shown before a reader opened it
    envelope      TEXT,             -- the committed envelope
    first_seen_at INTEGER NOT NULL,
    queued_at     INTEGER,
    not_before    INTEGER NOT NULL DEFAULT 0,
    attempts      INTEGER NOT NULL DEFAULT 0,
    summary       TEXT NOT NULL DEFAULT '{}',  -- modality, body part, reason: what the reader saw in case.json
    reason        TEXT NOT NULL DEFAULT '',    -- why it was returned or buried, or why the last attempt failed
    changed_at    INTEGER NOT NULL,
    notice        TEXT NOT NULL DEFAULT 'none' CHECK (notice IN ('none', 'due', 'told')), -- burial told to the site
    UNIQUE (site, case_id, revision)
) STRICT;
CREATE INDEX cases_by_urgency ON cases (state, priority, queued_at);
CREATE INDEX cases_by_notice ON cases (site, notice);

CREATE TABLE envelopes (
    id           TEXT PRIMARY KEY,
    case_key     INTEGER NOT NULL REFERENCES cases (key),
    site         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('arriving', 'committed', 'dropped')),
    header       BLOB NOT NULL,
    seal         BLOB NOT NULL,     -- part digests, total, signature
    digest       BLOB NOT NULL,     -- over the whole envelope; the receipt names it
    parts        INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,  -- sealed bytes, all parts
    begun_at     INTEGER NOT NULL,
    committed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX one_committed_envelope ON envelopes (case_key) WHERE state = 'committed';
CREATE INDEX envelopes_by_case ON envelopes (case_key);

CREATE TABLE parts (
    envelope   TEXT NOT NULL REFERENCES envelopes (id),
    number     INTEGER NOT NULL,
    length     INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    arrived_at INTEGER NOT NULL,
    PRIMARY KEY (envelope, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    case_key   INTEGER PRIMARY KEY REFERENCES cases (key),
    kind       TEXT NOT NULL CHECK (kind IN ('machine', 'person')),
    holder     TEXT NOT NULL,
    token      TEXT NOT NULL,
    back_to    TEXT NOT NULL CHECK (back_to IN ('ready', 'drafted')),
    granted_at INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT;
CREATE INDEX leases_by_end ON leases (until);

CREATE TABLE drafts (
    case_key INTEGER PRIMARY KEY REFERENCES cases (key),
    text     TEXT NOT NULL,
    model    TEXT NOT NULL,         -- JSON: backend, name, version, milliseconds
    made_at  INTEGER NOT NULL
) STRICT;

-- What shall leave, before it is sealed: a person's signed text, or an unsigned machine draft.
CREATE TABLE releases (
    case_key    INTEGER PRIMARY KEY REFERENCES cases (key),
    text        TEXT NOT NULL,
    signed_by   TEXT,               -- NULL: an unsigned machine draft
    released_at INTEGER NOT NULL
) STRICT;

CREATE TABLE openings (
    case_key INTEGER NOT NULL REFERENCES cases (key),
    user     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (case_key, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    id           TEXT PRIMARY KEY,  -- the report's envelope id
    case_key     INTEGER NOT NULL UNIQUE REFERENCES cases (key),
    site         TEXT NOT NULL,
    header       BLOB NOT NULL,
    seal         BLOB NOT NULL,
    digest       BLOB NOT NULL,
    parts        INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    stored_at    INTEGER NOT NULL,
    collected_at INTEGER,
    confirmed_at INTEGER
) STRICT;
CREATE INDEX reports_to_collect ON reports (site, confirmed_at, stored_at);

CREATE TABLE confirmations (
    report       TEXT PRIMARY KEY REFERENCES reports (id),
    digest       BLOB NOT NULL,
    confirmed_at INTEGER NOT NULL
) STRICT;

-- Folders of objects nobody needs any more; deleted after the commit that made them so.
CREATE TABLE doomed (
    folder TEXT PRIMARY KEY,
    since  INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    case_key INTEGER,
    detail   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX audit_by_case ON audit (case_key, number);
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END;
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END;

CREATE TABLE users (
    name        TEXT PRIMARY KEY,
    password    TEXT,               -- PHC string; NULL until the setup code was used
    setup_hash  BLOB,
    setup_until INTEGER,
    setup_kind  TEXT NOT NULL DEFAULT 'password' CHECK (setup_kind IN ('password', 'login')),
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES users (name),
    csrf       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
