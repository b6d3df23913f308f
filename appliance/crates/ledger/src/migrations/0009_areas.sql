-- Areas that a person has blacked out before a case leaves. Who drew them stands in timeline and audit.
CREATE TABLE areas (
    case_id  TEXT NOT NULL REFERENCES cases (id),
    number   INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    everywhere INTEGER NOT NULL,
    x0       INTEGER NOT NULL,
    y0       INTEGER NOT NULL,
    x1       INTEGER NOT NULL,
    y1       INTEGER NOT NULL,
    PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;
