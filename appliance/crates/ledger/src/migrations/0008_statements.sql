-- What was done to a case before it left: the signed statement. It holds no value of any attribute.
CREATE TABLE statements (
    envelope  TEXT PRIMARY KEY,
    case_id   TEXT NOT NULL REFERENCES cases (id),
    revision  INTEGER NOT NULL,
    statement TEXT NOT NULL,
    signature TEXT NOT NULL,
    made_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX statements_of_case ON statements (case_id, made_at);
