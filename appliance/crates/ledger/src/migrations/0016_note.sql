-- Who wrote the technician's note of a case, and when, ms. A note of before says neither.
ALTER TABLE cases ADD COLUMN note_by TEXT;
ALTER TABLE cases ADD COLUMN note_at INTEGER;
